//! The button: PayPal's page for whoever has an e-mail address there and nothing else (Payments Standard, `_xclick`). A buyer
//! can change its form, so the amount that has come is compared and never taken for right. What happens is told by IPN, which is
//! believed when PayPal says that its bytes are its own.

use form_urlencoded::Serializer;

use super::{GATEWAY, Rejected, Set, Setting, base, is_sandbox, known_id, minor, not_believed, order_id, ways_back};
use crate::shop::{
    gateway::{
        EntryKind, GatewayContext, GatewayNotification, LedgerEntry, PaymentRequest, PaymentTarget, Session,
        SessionState, SyncError, ask, settings,
    },
    money::Currency,
    text::email,
    time,
};

/// PayPal's longest for an address to come back to, and for one to tell of a payment.
const MAX_RETURN_URL: usize = 1_024;
const FORM: &str = "application/x-www-form-urlencoded";

/// The page is opened by its address alone: PayPal hears of it when the buyer comes.
pub fn session(context: GatewayContext<'_>, email: &str, draft: PaymentRequest<'_>, amount: &str) -> Session {
    let [paid, cancelled] = ways_back(draft, MAX_RETURN_URL);
    let mut form = Serializer::new(String::new());
    for (name, value) in [
        ("cmd", "_xclick"),
        ("business", email),
        ("item_name", &super::title(draft)),
        ("amount", amount),
        ("currency_code", draft.price.currency().code()),
        ("quantity", "1"),
        ("custom", draft.order_id),
        // An account can be set to refuse the second payment of an invoice.
        ("invoice", draft.order_id),
        ("notify_url", &format!("{}/gateways/{}/{}", draft.origin, GATEWAY.slug(), context.account.id)),
        ("return", &paid),
        ("cancel_return", &cancelled),
        // By GET: our page takes no POST of theirs.
        ("rm", "1"),
        ("no_shipping", "1"),
        ("no_note", "1"),
        ("charset", "utf-8"),
    ] {
        form.append_pair(name, value);
    }
    let base = base(context, &context.app.platform.settings.paypal_url, "www");
    Session {
        id: String::new(),
        url: format!("{base}/cgi-bin/webscr?{}", form.finish()),
        expires_at: None,
        state: SessionState::Open,
        past: Vec::new(),
    }
}

/// A field of an IPN. Whatever of it is read is ASCII; the rest, in whatever encoding, goes back as it came.
fn field(body: &str, name: &str) -> Option<String> {
    let mut fields = form_urlencoded::parse(body.as_bytes());
    fields.find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}

/// The order that an IPN says it is about. A seller's other sales are told to whoever the seller
/// likes, and not kept here.
pub fn verify(body: &str) -> Result<String, Rejected> {
    if !["payment_status", "case_id"].iter().any(|name| field(body, name).is_some()) {
        return Err(Rejected::Unknown);
    }
    about(body).ok_or(Rejected::Irrelevant)
}

/// The order that an IPN names.
pub fn about(body: &str) -> Option<String> {
    ["custom", "invoice"].iter().find_map(|name| order_id(field(body, name).as_deref()))
}

/// What has moved, if PayPal says that it sent the IPN.
pub async fn process(
    context: GatewayContext<'_>,
    sets: &[Set],
    notification: &GatewayNotification,
    order: PaymentTarget<'_>,
) -> Result<Vec<LedgerEntry>, SyncError> {
    let body = notification.body.as_str();
    let nothing = |why| {
        not_believed(context, order.order_id, why);
        Ok(Vec::new())
    };
    // Whose money it is stands in the order's own button: by now the seller may have another address, or none.
    let button = order.session.and_then(|session| session.url.split_once('?'));
    let button_email = button.and_then(|(_, form)| field(form, "business"));
    let receiver = button_email.as_deref().or(settings::value(sets, Setting::PayPalEmail)).unwrap_or_default();
    let is_seller = |name: &&str| field(body, name).is_some_and(|to| email::same(&to, receiver));
    // Anybody can pay themselves through a form of their own that names our order.
    if receiver.is_empty() || !["receiver_email", "business"].iter().any(is_seller) {
        return nothing("it tells of money for somebody else");
    }
    if (field(body, "test_ipn").as_deref() == Some("1")) != is_sandbox(context) {
        return nothing("real money and PayPal's sandbox don't mix");
    }
    let movement = movement(body, order.price.currency(), order.created_at);
    let url = format!("{}/cgi-bin/webscr", base(context, &context.app.platform.settings.paypal_ipn_url, "ipnpb"));
    let echo = format!("cmd=_notify-validate&{body}");
    let said = ask::bytes(context.app, ask::call(url, Some((FORM, echo.into_bytes())))).await?;
    match said.trim_ascii() {
        b"VERIFIED" => Ok(movement.into_iter().collect()),
        b"INVALID" => nothing("PayPal says that it didn't send it"),
        _ => Err(SyncError::Unreachable("PayPal neither confirms nor denies it".into())),
    }
}

