//! From a payment link to the receipt of its order. Sellers keep links, send and log them, so whoever has one is not the buyer
//! yet. The browser that started the payment is: it gets a cookie. Elsewhere a buyer says which e-mail the order has.
//! docs/decisions/0027 has the reasons.

use super::Visit;
use crate::{
    http::Response,
    shop::{order::receipt, time::DAY},
};

/// Holds the token of the order's own page, and is sent to the payment link alone.
const COOKIE: &str = "receipt";
/// Seconds for which a browser keeps it: a payment may take its time.
const MAX_AGE: i64 = 60 * DAY / 1_000;

/// With what lets this browser see the receipt.
pub fn admit(visit: &Visit<'_>, response: Response) -> Response {
    let Some(opened) = visit.link else { return response };
    let keys = &visit.app.platform.settings.token_keys;
    let token = receipt::token(keys, &visit.order_id);
    let secure = if visit.request.is_secure() { "; Secure" } else { "" };
    // Lax: a gateway's page leads back to the link, and the browser must send it then.
    let cookie =
        format!("{COOKIE}={token}; Path=/pay/{}; Max-Age={MAX_AGE}; HttpOnly; SameSite=Lax{secure}", opened.payment_id);
    response.with("set-cookie", cookie)
}

/// Whether this browser started the payment, or was told that its user is the buyer.
pub fn is_admitted(visit: &Visit<'_>) -> bool {
    let keys = &visit.app.platform.settings.token_keys;
    visit.request.cookie(COOKIE).is_some_and(|token| receipt::verify(keys, &visit.order_id, token))
}

pub fn to_receipt(visit: &Visit<'_>) -> Response {
    Response::see_other(&receipt::path(&visit.app.platform.settings.token_keys, &visit.order_id))
}
