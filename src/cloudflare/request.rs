//! The platform's requests and responses, and ours; and bodies, which are read no further than they may go.

use std::rc::Rc;

use js_sys::Uint8Array;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Headers, ReadableStream, ReadableStreamDefaultReader};

use super::js::{field, object};
use crate::{
    api::v2::upload::{self, Intake},
    http::{self, BODY_LIMIT, Body, HEADERS, Method, Unread},
};

pub async fn read(request: &web_sys::Request) -> Result<http::Request, JsValue> {
    let from = request.headers();
    let mut headers = Vec::with_capacity(HEADERS.len());
    for name in HEADERS {
        if let Some(value) = from.get(name)? {
            headers.push((name, value));
        }
    }
    let method = Method::parse(&request.method());
    let length = from.get("content-length")?.and_then(|length| length.parse::<usize>().ok());
    let url = request.url();
    let (origin, path, query) = split(&url);
    let content_type = headers.iter().find(|(name, _)| *name == "content-type").map(|(_, value)| value.as_str());
    let intake = upload::intake(method, path, content_type);
    let limit = if let Some(Intake::Read(limit)) = intake { limit } else { BODY_LIMIT };
    let mut unread = None;
    let body = match method {
        // Some clients send `null` or `[]` with these; nobody reads it.
        Method::Get | Method::Head | Method::Delete => Some(Vec::new()),
        _ if intake == Some(Intake::Pass) => {
            unread = request.body().map(|stream| Unread { stream: Rc::new(stream), length: length.map(|n| n as u64) });
            Some(Vec::new())
        }
        _ if length.is_some_and(|length| length > limit) => None,
        _ => Some(bounded(request.body(), limit).await?).filter(|(_, more)| !more).map(|(bytes, _)| bytes),
    };
    Ok(http::Request {
        method,
        origin: origin.to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers,
        country: field(&field(request, "cf"), "country").as_string(),
        body,
        unread,
    })
}

/// Origin, path and query of a URL in the platform's own, normal spelling.
pub fn split(url: &str) -> (&str, &str, &str) {
    let after_scheme = url.find("://").map_or(0, |at| at + 3);
    let (rest, _fragment) = url.split_once('#').unwrap_or((url, ""));
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let path_at = rest.get(after_scheme..).and_then(|rest| rest.find('/')).map_or(rest.len(), |at| after_scheme + at);
    let (origin, path) = rest.split_at_checked(path_at).unwrap_or((rest, ""));
    (origin, path, query)
}

/// At most `limit` bytes of a stream, and whether there were more. What is not read is cancelled.
pub async fn bounded(stream: Option<ReadableStream>, limit: usize) -> Result<(Vec<u8>, bool), JsValue> {
    let mut bytes = Vec::new();
    let Some(stream) = stream else {
        return Ok((bytes, false));
    };
    let reader: ReadableStreamDefaultReader = stream.get_reader().unchecked_into();
    loop {
        let step = JsFuture::from(reader.read()).await?;
        if field(&step, "done").is_truthy() {
            return Ok((bytes, false));
        }
        let chunk = Uint8Array::new(&field(&step, "value"));
        let room = limit - bytes.len();
        let length = chunk.length() as usize;
        if length > room {
            bytes.extend(chunk.subarray(0, room as u32).to_vec());
            // The sender may go on for ever; whether cancelling works is no matter.
            let _ = JsFuture::from(reader.cancel()).await;
            return Ok((bytes, true));
        }
        bytes.extend(chunk.to_vec());
    }
}

pub fn answer(answer: &http::Response) -> Result<web_sys::Response, JsValue> {
    let headers = Headers::new()?;
    for (name, value) in &answer.headers {
        headers.set(name, value)?;
    }
    let init = object(&[("status", answer.status.into()), ("headers", headers.into())]);
    let init: &web_sys::ResponseInit = init.unchecked_ref();
    match &answer.body {
        Body::Bytes(bytes) => {
            let bytes = Uint8Array::from(bytes.as_slice());
            web_sys::Response::new_with_opt_js_u8_array_and_init(Some(&bytes), init)
        }
        Body::Empty | Body::Live(_) => web_sys::Response::new_with_opt_str_and_init(None, init),
    }
}
