//! Outbound HTTP as `Web`: one try, in bounded time, reading a bounded answer, following nothing.

use futures_util::StreamExt;
use worker::{AbortSignal, CacheMode, Fetch, Headers, Method, Request, RequestInit, RequestRedirect};

use crate::world::{Answer, Later, Outgoing, Web, WebFault};

pub struct Outbound;

impl Web for Outbound {
    fn fetch<'a>(&'a self, request: Outgoing) -> Later<'a, Result<Answer, WebFault>> {
        Box::pin(async move {
            // The signal ends the reading of the body as well.
            let signal = AbortSignal::from(web_sys::AbortSignal::timeout_with_u32(request.timeout));
            send(request, &signal)
                .await
                .map_err(|error| if signal.aborted() { WebFault::Timeout } else { sort(&error.to_string()) })
        })
    }
}

async fn send(request: Outgoing, signal: &AbortSignal) -> worker::Result<Answer> {
    let headers = Headers::new();
    for (name, value) in &request.headers {
        headers.set(name, value)?;
    }
    let mut init = RequestInit::new();
    init.with_headers(headers)
        .with_method(if request.method == "POST" { Method::Post } else { Method::Get })
        .with_redirect(RequestRedirect::Manual)
        // A chain seen ten seconds ago is not the chain.
        .with_cache(CacheMode::NoStore);
    if let Some(body) = &request.body {
        init.with_body(Some(js_sys::Uint8Array::from(body.as_slice()).into()));
    }
    let mut response = Fetch::Request(Request::new_with_init(&request.url, &init)?).send_with_signal(signal).await?;
    let mut answer = Answer {
        status: response.status_code(),
        headers: response.headers().entries().collect(),
        body: Vec::new(),
        truncated: false,
    };
    // A response without a body has no stream.
    let Ok(mut stream) = response.stream() else {
        return Ok(answer);
    };
    while let Some(chunk) = stream.next().await {
        let chunk = chunk?;
        let room = request.limit.saturating_sub(answer.body.len());
        if chunk.len() > room {
            answer.body.extend(chunk.get(..room).unwrap_or_default());
            answer.truncated = true;
            break;
        }
        answer.body.extend(chunk);
    }
    Ok(answer)
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
