// Litecoin on a regtest node.
import { regtest } from './utxo.mjs';
import { litecoin } from './coins.mjs';

await regtest(litecoin);
