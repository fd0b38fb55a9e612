//! Carts: orders with a page, as whoever wants them to be paid sees them. A cart is *abandoned* when the time for its payment is
//! over and nothing has come; the order's own chain of syncs finds that (`sync`). Paid after all, it is *recovered*.

use super::{App, Order, Outcome, Refusal, Status, receipt};
use crate::{
    platform::{CommitError, Fault, Keys, Row, Statement},
    shop::{
        account::Account,
        list::{self, Page},
        money::{Amount, Currency},
        time::{DAY, HOUR},
        webhook::{self, Endpoint, Event, Subject},
    },
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cart {
    /// The order's.
    pub id: String,
    /// Its page, where it can still be paid: whoever has the address can, and sees what was bought afterwards.
    pub url: String,
    pub product_id: String,
    pub product_title: String,
    pub quantity: u32,
    pub price: Amount,
    pub email: Option<String>,
    /// The seller's.
    pub notes: Option<String>,
    pub created_at: i64,
    pub abandoned_at: Option<i64>,
    pub recovered_at: Option<i64>,
    pub updated_at: i64,
}

impl Subject for Cart {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Cart {
    /// The cart of an order that is open.
    pub fn of(app: &App, order: &Order) -> Cart {
        Cart {
            id: order.id.clone(),
            url: url(&app.platform.settings.token_keys, &order.origin, &order.id),
            product_id: order.product_id.clone(),
            product_title: order.product_title.clone(),
            quantity: order.quantity,
            price: order.price,
            email: order.buyer.email.clone(),
            notes: None,
            created_at: order.created_at,
            abandoned_at: order.abandoned_at,
            recovered_at: None,
            updated_at: order.abandoned_at.unwrap_or(order.created_at),
        }
    }
}

/// Whether an order is a cart: somebody may have its page open, and something is to be paid.
pub fn is_cart(order: &Order) -> bool {
    order.has_page() && order.price.minor() > 0
}

/// Characters of a note.
pub const MAX_NOTES: usize = 2_000;

/// Those that were abandoned, the latest first. `page` counts from 1.
pub async fn list(app: &App, account: &Account, page: u32, per_page: u32) -> Outcome<Page<Cart>> {
    let answers = account.db(app)?.batch(list::grown_page(account.id, TABLE, COLUMNS, page, per_page)).await?;
    Ok(list::read(answers, |row| cart(&app.platform.settings.token_keys, row))?)
}

pub async fn get(app: &App, account: &Account, id: &str) -> Outcome<Cart> {
    let look = Statement::new(
        format!("SELECT {COLUMNS} FROM abandoned_carts WHERE account_id = ?1 AND id = ?2"),
        vec![account.id.into(), id.into()],
    );
    let row = account.db(app)?.row(look).await?.ok_or(Refusal::NotFound)?;
    Ok(cart(&app.platform.settings.token_keys, &row)?)
}

pub async fn set_notes(app: &App, account: &Account, id: &str, notes: Option<&str>) -> Outcome<Cart> {
    let change = Statement::new(
        format!(
            "UPDATE abandoned_carts SET notes = ?3, updated_at = MAX(updated_at + 1, ?4)
             WHERE account_id = ?1 AND id = ?2 RETURNING {COLUMNS}"
        ),
        vec![account.id.into(), id.into(), notes.into(), app.now().into()],
    );
    let [rows] = account.db(app)?.commit_batch([change]).await?;
    Ok(cart(&app.platform.settings.token_keys, rows.first().ok_or(Refusal::NotFound)?)?)
}

/// So long a gateway's page without an end of its own counts as open, in milliseconds: as long as it is asked about.
const OPEN_PAGE: i64 = DAY;
/// So long after a price in coins has run out its buyer may still be about to pay, in milliseconds.
const SECOND_THOUGHTS: i64 = HOUR;

/// Whether its time is over and nothing has come.
fn is_over(order: &Order, now: i64) -> bool {
    let ends = match &order.session {
        Some(session) => session.expires_at.unwrap_or(order.created_at + OPEN_PAGE),
        None => order.invoice.expires_at + SECOND_THOUGHTS,
    };
    let nothing = order.status == Status::Unpaid && order.invoice.received == 0 && order.paid_value == 0;
    is_cart(order) && nothing && order.abandoned_at.is_none() && now >= ends
}

/// Notes that the order is an abandoned cart, once its time is over. A sync has just seen that nothing came. Answers the order as
/// it is then.
pub async fn abandon(app: &App, account: &Account, order: Order, endpoints: &[Endpoint]) -> Outcome<Order> {
    if !is_over(&order, app.now()) {
        return Ok(order);
    }
    let abandoned = Order { abandoned_at: Some(app.now()), ..order.clone() };
    let cart = Cart::of(app, &abandoned);
    let owed = webhook::outbox_entries(app, account.id, &[Event::CartAbandoned], &cart, endpoints)?;
    let mut statements = Vec::from(insert(&order, &cart));
    statements.extend(owed.statements);
    match account.db(app)?.commit(statements).await {
        Ok(_) => {
            app.enqueue(webhook::messages(account, &owed.logs)).await;
            Ok(abandoned)
        }
        // It has moved meanwhile; the next sync sees how.
        Err(no) if no.is_stale() => Ok(order),
        Err(no) => Err(CommitError::into_fault(no).into()),
    }
}

const TABLE: &str = "abandoned_carts";
const COLUMNS: &str = "id, origin, product_id, product_title, quantity, value, currency, email, notes, created_at, \
    abandoned_at, recovered_at, updated_at";

fn url(keys: &Keys, origin: &str, id: &str) -> String {
    format!("{origin}{}", receipt::path(keys, id))
}

fn cart(keys: &Keys, row: &Row) -> Result<Cart, Fault> {
    row.read(|row| {
        let (id, origin) = (row.text(), row.text());
        let url = url(keys, &origin, &id);
        let (product_id, product_title, quantity) = (row.text(), row.text(), row.count());
        let (minor, currency) = (row.int(), row.text());
        let price = Currency::parse(&currency).and_then(|currency| Amount::new(minor, currency));
        Ok(Cart {
            id,
            url,
            product_id,
            product_title,
            quantity,
            price: price.ok_or_else(|| Fault("a cart's price is none".into()))?,
            email: row.maybe_text(),
            notes: row.maybe_text(),
            created_at: row.int(),
            abandoned_at: row.maybe_int(),
            recovered_at: row.maybe_int(),
            updated_at: row.int(),
        })
    })
}

/// Held to the order's being as it was read.
fn insert(order: &Order, cart: &Cart) -> [Statement; 3] {
    let (account_id, at) = (order.account_id, cart.updated_at);
    [
        Statement::guard(
            "EXISTS (SELECT 1 FROM orders WHERE account_id = ?1 AND id = ?2 AND revision = ?3 AND abandoned_at IS NULL)",
            vec![account_id.into(), (&order.id).into(), order.revision.into()],
        ),
        Statement::new(
            "UPDATE orders SET abandoned_at = ?3 WHERE account_id = ?1 AND id = ?2",
            vec![account_id.into(), (&order.id).into(), at.into()],
        ),
        Statement::new(
            "INSERT INTO abandoned_carts (account_id, seq, id, origin, product_id, product_title, quantity, value, currency,
                                          email, created_at, abandoned_at, updated_at)
             SELECT ?1, COALESCE(MAX(seq), 0) + 1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?11
             FROM abandoned_carts WHERE account_id = ?1",
            vec![
                account_id.into(),
                (&cart.id).into(),
                (&order.origin).into(),
                (&cart.product_id).into(),
                (&cart.product_title).into(),
                cart.quantity.into(),
                cart.price.minor().into(),
                cart.price.currency().code().into(),
                cart.email.clone().into(),
                cart.created_at.into(),
                at.into(),
            ],
        ),
    ]
}
