//! The platform's requests and responses, and ours; and bodies, which are read no further than they may go.

use std::rc::Rc;

use futures_util::future::LocalBoxFuture;
use js_sys::{Array, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{ReadableStream, ReadableStreamDefaultReader};

use super::{bindings, files::Opened};
use crate::{
    api::v2::upload::{self, Intake},
    http::{
        self, API_GET_HEADERS, BODY_LIMIT, Body, BodySource, DIALECT_HEADERS, FILE_HEADERS, HEADERS, Method,
        PAGE_HEADERS, Pending, SENDER_HEADERS, Unread,
    },
};

pub async fn read(request: &web_sys::Request) -> Result<http::Request, JsValue> {
    thread_local! {
        static NAMES: [JsValue; 6] = [
            names(&HEADERS),
            names(&API_GET_HEADERS),
            names(&PAGE_HEADERS),
            names(&[&HEADERS[..], &SENDER_HEADERS].concat()),
            names(&[&HEADERS[..], &FILE_HEADERS].concat()),
            names(&[&HEADERS[..], &DIALECT_HEADERS].concat()),
        ];
    }
    let head = NAMES.with(|[all, api_get, page, gateway, file, dialect]| {
        bindings::head(request, all, api_get, page, gateway, file, dialect)
    })?;
    let mut lines = head.split('\n');
    let (method, url) = lines.next().and_then(|line| line.split_once(' ')).unwrap_or_default();
    let method = Method::parse(method);
    let (origin, path, query) = split(url);
    let header = |line: &str| {
        let (name, value) = line.split_once(": ")?;
        let known = HEADERS
            .iter()
            .chain(&SENDER_HEADERS)
            .chain(&FILE_HEADERS)
            .chain(&DIALECT_HEADERS)
            .find(|known| **known == name);
        known.map(|known| (*known, value.to_owned()))
    };
    let headers: Vec<_> = lines.filter_map(header).collect();
    let kind = headers.iter().find(|(name, _)| *name == "content-type").map(|(_, value)| value.as_str());
    let (mut unread, mut pending) = (None, None);
    let mut seen = String::new();
    // Some clients send `null` or `[]` with GET and DELETE; nobody reads it, nor where such a request comes from.
    let body = match method {
        Method::Get | Method::Head | Method::Delete => Some(Vec::new()),
        _ => {
            // Only the hosted pages ask for it.
            if !path.starts_with("/api/") {
                seen = bindings::connection(request);
            }
            match upload::intake(method, path, kind) {
                Some(Intake::Pass) => {
                    let length = length(request)?.map(|length| length as u64);
                    unread = request.body().map(|stream| Unread { stream: Rc::new(stream), length });
                    Some(Vec::new())
                }
                // Read once it is known who asks.
                intake => {
                    let limit = match intake {
                        Some(Intake::Read(limit)) => limit,
                        _ => BODY_LIMIT,
                    };
                    pending = Some(Pending::new(Rc::new(Source::of(request)?), limit));
                    None
                }
            }
        }
    };
    let mut read = http::Request {
        method,
        head: false,
        origin: origin.to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers,
        country: None,
        asn: None,
        asn_name: None,
        is_tor: false,
        body,
        pending,
        unread,
    };
    if !seen.is_empty() {
        read.connect(&seen);
    }
    Ok(read)
}

fn names(names: &[&str]) -> JsValue {
    names.iter().map(|name| JsValue::from_str(name)).collect::<Array>().into()
}

/// As announced.
fn length(request: &web_sys::Request) -> Result<Option<usize>, JsValue> {
    Ok(request.headers().get("content-length")?.and_then(|length| length.parse().ok()))
}

/// A request's body, as the platform has it.
struct Source {
    request: web_sys::Request,
    length: Option<usize>,
}

impl Source {
    fn of(request: &web_sys::Request) -> Result<Source, JsValue> {
        Ok(Source { request: Clone::clone(request), length: length(request)? })
    }
}

impl BodySource for Source {
    fn length(&self) -> Option<u64> {
        self.length.map(|length| length as u64)
    }

    fn read(&self, limit: usize) -> LocalBoxFuture<'_, Result<Option<Vec<u8>>, String>> {
        Box::pin(
            async move { body(&self.request, self.length, limit).await.map_err(|error| bindings::message(&error)) },
        )
    }
}

/// `None` when it is longer than it may be.
async fn body(request: &web_sys::Request, length: Option<usize>, limit: usize) -> Result<Option<Vec<u8>>, JsValue> {
    match length {
        Some(length) if length > limit => Ok(None),
        // Nothing follows what was announced, so that it can be taken as one.
        Some(_) => {
            let bytes = Uint8Array::new(&JsFuture::from(request.array_buffer()?).await?);
            Ok((bytes.length() as usize <= limit).then(|| bytes.to_vec()))
        }
        None => {
            let mut bytes = Vec::new();
            Ok((!bounded(request.body(), limit, &mut bytes).await?).then_some(bytes))
        }
    }
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

/// Reads at most `limit` bytes of a stream; answers whether there were more. What is not read is cancelled, and what was
/// read stays when the stream breaks off.
pub async fn bounded(stream: Option<ReadableStream>, limit: usize, bytes: &mut Vec<u8>) -> Result<bool, JsValue> {
    let Some(stream) = stream else {
        return Ok(false);
    };
    let reader: ReadableStreamDefaultReader = stream.get_reader().unchecked_into();
    loop {
        let step = JsFuture::from(reader.read()).await?;
        if field(&step, "done").is_truthy() {
            return Ok(false);
        }
        let chunk = Uint8Array::new(&field(&step, "value"));
        let room = limit - bytes.len();
        let length = chunk.length() as usize;
        if length > room {
            bytes.extend(chunk.subarray(0, room as u32).to_vec());
            // The sender may go on for ever; whether cancelling works is no matter.
            let _ = JsFuture::from(reader.cancel()).await;
            return Ok(true);
        }
        bytes.extend(chunk.to_vec());
    }
}

pub fn answer(answer: &http::Response) -> Result<web_sys::Response, JsValue> {
    let mut headers = String::with_capacity(512);
    for (name, value) in &answer.headers {
        if value.contains('\n') {
            return Err(JsValue::from_str("a header's value has a line's end"));
        }
        headers.extend([*name, "\n", value, "\n"]);
    }
    match &answer.body {
        Body::Bytes(bytes) => bindings::answer(answer.status, &headers, Some(bytes)),
        Body::Stream(stream) => match stream.downcast_ref::<Opened>().and_then(Opened::take) {
            Some(stream) => bindings::pass(answer.status, &headers, &stream),
            None => Err(JsValue::from_str("a body's stream is none of the platform's")),
        },
        Body::Empty | Body::Live(_) => bindings::answer(answer.status, &headers, None),
    }
}

/// A field, or undefined.
fn field(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).unwrap_or(JsValue::UNDEFINED)
}
