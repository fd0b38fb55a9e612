//! What PayPal's webhooks tell: an event only says that something happened. What happened is PayPal's own answer about the order.

use super::{
    NotAdmitted, Set, Setting, known_id, not_believed,
    rest::{App, at, captured, captures, named, object, payments, sum, taken},
    text,
};
use crate::{
    json::Value,
    shop::{
        gateway::{EntryKind, GatewayContext, GatewayNotification, LedgerEntry, PaymentTarget, SyncError, settings},
        time,
    },
};

/// What an event is, and what it is about.
fn read(body: &str) -> Option<(String, Value)> {
    let event = crate::json::parse(body).ok()?;
    Some((text(&event, "event_type")?.to_owned(), event.get("resource")?.clone()))
}

/// The headers by which PayPal signs, and the names under which it wants them back.
const SIGNED: [(&str, &str); 5] = [
    ("paypal-auth-algo", "auth_algo"),
    ("paypal-cert-url", "cert_url"),
    ("paypal-transmission-id", "transmission_id"),
    ("paypal-transmission-sig", "transmission_sig"),
    ("paypal-transmission-time", "transmission_time"),
];

/// The order that an event says it is about, or else the capture, which knows the order.
pub fn admit(
    desk: GatewayContext<'_>,
    sets: &[Set],
    notice: &GatewayNotification,
) -> Result<(Option<String>, Option<String>), NotAdmitted> {
    let (kind, resource) = read(&notice.body).ok_or(NotAdmitted::Unknown)?;
    if !["PAYMENT.CAPTURE.", "CHECKOUT.ORDER.APPROVED", "CUSTOMER.DISPUTE."].iter().any(|of| kind.starts_with(of)) {
        return Err(NotAdmitted::Irrelevant);
    }
    let signed = SIGNED.iter().all(|(header, _)| notice.header(header).is_some());
    if !signed || settings::value(sets, Setting::PayPalWebhookId).is_none() || App::of(desk, sets).is_none() {
        return Err(NotAdmitted::Unsigned);
    }
    // Anybody can write the headers: an event is kept only if it is about an order or a capture that we know.
    match (named(&resource), captured(&resource)) {
        (None, None) => Err(NotAdmitted::Irrelevant),
        (None, Some(capture)) => Ok((None, Some(capture.to_owned()))),
        (order_id, _) => Ok((order_id, None)),
    }
}

/// The order that an event is about, once PayPal has said that it signed the event.
pub async fn resolve(
    desk: GatewayContext<'_>,
    sets: &[Set],
    notice: &GatewayNotification,
) -> Result<Option<String>, SyncError> {
    let Some((_, resource)) = read(&notice.body) else { return Ok(None) };
    let webhook_id = settings::value(sets, Setting::PayPalWebhookId);
    let (Some(app), Some(webhook_id)) = (App::of(desk, sets), webhook_id) else { return Ok(None) };
    let mut fields = SIGNED.map(|(header, name)| (name, notice.header(header).unwrap_or_default())).to_vec();
    fields.push(("webhook_id", webhook_id));
    // As it came: what is signed are its bytes.
    let question = object(&fields, &[("webhook_event", &notice.body)]);
    let order_id = named(&resource);
    let named = order_id.as_deref().unwrap_or("unnamed");
    match app.call("/v1/notifications/verify-webhook-signature", "", Some(question)).await {
        Ok(said) => match text(&said, "verification_status") {
            Some("SUCCESS") => {}
            Some("FAILURE") => {
                not_believed(desk, named, "PayPal says that it didn't sign it");
                return Ok(None);
            }
            _ => return Err(SyncError::Unreachable("PayPal neither confirms nor denies it".into())),
        },
        // PayPal can't even read the signature.
        Err(no) if matches!(no.status, 400 | 422) => {
            not_believed(desk, named, &no.why);
            return Ok(None);
        }
        Err(no) => return Err(no.into()),
    }
    match (order_id, captured(&resource)) {
        (None, Some(capture)) => app.order_of(capture).await,
        (order_id, _) => Ok(order_id),
    }
}

