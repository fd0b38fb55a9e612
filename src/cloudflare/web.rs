//! Outbound HTTP as `Web`: one try, in bounded time, reading a bounded answer, following nothing.

use js_sys::Uint8Array;
use worker::{AbortSignal, CacheMode, Fetch, Headers, Request, RequestInit, RequestRedirect, ResponseBody};

use super::request::bounded;
use crate::platform::{Answer, FetchError, HttpRequest, LocalBoxFuture, Web};

pub struct Outbound;

impl Web for Outbound {
    fn fetch<'a>(&'a self, request: HttpRequest) -> LocalBoxFuture<'a, Result<Answer, FetchError>> {
        Box::pin(async move {
            // The signal ends the reading of the body as well.
            let signal = AbortSignal::from(web_sys::AbortSignal::timeout_with_u32(request.timeout));
            send(request, &signal)
                .await
                .map_err(|error| if signal.aborted() { FetchError::Timeout } else { sort(&error.to_string()) })
        })
    }
}

async fn send(request: HttpRequest, signal: &AbortSignal) -> worker::Result<Answer> {
    let headers = Headers::new();
    for (name, value) in &request.headers {
        headers.append(name, value)?;
    }
    let mut init = RequestInit::new();
    init.with_method(request.method.to_owned().into())
        .with_headers(headers)
        .with_body(request.body.as_ref().map(|body| Uint8Array::from(body.as_slice()).into()))
        .with_redirect(RequestRedirect::Manual)
        // A chain seen ten seconds ago is not the chain.
        .with_cache(CacheMode::NoStore);
    let response = Fetch::Request(Request::new_with_init(&request.url, &init)?).send_with_signal(signal).await?;
    let (status, headers) = (response.status_code(), response.headers().entries().collect());
    // IdempotentRequest there is a status there is an answer, even if its body never ends or breaks off.
    let mut body = Vec::new();
    let stream = match response.body() {
        ResponseBody::Stream(stream) => Some(stream.clone()),
        ResponseBody::Empty | ResponseBody::Body(_) => None,
    };
    let truncated = bounded(stream, request.limit, &mut body).await.unwrap_or(true);
    Ok(Answer { status, headers, body, truncated })
}

/// The platform only has words for what went wrong.
fn sort(words: &str) -> FetchError {
    let words = words.to_ascii_lowercase();
    let says = |part: &str| words.contains(part);
    if says("dns") || says("resolve") || says("enotfound") {
        FetchError::Dns
    } else if says("tls") || says("ssl") || says("certificate") {
        FetchError::Tls
    } else if says("refused") || says("connect") {
        FetchError::Refused
    } else if says("timed out") || says("timeout") || says("abort") {
        FetchError::Timeout
    } else {
        FetchError::Network
    }
}