/// What an IPN tells of an order in this currency; `None`: nothing that changes it. `or_at` is its time where it has none.
pub fn movement(body: &str, currency: Currency, or_at: i64) -> Option<LedgerEntry> {
    let field = |name: &str| field(body, name);
    let at = |name: &str| field(name).and_then(|text| date(&text)).unwrap_or(or_at);
    let own = |name: &str| field(name).and_then(|text| known_id(Some(&text)).map(str::to_owned));
    let case = match field("txn_type").as_deref() {
        // Buyer and seller talk to one another; a complaint, a chargeback and a bank's return hold the money.
        Some("new_case") if field("case_type").as_deref() == Some("dispute") => Some(EntryKind::Inquiry),
        Some("new_case") => Some(EntryKind::DisputeOpened),
        // "A case has been resolved and closed". Where the money went is told by other IPNs.
        Some("adjustment") => Some(EntryKind::DisputeClosed),
        _ => None,
    };
    if let Some(kind) = case {
        let id = own("case_id")?;
        return Some(LedgerEntry { of: id.clone(), id, kind, value: 0, at: at("case_creation_date"), card: None });
    }
    let id = own("txn_id")?;
    // Of a refund, a reversal, or its end: the payment.
    let payment = own("parent_txn_id").unwrap_or_else(|| id.clone());
    let gross = field("mc_gross");
    let sum = |sign: &str| minor(gross.as_deref()?.trim_ascii().strip_prefix(sign)?, currency);
    let ours = field("mc_currency").is_some_and(|code| code == currency.code());
    let (kind, of, value) = match field("payment_status")?.as_str() {
        "Completed" if ours => (EntryKind::Paid, id.clone(), sum("")?),
        "Completed" => (EntryKind::WrongCurrency, id.clone(), 0),
        "Pending" | "Processed" | "Created" if ours => (EntryKind::Pending, id.clone(), 0),
        "Denied" | "Failed" | "Expired" | "Voided" => (EntryKind::Failed, id.clone(), 0),
        "Refunded" if ours => (EntryKind::Refunded, payment, sum("-")?),
        "Reversed" if ours => (EntryKind::Reversed, payment, sum("-").or_else(|| sum(""))?),
        "Canceled_Reversal" if ours => (EntryKind::ReversalCanceled, payment, sum("")?),
        _ => return None,
    };
    Some(LedgerEntry { id, kind, of, value, at: at("payment_date"), card: None })
}

/// `20:12:59 Jan 13, 2009 PST`: PayPal lives in California.
fn date(text: &str) -> Option<i64> {
    let parts: Vec<&str> = text.split(' ').collect();
    let [clock, month, day, year, zone] = parts.as_slice() else { return None };
    time::mail_date(&format!("{} {month} {year} {clock} {zone}", day.trim_end_matches(',')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn californias_clock_is_read() {
        assert_eq!(date("16:10:00 Nov 14, 2023 PST"), Some(1_700_007_000_000));
        assert_eq!(date("05:10:00 Jul 01, 2024 PDT"), Some(1_719_835_800_000));
        for odd in ["", "soon", "16:10:00 Nov 14 2023", "26:10:00 Nov 14, 2023 PST", "16:10:00 Nov 14, 2023 PST x"] {
            assert_eq!(date(odd), None, "{odd}");
        }
    }
}
