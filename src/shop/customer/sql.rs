//! Statements and rows of `customers`.

use super::Customer;
use crate::{
    platform::{Fault, Row, Statement},
    shop::list,
};

const COLUMNS: &str = "seq, typed, orders, paid_orders, paid_value, first_order_id, first_order_at, last_order_id, \
    last_order_at, updated_at";

pub fn one(account_id: i64, id: i64) -> Statement {
    Statement::new(
        format!("SELECT {COLUMNS} FROM customers WHERE account_id = ?1 AND seq = ?2"),
        vec![account_id.into(), id.into()],
    )
}

/// How many there are, and the page: a range of `seq`.
pub fn page(account_id: i64, page: u32, per_page: u32) -> [Statement; 2] {
    list::grown_page(account_id, "customers", COLUMNS, page, per_page)
}

pub fn customer(row: &Row) -> Result<Customer, Fault> {
    row.read(|row| {
        Ok(Customer {
            id: row.int(),
            email: row.text(),
            orders: row.int(),
            paid_orders: row.int(),
            paid_value: row.int(),
            first_order_id: row.text(),
            first_order_at: row.int(),
            last_order_id: row.text(),
            last_order_at: row.int(),
            updated_at: row.int(),
        })
    })
}

/// A customer as an event keeps it: the fields of `Customer`.
const JSON: &str = "SELECT json_object('id', seq, 'email', typed, 'orders', orders, 'paid_orders', paid_orders, 'paid_value', paid_value, \
    'first_order_id', first_order_id, 'first_order_at', first_order_at, 'last_order_id', last_order_id, \
    'last_order_at', last_order_at, 'updated_at', updated_at) AS payload FROM customers WHERE account_id = ?1";

/// Whoever has this e-mail.
pub fn of_mailbox(at: usize) -> String {
    format!("{JSON} AND email = ?{at}")
}

/// The same, if this order is their first.
pub fn of_first_order(at: usize) -> String {
    format!("{JSON} AND email = ?{at} AND first_order_id = ?{}", at + 1)
}

/// The same, if it is another one.
pub fn of_later_order(at: usize) -> String {
    format!("{JSON} AND email = ?{at} AND first_order_id <> ?{}", at + 1)
}
