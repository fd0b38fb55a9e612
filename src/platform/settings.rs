//! The operator's settings: Worker vars and secrets. README, "Configuration", lists them for people.

use base64::{Engine, engine::general_purpose::STANDARD};
use url::{Host, Position, Url};

use super::email::EmailSettings;

/// A setting that is absent or unusable. The text names it and says what it should be; it is shown to whoever sends
/// the first request, since a deployment without it must not run on a silent default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError(pub String);

#[derive(Debug, Clone)]
pub struct Settings {
    /// Bearer token of `POST /admin/accounts`.
    pub admin_token: String,
    /// Sign payment links.
    pub token_keys: Keys,
    /// Encrypt what sellers entrust: wallets, webhook secrets.
    pub vault_keys: Keys,
    /// Origin of the links that are handed out; absent, the origin of the request that asked.
    pub public_url: Option<String>,
    /// In page titles and in webhook header names (`X-<brand>-Signature`).
    pub brand: String,
    /// Development: webhooks and return URLs may be plain http and on loopback.
    pub allow_insecure_urls: bool,
    pub bitcoin: ChainSettings,
    pub litecoin: ChainSettings,
    /// Where names of webhook receivers are resolved, to see that they are public (RFC 8484's JSON cousin). `None`: nowhere.
    pub dns_url: Option<String>,
    /// Ports that webhooks may go to.
    pub webhook_ports: Vec<u16>,
    /// Webhook logs are kept for so many days.
    pub log_retention_days: u32,
    pub ethereum: EthereumSettings,
    pub rates_coinbase_url: String,
    pub rates_coingecko_url: String,
    pub stripe_api_url: String,
    /// PayPal's pages, its listener that confirms notifications, and its API, without a trailing slash; absent, PayPal's own: its
    /// sandbox's where no real money moves.
    pub paypal_url: Option<String>,
    pub paypal_ipn_url: Option<String>,
    pub paypal_api_url: Option<String>,
    pub rates_ecb_url: String,
    /// Seconds between two syncs of an order while a buyer is expected to pay.
    pub watch_seconds: u32,
    /// Orders of one account that wait for coins at a price that holds. Strangers make them, and each takes an address of the
    /// seller's wallet, which looks for money on some twenty unused ones at a time.
    pub max_open_orders: u32,
    /// Requests a minute. The platform's bindings decide; `scripts/` gives them the same numbers.
    pub rate_limit_account: u32,
    pub rate_limit_anonymous: u32,
    /// `None`: no mail is sent.
    pub email: Option<EmailSettings>,
}

/// A coin's chain: which it is, and the servers that see it, without a trailing slash.
#[derive(Debug, Clone)]
pub struct ChainSettings {
    pub network: Network,
    pub urls: Vec<ServerUrl>,
    /// Where people look at a transaction: its id goes behind `/tx/`. `None`: nowhere.
    pub explorer: Option<String>,
}

/// The chain that ether is taken on, by its id (EIP-155; 1 is Ethereum itself), and JSON-RPC servers that see it.
#[derive(Debug, Clone)]
pub struct EthereumSettings {
    pub chain_id: u64,
    pub urls: Vec<ServerUrl>,
    /// As that of other chains.
    pub explorer: Option<String>,
}

/// Where a server is reached. Providers put the key of an account into the path, the query or the user: only the host is
/// ever shown.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ServerUrl(Url);

impl ServerUrl {
    /// `None` for what isn't a URL of http or https.
    pub fn parse(text: &str) -> Option<ServerUrl> {
        Url::parse(text).ok().filter(|url| matches!(url.scheme(), "https" | "http")).map(ServerUrl)
    }

    /// The whole of it, without a trailing slash, to be asked and never to be shown.
    pub fn as_str(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }

    /// The URL of a path below this one. A query stays at the end.
    pub fn at(&self, path: &str) -> String {
        let mut url = self.0.clone();
        url.set_path(&format!("{}{path}", self.0.path().trim_end_matches('/')));
        url.into()
    }