/// What has moved on the order's page. What happened is PayPal's answer about it; the event only says that something did.
pub async fn process(
    desk: GatewayContext<'_>,
    sets: &[Set],
    notice: &GatewayNotification,
    order: PaymentTarget<'_>,
) -> Result<Vec<LedgerEntry>, SyncError> {
    let nothing = |why| {
        not_believed(desk, order.order_id, why);
        Ok(Vec::new())
    };
    let (Some((kind, resource)), Some(app)) = (read(&notice.body), App::of(desk, sets)) else { return Ok(Vec::new()) };
    let Some(session) = order.session.filter(|session| !session.id.is_empty()) else {
        return nothing("the order is paid by a button, of which IPNs tell");
    };
    let opened = opened(&kind, &resource).unwrap_or(&session.id);
    if !session.knows(opened) {
        return nothing("it names another order at PayPal");
    }
    let is_dispute = kind.starts_with("CUSTOMER.DISPUTE.");
    let is_taken = matches!(kind.as_str(), "PAYMENT.CAPTURE.REFUNDED" | "PAYMENT.CAPTURE.REVERSED");
    let known = app.known(order).await?;
    // What is approved on an earlier page is not captured: the buyer pays on the newest.
    let tried = Some(known.as_slice()).filter(|_| opened == session.id);
    let (seen, declined) = match app.see(order, opened, tried).await {
        // PayPal keeps orders for a time; what was captured for this one was seen before.
        Err(no) if no.status == 404 => (app.remembered(order).await?, None),
        seen => seen?,
    };
    let is_its = |resource: &Value| {
        captured(resource).is_some_and(|id| {
            // One of an earlier page's was seen before.
            let was_seen = |it: &LedgerEntry| matches!(it.kind, EntryKind::Paid | EntryKind::Pending) && it.of == id;
            known.iter().any(was_seen) || captures(&seen).iter().any(|capture| text(capture, "id") == Some(id))
        })
    };
    if (is_dispute || is_taken) && !is_its(&resource) {
        return nothing("its capture is none of the order's");
    }
    let refunded = Some(&resource).filter(|_| kind == "PAYMENT.CAPTURE.REFUNDED");
    let mut movements = payments(&seen, order, refunded);
    movements.extend(declined);
    if kind == "PAYMENT.CAPTURE.REVERSED" {
        movements.extend(taken(&resource, order, EntryKind::Reversed));
    }
    if is_dispute {
        let now = app.dispute(&resource).await?;
        movements.extend(dispute(now.as_ref().filter(|now| is_its(now)).unwrap_or(&resource), order));
    }
    Ok(movements)
}

/// The order at PayPal that an event names, if it names one.
fn opened<'a>(kind: &str, resource: &'a Value) -> Option<&'a str> {
    if kind.starts_with("CHECKOUT.ORDER.") {
        return text(resource, "id");
    }
    text(resource.get("supplementary_data")?.get("related_ids")?, "order_id")
}

/// Outcomes of a dispute after which the seller has all of the money.
const WON: [&str; 4] = ["RESOLVED_SELLER_FAVOUR", "RESOLVED_WITH_PAYOUT", "CANCELED_BY_BUYER", "DENIED"];

/// Where a dispute stands (developer.paypal.com/docs/api/customer-disputes/v1).
fn dispute(dispute: &Value, order: PaymentTarget<'_>) -> Option<LedgerEntry> {
    let currency = order.price.currency();
    let id = known_id(text(dispute, "dispute_id"))?.to_owned();
    let of = captured(dispute)?.to_owned();
    let outcome = dispute.get("dispute_outcome");
    let code = outcome.and_then(|outcome| text(outcome, "outcome_code"));
    let (kind, value) = match code {
        Some(code) if WON.contains(&code) => (EntryKind::DisputeWon, 0),
        // Another dispute about the same payment goes on instead.
        Some("NONE") => (EntryKind::DisputeClosed, 0),
        Some(_) => {
            let refunded = outcome.and_then(|outcome| outcome.get("amount_refunded"));
            let sums = [refunded, dispute.get("dispute_amount")].into_iter().flatten();
            (
                EntryKind::DisputeSettled,
                sums.filter_map(|amount| sum(amount, currency)).next().unwrap_or(order.price.minor()),
            )
        }
        None if text(dispute, "dispute_life_cycle_stage") == Some("INQUIRY") => (EntryKind::Inquiry, 0),
        None => (EntryKind::DisputeOpened, 0),
    };
    let at = text(dispute, "update_time").and_then(time::parse).unwrap_or_else(|| at(dispute, order));
    Some(LedgerEntry { id, kind, of, value, at })
}
