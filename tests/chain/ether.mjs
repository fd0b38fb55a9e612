// Ether, beside coins.mjs: a chain that is seen through nodes.
import { chainId, startAnvil, startProxy } from './anvil.mjs';

/** m/44'/60'/0' of "abandon … about", and its first addresses as wallets show them. */
export const xpub = 'xpub6DCoCpSuQZB2jawqnGMEPS63ePKWkwWPH4TU45Q7LPXWuNd8TMtVxRrgjtEshuqpK3mdhaWHPFsBngh5GFZaM6si3yZdUsT8ddYM3PwnATt';
export const firstAddresses = ['0x9858EfFD232B4033E47d90003D41EC34EcaEda94', '0x6Fac4D18c912343BF86fa7049364Dd4E424Ab9C0', '0xb6716976A3ebe8D39aCEB04372f22Ff8e6802D7A'];

export const ether = {
  gateway: 'Ethereum',
  wallet: { xpub, confirmations: 2 },
  symbol: 'ETH',
  usd: '2000',
  /** Of ten dollars, in units of 10⁻⁸. */
  value: 500_000,
  confirmations: 2,
  seenInBlocks: true,
  start: startAnvil,
  serve: startProxy,
  settings: (urls) => ({ ETHEREUM_CHAIN_ID: String(chainId), ETHEREUM_RPC_URLS: urls }),
};