    /// The host and its port, for the log.
    pub fn host(&self) -> &str {
        &self.0[Position::BeforeHost..Position::AfterPort]
    }

    /// Whether it is plain HTTP on this machine.
    pub fn is_loopback(&self) -> bool {
        self.0.scheme() == "http"
            && match self.0.host() {
                Some(Host::Domain(name)) => name == "localhost",
                Some(Host::Ipv4(ip)) => ip.is_loopback(),
                Some(Host::Ipv6(ip)) => ip.is_loopback(),
                None => false,
            }
    }

    /// All of it that may be a key: what a server says is searched for it before it is logged.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        let around = &self.0[Position::BeforeUsername..Position::BeforeHost];
        let behind = &self.0[Position::AfterPort..];
        [around, behind].into_iter().flat_map(|part| part.split(['/', '?', '#', '&', '=', '@', ':']))
    }
}

/// The host alone.
impl std::fmt::Debug for ServerUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.host())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    Mainnet,
    Testnet,
    Regtest,
}

impl Settings {
    /// Reads them all through `get`, which answers `None` for what isn't set.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Result<Settings, ConfigError> {
        let get = |name: &str| get(name).map(|s| s.trim().to_owned()).filter(|s| !s.is_empty());
        let need = |name: &str, what: &str| get(name).ok_or_else(|| ConfigError(format!("{name} is not set: {what}")));
        let url = |name: &str, default: &str| {
            let url = get(name).unwrap_or_else(|| default.to_owned());
            base_url(name, &url)
        };
        let maybe_url = |name: &str| get(name).map(|url| base_url(name, &url)).transpose();
        // Absent, the public one; `off`, none.
        let explorer = |coin: &str, public: Option<&str>| {
            let name = format!("{coin}_EXPLORER_URL");
            match get(&name).as_deref() {
                Some("off") => Ok(None),
                Some(given) => base_url(&name, given).map(Some),
                None => Ok(public.map(str::to_owned)),
            }
        };
        let chain = |coin: &str, public: [&str; 2], site: &str| {
            let name = format!("{coin}_NETWORK");
            let network = match get(&name).as_deref().unwrap_or("mainnet") {
                "mainnet" => Network::Mainnet,
                "testnet" => Network::Testnet,
                "regtest" => Network::Regtest,
                _ => return Err(ConfigError(format!("{name} must be mainnet, testnet or regtest"))),
            };
            let [main, test] = public;
            let public = match network {
                Network::Mainnet => main,
                Network::Testnet => test,
                // Nobody runs a public regtest. Shops without a real wallet don't miss it, so it may stay empty.
                Network::Regtest => "",
            };
            let name = format!("{coin}_ESPLORA_URLS");
            let urls = urls(&name, get(&name).as_deref().unwrap_or(public))?;
            let site = match network {
                Network::Mainnet => Some(site.to_owned()),
                Network::Testnet => Some(format!("{site}/testnet")),
                Network::Regtest => None,
            };
            Ok(ChainSettings { network, urls, explorer: explorer(coin, site.as_deref())? })
        };
        let bitcoin = chain(
            "BITCOIN",
            [
                "https://blockstream.info/api,https://mempool.space/api",
                "https://blockstream.info/testnet/api,https://mempool.space/testnet/api",
            ],
            "https://mempool.space",
        )?;
        let chain_id = match get("ETHEREUM_CHAIN_ID") {
            None => 1,
            Some(text) => (text.parse().ok())
                .filter(|id| *id >= 1)
                .ok_or_else(|| ConfigError("ETHEREUM_CHAIN_ID must be a number, 1 for Ethereum itself".into()))?,
        };
        let (public, site) = match chain_id {
            1 => ("https://ethereum-rpc.publicnode.com,https://eth.llamarpc.com", Some("https://etherscan.io")),
            11_155_111 => ("https://ethereum-sepolia-rpc.publicnode.com", Some("https://sepolia.etherscan.io")),
            _ => ("", None),
        };
        let rpc = get("ETHEREUM_RPC_URLS");
        let ethereum = EthereumSettings {
            chain_id,
            urls: urls("ETHEREUM_RPC_URLS", rpc.as_deref().unwrap_or(public))?,
            explorer: explorer("ETHEREUM", site)?,
        };
        let count = |name: &str, default: u32| match get(name) {
            None => Ok(default),
            Some(text) => text
                .parse()
                .ok()
                .filter(|n| *n >= 1)
                .ok_or_else(|| ConfigError(format!("{name} must be a whole number, 1 or more"))),
        };
        let mut webhook_ports = Vec::new();
        for port in get("WEBHOOK_PORTS").as_deref().unwrap_or("443,8443").split(',') {
            match port.trim().parse() {
                Ok(port) if port > 0 => webhook_ports.push(port),
                _ => {
                    return Err(ConfigError(
                        "WEBHOOK_PORTS must be a list of ports with commas between, as 443,8443".into(),
                    ));
                }
            }
        }
        let brand = get("BRAND").unwrap_or_else(|| "PushGuard".into());
        if brand.len() > 32 || !brand.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
            return Err(ConfigError(
                "BRAND must be up to 32 letters, digits and hyphens: it stands in header names".into(),
            ));
        }
        let allow_insecure_urls = matches!(get("ALLOW_INSECURE_URLS").as_deref(), Some("1" | "true"));
        let admin_token = need("ADMIN_TOKEN", "a long random secret that makes accounts")?;
        if admin_token.len() < 24 && !allow_insecure_urls {
            return Err(ConfigError("ADMIN_TOKEN is too short: it needs 24 characters or more".into()));
        }
        Ok(Settings {
            admin_token,
            token_keys: Keys::parse("TOKEN_KEYS", &need("TOKEN_KEYS", KEYS)?)?,
            vault_keys: Keys::parse("VAULT_KEY", &need("VAULT_KEY", KEYS)?)?,
            public_url: maybe_url("PUBLIC_URL")?,
            brand,
            allow_insecure_urls,
            bitcoin,
            dns_url: match get("DNS_OVER_HTTPS_URL").as_deref() {
                Some("off") => None,
                _ => Some(url("DNS_OVER_HTTPS_URL", "https://cloudflare-dns.com/dns-query")?),
            },
            webhook_ports,
            log_retention_days: count("LOG_RETENTION_DAYS", 90)?,
            litecoin: chain(
                "LITECOIN",
                ["https://litecoinspace.org/api", "https://litecoinspace.org/testnet/api"],
                "https://litecoinspace.org",
            )?,
            ethereum,
            rates_coinbase_url: url("RATES_COINBASE_URL", "https://api.coinbase.com")?,
            rates_coingecko_url: url("RATES_COINGECKO_URL", "https://api.coingecko.com")?,
            stripe_api_url: url("STRIPE_API_URL", "https://api.stripe.com")?,
            paypal_url: maybe_url("PAYPAL_URL")?,
            paypal_ipn_url: maybe_url("PAYPAL_IPN_URL")?,
            paypal_api_url: maybe_url("PAYPAL_API_URL")?,
            rates_ecb_url: url("RATES_ECB_URL", "https://www.ecb.europa.eu")?,
            watch_seconds: match get("WATCH_SECONDS") {
                None => 15,
                Some(text) => text
                    .parse()
                    .ok()
                    .filter(|n| (1..=300).contains(n))
                    .ok_or_else(|| ConfigError("WATCH_SECONDS must be a number from 1 to 300".into()))?,
            },
            max_open_orders: count("MAX_OPEN_ORDERS", 2_000)?,
            rate_limit_account: count("RATE_LIMIT_ACCOUNT", 300)?,
            rate_limit_anonymous: count("RATE_LIMIT_ANONYMOUS", 60)?,
            email: EmailSettings::read(get).map_err(ConfigError)?,
        })
    }
}

