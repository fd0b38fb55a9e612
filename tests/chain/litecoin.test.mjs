// Litecoin on a regtest node.
import { regtest } from './cases.mjs';
import { litecoin } from './coins.mjs';

await regtest(litecoin);
