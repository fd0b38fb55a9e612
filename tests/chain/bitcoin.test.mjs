// Bitcoin on a regtest node.
import { regtest } from './cases.mjs';
import { bitcoin } from './coins.mjs';

await regtest(bitcoin);
