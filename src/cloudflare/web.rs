//! Outbound HTTP as `HttpClient`: one try, in bounded time, reading a bounded answer, following nothing.

use js_sys::{Array, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};

use super::bindings::{self, message};
use crate::platform::{FetchError, HttpClient, HttpRequest, HttpResponse, LocalBoxFuture};

pub struct Outbound;

impl HttpClient for Outbound {
    fn fetch<'a>(&'a self, request: HttpRequest) -> LocalBoxFuture<'a, Result<HttpResponse, FetchError>> {
        Box::pin(async move {
            let HttpRequest { method, url, headers, body, timeout, limit } = request;
            let mut lines = String::with_capacity(1024);
            for (name, value) in &headers {
                if value.contains('\n') {
                    return Err(FetchError::Network);
                }
                lines.extend([name, "\n", value, "\n"]);
            }
            let limit = u32::try_from(limit).unwrap_or(u32::MAX);
            match bindings::send(&url, method, &lines, body.as_deref(), timeout, limit).await {
                Ok(sent) => read(sent),
                Err(error) => Err(sort(&message(&error))),
            }
        })
    }
}

fn read(sent: JsValue) -> Result<HttpResponse, FetchError> {
    if let Some(failed) = sent.as_string() {
        return Err(if failed == "timeout" { FetchError::Timeout } else { sort(&failed) });
    }
    let parts: Array = sent.unchecked_into();
    let head = parts.get(0).as_string().unwrap_or_default();
    let body = Uint8Array::new(&parts.get(1)).to_vec();
    let mut lines = head.split('\n');
    let (status, truncated) = lines.next().and_then(|line| line.split_once(' ')).unwrap_or_default();
    let mut headers = Vec::new();
    while let (Some(name), Some(value)) = (lines.next(), lines.next()) {
        headers.push((name.to_owned(), value.to_owned()));
    }
    Ok(HttpResponse { status: status.parse().unwrap_or(0), headers, body, truncated: truncated == "1" })
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