const KEYS: &str = "give it as id:base64, 32 random bytes or more (openssl rand -base64 32)";

/// A comma list of them.
fn urls(name: &str, list: &str) -> Result<Vec<ServerUrl>, ConfigError> {
    let urls = list.split(',').map(str::trim).filter(|url| !url.is_empty());
    urls.map(|url| server_url(name, url)).collect()
}

fn server_url(name: &str, url: &str) -> Result<ServerUrl, ConfigError> {
    let wrong = || ConfigError(format!("{name} must be a URL that starts with https:// or http://"));
    ServerUrl::parse(url).ok_or_else(wrong)
}

/// A URL that paths are written behind.
fn base_url(name: &str, url: &str) -> Result<String, ConfigError> {
    Ok(server_url(name, url)?.as_str().to_owned())
}

/// Named keys, `id:base64,…`. The first is used for what is new; the others are still understood, so that a key can be
/// replaced without a minute in which links or secrets don't work.
#[derive(Clone)]
pub struct Keys(Vec<(String, Vec<u8>)>);

/// Never prints the keys.
impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(id, _)| id)).finish()
    }
}

impl Keys {
    pub fn parse(name: &str, text: &str) -> Result<Keys, ConfigError> {
        let mut keys: Vec<(String, Vec<u8>)> = Vec::new();
        for part in text.split(',') {
            let key = part.trim().split_once(':').and_then(|(id, key)| {
                let plain = id.bytes().all(|b| b.is_ascii_alphanumeric());
                let key = STANDARD.decode(key).ok()?;
                (plain && (1..=16).contains(&id.len()) && key.len() >= 32).then(|| (id.to_owned(), key))
            });
            match key {
                Some((id, _)) if keys.iter().any(|(known, _)| *known == id) => {
                    return Err(ConfigError(format!("{name} names the key {id} twice")));
                }
                Some(key) => keys.push(key),
                None => return Err(ConfigError(format!("{name} is not usable: {KEYS}"))),
            }
        }
        Ok(Keys(keys))
    }

