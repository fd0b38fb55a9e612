// Which networks rent out machines, and which carry nothing but a VPN or Tor. No package with a licence tells it, so it is
// read off the names of networks, by rules of our own: a word that only hosters have in their name, or the name of a known
// one. A network that sells lines to homes must not be among them, or each of its buyers would look like a server.
// A network that is missed looks like any other, so a rule in doubt is left out.

export const HOSTING = 1;
export const VPN = 2;
export const TOR = 4;

const start = (names) => new RegExp(`^(?:${names.join('|')})`, 'i');

const hosterWords = /hosting|\bhosts?\b|\bhoster\b|hostpa|datacent(?:er|re)|data cent(?:er|re)|cloud|\bvps\b|\bvds\b|\bservers?\b|servers\b|colocation|\bcolo\b|bare ?metal/i;

// What stands in names of networks that people and offices sit behind. It wins over a word above, and over no name below.
const accessWords =
  /tele(?:c|k)om|telefon|tel[eé]phon|telemar|broadband|fib(?:er|ra|re)|wireless|wi-?fi|cable|mobile|m[oó]vil|celular|provedor|provider|\bisp\b|internet service|universit|college|school|academy|hospital|\bbank|insurance|govern|ministry|municip|county|\bstate of\b|\bcity of\b|chinanet|unicom|satellite|cloudflare|shadowserver/i;

// At the start of a name, as the registries write it.
const hosters = start([
  'amazon', 'microsoft (?:corporation|limited)', 'google llc', 'google cloud', 'oracle corporation', 'digitalocean', 'hetzner', 'ovh\\b', 'the constant company', 'leaseweb', 'm247',
  'contabo', 'scaleway', 'ionos', 'strato (?:ag|gmbh)', 'hangzhou alibaba', 'alibaba', 'shenzhen tencent', 'tencent', 'huawei international', 'hostinger', 'namecheap', 'godaddy', 'datacamp',
  'psychz', 'quadranet', 'hostpapa', 'hostroyale', 'frantech', 'zenlayer', 'g-core', 'clouvider', 'worldstream', 'rackspace', 'softlayer', 'ibm cloud', 'packet host', 'selectel',
  'jsc "?selectel', 'jsc "?timeweb', 'timeweb', 'aeza', 'stark industries', 'sharktech', 'nocix', 'wholesale internet', 'hivelocity', 'netcup', 'myloc', 'infomaniak', 'gandi', 'transip',
  'serverius', 'nforce', 'i3d', 'fdcservers', 'reliablesite', 'performive', 'dedipath', 'kamatera', 'uab cherry', 'xtom', 'misaka', 'latitude\\.sh', 'interserver', 'singlehop', 'ucloud',
  'yandex\\.cloud', 'baxet', 'pq hosting', 'proton66', 'colocrossing', 'cogeco peer', 'nexeon', 'ponynet', 'limestone networks', 'choopa', 'dreamhost', 'new dream network', 'unified layer',
  'liquid web', 'inmotion', 'ikoula', 'keyweb', 'first colo', '23m', 'combahton', 'skylink data', 'hostkey', 'mevspace', 'novogara', 'global layer',
  'hydra communications', 'dedicated\\.com', 'tzulo', 'egihosting', 'hurricane electric', 'cdn77', 'gthost', 'globaltelehost', 'eonix', 'vultr', 'linode', 'fly\\.io',
  'plusserver', 'xserver', 'hostdime', 'alexhost', 'hosthatch', 'mojohost', 'ghostnet', 'maxihost', 'hostopia', 'firstcolo', 'newfold digital', 'datawagon', 'hostway', 'zcolo', 'uniserver',
  'serveryou', 'datapipe', 'vpsquan', 'easyhost',
]);

// Names that don't say it, by number.
const hostersByNumber = { 63949: 'Akamai', 8075: 'Microsoft' };

const vpns = start(['packethub', '31173 services', 'mullvad', 'windscribe', 'ivpn', 'bullet proof vpn', 'castle vpn', 'vpnwholesaler', 'iplockvpn', 'free unlimited vpn', 'domain privacy']);

// Proton's own services are in the others of its networks.
const vpnsByNumber = { 209103: 'Proton', 208172: 'Proton', 199218: 'Proton' };

const tors = start(['stiftung erneuerbare freiheit', 'emerald onion', 'the calyx institute', 'quintex alliance', 'foundation for applied privacy', 'f3 netze']);

/** The marks of a network. Whoever runs a VPN or Tor there rents out machines, as far as a seller is concerned. */
export function marksOf(number, name) {
  const isVpn = vpns.test(name) || number in vpnsByNumber;
  const isTor = tors.test(name);
  const isHoster = hosters.test(name) || number in hostersByNumber || (hosterWords.test(name) && !accessWords.test(name));
  return (isHoster || isVpn || isTor ? HOSTING : 0) | (isVpn ? VPN : 0) | (isTor ? TOR : 0);
}

/** The numbers above that have another name by now: somebody must look who they are. */
export function renamed(nameOf) {
  const all = Object.entries({ ...hostersByNumber, ...vpnsByNumber });
  return all.filter(([number, name]) => !nameOf(Number(number))?.includes(name)).map(([number, name]) => `AS${number} was ${name}`);
}
