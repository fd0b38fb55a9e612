//! What PayPal's webhooks tell: an event only says that something happened. What happened is PayPal's own answer about the order.

use super::{
    Rejected, Set, Setting,
    document::{Event, Resource, Signature, Verification},
    known_id, not_believed,
    rest::{PaypalApp, at, payments, sum, taken},
};
use crate::{
    json,
    shop::{
        gateway::{EntryKind, GatewayContext, GatewayNotification, LedgerEntry, PaymentTarget, SyncError, settings},
        time,
    },
};

/// What an event is, and what it is about.
fn read(body: &str) -> Option<(String, Resource)> {
    let Event { event_type, resource } = json::from_others(body)?;
    Some((event_type, resource))
}

/// The headers by which PayPal signs, and the webhook's id.
fn signature<'a>(notification: &'a GatewayNotification, webhook_id: &'a str) -> Option<Signature<'a>> {
    Some(Signature {
        auth_algo: notification.header("paypal-auth-algo")?,
        cert_url: notification.header("paypal-cert-url")?,
        transmission_id: notification.header("paypal-transmission-id")?,
        transmission_sig: notification.header("paypal-transmission-sig")?,
        transmission_time: notification.header("paypal-transmission-time")?,
        webhook_id,
    })
}

/// The question whether PayPal signed an event. The event goes as it came, because what is signed are its bytes.
fn question(signature: &Signature<'_>, event: &str) -> String {
    let fields = json::to_text(signature);
    format!("{},\"webhook_event\":{event}}}", fields.strip_suffix('}').unwrap_or_default())
}

/// The order that an event says it is about, or else the capture, which knows the order.
pub fn verify(
    context: GatewayContext<'_>,
    sets: &[Set],
    notification: &GatewayNotification,
) -> Result<(Option<String>, Option<String>), Rejected> {
    let (kind, resource) = read(&notification.body).ok_or(Rejected::Unknown)?;
    if !["PAYMENT.CAPTURE.", "CHECKOUT.ORDER.APPROVED", "CUSTOMER.DISPUTE."].iter().any(|of| kind.starts_with(of)) {
        return Err(Rejected::Irrelevant);
    }
    let webhook_id = settings::value(sets, Setting::PayPalWebhookId);
    let signature = webhook_id.and_then(|webhook_id| signature(notification, webhook_id));
    if signature.is_none() || PaypalApp::of(context, sets).is_none() {
        return Err(Rejected::Unsigned);
    }
    // Anybody can write the headers: an event is kept only if it is about an order or a capture that we know.
    match (resource.named(), resource.captured()) {
        (None, None) => Err(Rejected::Irrelevant),
        (None, Some(capture)) => Ok((None, Some(capture.to_owned()))),
        (order_id, _) => Ok((order_id, None)),
    }
}

/// The order that an event is about, once PayPal has said that it signed the event.
pub async fn resolve(
    context: GatewayContext<'_>,
    sets: &[Set],
    notification: &GatewayNotification,
) -> Result<Option<String>, SyncError> {
    let Some((_, resource)) = read(&notification.body) else { return Ok(None) };
    let webhook_id = settings::value(sets, Setting::PayPalWebhookId);
    let signature = webhook_id.and_then(|webhook_id| signature(notification, webhook_id));
    let (Some(app), Some(signature)) = (PaypalApp::of(context, sets), signature) else { return Ok(None) };
    let question = question(&signature, &notification.body);
    let order_id = resource.named();
    let named = order_id.as_deref().unwrap_or("unnamed");
    match app.call::<Verification>("/v1/notifications/verify-webhook-signature", "", Some(question)).await {
        Ok(said) => match said.verification_status.as_deref() {
            Some("SUCCESS") => {}
            Some("FAILURE") => {
                not_believed(context, named, "PayPal says that it didn't sign it");
                return Ok(None);
            }
            _ => return Err(SyncError::Unreachable("PayPal neither confirms nor denies it".into())),
        },
        // PayPal can't even read the signature.
        Err(no) if matches!(no.status(), Some(400 | 422)) => {
            not_believed(context, named, &no.why());
            return Ok(None);
        }
        Err(no) => return Err(no.into()),
    }
    match (order_id, resource.captured()) {
        (None, Some(capture)) => app.order_of(capture).await,
        (order_id, _) => Ok(order_id),
    }
}

/// What has moved on the order's page. What happened is PayPal's answer about it; the event only says that something did.
pub async fn process(
    context: GatewayContext<'_>,
    sets: &[Set],
    notification: &GatewayNotification,
    order: PaymentTarget<'_>,
) -> Result<Vec<LedgerEntry>, SyncError> {
    let nothing = |why| {
        not_believed(context, order.order_id, why);
        Ok(Vec::new())
    };
    let (Some((kind, resource)), Some(app)) = (read(&notification.body), PaypalApp::of(context, sets)) else {
        return Ok(Vec::new());
    };
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
        Err(no) if no.status() == Some(404) => (app.remembered(order).await?, None),
        seen => seen?,
    };
    let is_its = |resource: &Resource| {
        resource.captured().is_some_and(|id| {
            // One of an earlier page's was seen before.
            let was_seen = |it: &LedgerEntry| matches!(it.kind, EntryKind::Paid | EntryKind::Pending) && it.of == id;
            known.iter().any(was_seen) || seen.captures().iter().any(|capture| capture.id.as_deref() == Some(id))
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
fn opened<'a>(kind: &str, resource: &'a Resource) -> Option<&'a str> {
    if kind.starts_with("CHECKOUT.ORDER.") {
        return resource.id.as_deref();
    }
    resource.related_order()
}

/// Outcomes of a dispute after which the seller has all of the money.
const WON: [&str; 4] = ["RESOLVED_SELLER_FAVOUR", "RESOLVED_WITH_PAYOUT", "CANCELED_BY_BUYER", "DENIED"];

/// Where a dispute stands (developer.paypal.com/docs/api/customer-disputes/v1).
fn dispute(dispute: &Resource, order: PaymentTarget<'_>) -> Option<LedgerEntry> {
    let currency = order.price.currency();
    let id = known_id(dispute.dispute_id.as_deref())?.to_owned();
    let of = dispute.captured()?.to_owned();
    let outcome = dispute.dispute_outcome.as_ref();
    let code = outcome.and_then(|outcome| outcome.outcome_code.as_deref());
    let (kind, value) = match code {
        Some(code) if WON.contains(&code) => (EntryKind::DisputeWon, 0),
        // Another dispute about the same payment goes on instead.
        Some("NONE") => (EntryKind::DisputeClosed, 0),
        Some(_) => {
            let refunded = outcome.and_then(|outcome| outcome.amount_refunded.as_ref());
            let sums = [refunded, dispute.dispute_amount.as_ref()].into_iter().flatten();
            (
                EntryKind::DisputeSettled,
                sums.filter_map(|amount| sum(amount, currency)).next().unwrap_or(order.price.minor()),
            )
        }
        None if dispute.dispute_life_cycle_stage.as_deref() == Some("INQUIRY") => (EntryKind::Inquiry, 0),
        None => (EntryKind::DisputeOpened, 0),
    };
    let at = dispute.update_time.as_deref().and_then(time::parse).unwrap_or_else(|| at(dispute, order));
    Some(LedgerEntry { id, kind, of, value, at, card: None })
}