    /// The key for what is made now, and its id.
    pub fn first(&self) -> (&str, &[u8]) {
        // `parse` never yields an empty list: splitting a text gives at least one part.
        self.0.first().map_or(("", &[]), |(id, key)| (id, key))
    }

    pub fn named(&self, id: &str) -> Option<&[u8]> {
        self.0.iter().find(|(known, _)| known == id).map(|(_, key)| key.as_slice())
    }
}

#[cfg(test)]
mod tests {
    use super::ServerUrl;

    #[test]
    fn a_server_is_shown_by_its_host() {
        for (url, host) in [
            ("https://eth.example/v2/SECRET-KEY", "eth.example"),
            ("https://eth.example?apikey=SECRET-KEY", "eth.example"),
            ("https://user:SECRET-KEY@eth.example:8545/", "eth.example:8545"),
            ("https://user@SECRET-KEY@eth.example#x", "eth.example"),
            ("http://127.0.0.1:18545", "127.0.0.1:18545"),
        ] {
            let server = ServerUrl::parse(url).unwrap();
            assert_eq!((server.host(), format!("{server:?}")), (host, host.to_owned()));
        }
    }

    #[test]
    fn a_path_goes_before_the_query() {
        for (url, at) in [
            ("https://one.example/api", "https://one.example/api/tx"),
            ("https://one.example/api?key=a", "https://one.example/api/tx?key=a"),
            ("https://one.example/?key=a&b=c", "https://one.example/tx?key=a&b=c"),
        ] {
            assert_eq!(ServerUrl::parse(url).unwrap().at("/tx"), at);
        }
    }
}
