//! Outbound HTTP as `Web`: one try, in bounded time, reading a bounded answer, following nothing.

use js_sys::{Array, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{AbortSignal, Response};

use super::{
    js::{self, object, words},
    request::bounded,
};
use crate::world::{Answer, Later, Outgoing, Web, WebFault};

pub struct Outbound;

impl Web for Outbound {
    fn fetch<'a>(&'a self, request: Outgoing) -> Later<'a, Result<Answer, WebFault>> {
        Box::pin(async move {
            // The signal ends the reading of the body as well.
            let signal = AbortSignal::timeout_with_u32(request.timeout);
            send(request, &signal)
                .await
                .map_err(|error| if signal.aborted() { WebFault::Timeout } else { sort(&words(&error)) })
        })
    }
}

async fn send(request: Outgoing, signal: &AbortSignal) -> Result<Answer, JsValue> {
    let headers = Array::new();
    for (name, value) in &request.headers {
        headers.push(&Array::of2(&name.into(), &value.into()));
    }
    let body = request.body.as_ref().map_or(JsValue::UNDEFINED, |body| Uint8Array::from(body.as_slice()).into());
    let init = object(&[
        ("method", request.method.into()),
        ("headers", headers.into()),
        ("body", body),
        ("redirect", "manual".into()),
        // A chain seen ten seconds ago is not the chain.
        ("cache", "no-store".into()),
        ("signal", signal.into()),
    ]);
    let response: Response = js::fetch(&request.url, &init).await?.unchecked_into();
    // Once there is a status there is an answer, even if its body never ends or breaks off.
    let mut body = Vec::new();
    let truncated = bounded(response.body(), request.limit, &mut body).await.unwrap_or(true);
    let mut headers = Vec::new();
    for entry in response.headers().entries() {
        let entry: Array = entry?.unchecked_into();
        if let (Some(name), Some(value)) = (entry.get(0).as_string(), entry.get(1).as_string()) {
            headers.push((name, value));
        }
    }
    Ok(Answer { status: response.status(), headers, body, truncated })
}

/// The platform only has words for what went wrong.
fn sort(words: &str) -> WebFault {
    let words = words.to_ascii_lowercase();
    let says = |part: &str| words.contains(part);
    if says("dns") || says("resolve") || says("enotfound") {
        WebFault::Dns
    } else if says("tls") || says("ssl") || says("certificate") {
        WebFault::Tls
    } else if says("refused") || says("connect") {
        WebFault::Refused
    } else if says("timed out") || says("timeout") || says("abort") {
        WebFault::Timeout
    } else {
        WebFault::Network
    }
}
