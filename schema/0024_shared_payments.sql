-- On an address that all orders share, a payment is told by its amount, and amounts repeat after 9,999 orders. Whichever order
-- has a transaction first keeps it: one payment never pays two. Such a transaction is named by its hash as Ethereum writes it;
-- what is seen on an order's own address has other names.
CREATE UNIQUE INDEX transactions_shared ON transactions (account_id, txid) WHERE txid GLOB '0x*';
