//! `POST /gateways/<gateway>/<account id>`: what PayPal and Stripe tell us. They repeat what isn't answered by 200, so that is
//! said as soon as the notification is kept, and also of what concerns nobody here; only what is no notification of theirs is refused.

use super::{failure::Failure, limit::RateLimiter};
use crate::{
    http::{Method, Request, Response},
    shop::{
        App, account,
        gateway::{Gateway, GatewayNotification, Rejected},
        order::notification,
    },
};

/// Bytes of a notification. PayPal's and Stripe's largest have less than half of this.
const MAX: usize = 32 << 10;

pub async fn answer(
    app: &App,
    request: &Request,
    gateway: &str,
    account_id: &str,
    meter: &RateLimiter<'_>,
) -> Result<Response, Failure> {
    let Some(gateway) = Gateway::ALL.into_iter().find(|known| known.slug() == gateway) else {
        return Err(Failure::not_found());
    };
    if request.method != Method::Post {
        return Err(Failure::not_allowed("POST"));
    }
    let account_id: i64 = account_id.parse().map_err(|_| Failure::not_found())?;
    meter.notification(account_id).await?;
    request.load().await?;
    let body = request.body().filter(|body| body.len() <= MAX);
    let body = body.ok_or_else(|| Failure::new(413, "The notice is too large"))?;
    let body = std::str::from_utf8(body).map_err(|_| Failure::invalid("The notice is not a text"))?;
    let Some(account) = account::by_id(app, account_id).await? else {
        meter.no_such_account(account_id).await;
        return Err(Failure::not_found());
    };
    let sender = |name: &str| name.starts_with("paypal-") || name == "stripe-signature" || name == "content-type";
    let headers = request.headers.iter().filter(|(name, _)| sender(name));
    let notification = GatewayNotification {
        body: body.to_owned(),
        headers: headers.map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
        received_at: app.now(),
    };
    match notification::receive(app, &account, gateway, notification).await? {
        Ok(()) | Err(Rejected::Irrelevant) => Ok(Response::empty(200)),
        // The gateway repeats it, and by then there is room.
        Err(Rejected::Full) => {
            let mut failure = Failure::new(503, "Too many notices of this account wait to be heard");
            failure.headers.push(("retry-after", "60".to_owned()));
            Err(failure)
        }
        Err(Rejected::Unsigned) => Err(Failure::invalid("The notice is not signed with this account's secret")),
        Err(Rejected::Unknown) => Err(Failure::invalid("This is not a notice of the gateway")),
    }
}
