// The packages that the data of networks and of e-mail domains is made from. Their versions are pinned in package.json; a
// new version needs its date here, and a look at its licence (docs/data.md). `npm run data -- --check` says what is newer.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { Halt, root } from '../shell.mjs';

/**
 * `date`: of the data where the version says it, else the day on which the version was published. `notices`: files of the
 * package that its licence wants kept with what is made from it.
 */
export const sources = [
  {
    package: '@ip-location-db/asn',
    version: '2.3.2026061719',
    date: '2026-06-17',
    licence: 'CC-BY-4.0',
    gives: 'the network (AS number and name) of an address',
    credit: 'Networks of addresses: RouteViews (routeviews.org), NRO (nro.net) and IP Geolocation by DB-IP (https://db-ip.com), merged by ip-location-db and changed.',
    notices: ['ROUTEVIEWS-LICENSE', 'NRO_LICENSE', 'DBIP-LICENSE', 'MODIFICATIONS'],
  },
  {
    package: '@ip-location-db/asn-country',
    version: '2.3.2026061719',
    date: '2026-06-17',
    licence: 'CC-BY-4.0',
    gives: 'the country of an address',
    credit: 'Countries of addresses: the delegation statistics of the NRO (nro.net), merged by ip-location-db and changed.',
    notices: ['NRO_LICENSE'],
  },
  {
    package: 'disposable-email-domains-js',
    version: '1.26.0',
    date: '2026-09-21',
    licence: 'CC0-1.0',
    gives: 'disposable e-mail domains',
    credit: 'Disposable domains: the list of disposable-email-domains.',
    notices: [],
  },
  {
    package: 'disposable-domains',
    version: '2.0.1',
    date: '2026-08-24',
    licence: 'MIT',
    gives: 'disposable e-mail domains',
    credit: 'Disposable domains: disposable-domains.',
    notices: ['LICENSE'],
  },
];

const folder = (name) => path.join(root, 'node_modules', ...name.split('/'));

/** A file of a package, as a text. */
export const fileOf = (name, file) => readFile(path.join(folder(name), file), 'utf8');

/** Fails where what is installed is not what is written above. */
export async function refuseOthers() {
  for (const source of sources) {
    const { version } = JSON.parse(await fileOf(source.package, 'package.json'));
    if (version !== source.version) {
      throw new Halt(`${source.package} is installed as ${version}, and scripts/data/sources.mjs tells of ${source.version}: look at its licence, and write down its date.`);
    }
  }
}

/** What the licences want kept with the data. */
export async function notices() {
  const parts = ['The files of this folder are made from these packages.'];
  for (const { package: name, version, date, licence, credit, notices: files } of sources) {
    parts.push(`${name} ${version} (${date}), ${licence}\n${credit}`);
    for (const file of files) parts.push((await fileOf(name, file)).trim());
  }
  return `${parts.join('\n\n')}\n`;
}
