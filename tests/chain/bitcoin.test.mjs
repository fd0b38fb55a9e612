// Bitcoin on a regtest node.
import { regtest } from './utxo.mjs';
import { bitcoin } from './coins.mjs';

await regtest(bitcoin);
