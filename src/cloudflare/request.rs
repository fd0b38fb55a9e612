//! The platform's requests and responses, and ours.

use futures_util::StreamExt;
use worker::{Headers, Request, Response, ResponseBody, Result};

use crate::http::{self, BODY_LIMIT, Body, HEADERS, Method};

pub async fn read(mut request: Request) -> Result<http::Request> {
    let url = request.url()?;
    let mut headers = Vec::with_capacity(HEADERS.len());
    for name in HEADERS {
        if let Some(value) = request.headers().get(name)? {
            headers.push((name, value));
        }
    }
    let method = Method::parse(request.inner().method().as_str());
    let length = request.headers().get("content-length")?.and_then(|length| length.parse::<usize>().ok());
    let country = request.cf().and_then(|cf| cf.country());
    let body = match method {
        // Some clients send `null` or `[]` with these; nobody reads it.
        Method::Get | Method::Head | Method::Delete => Some(Vec::new()),
        _ if length.is_some_and(|length| length > BODY_LIMIT) => None,
        _ => bounded(&mut request).await?,
    };
    Ok(http::Request {
        method,
        origin: url.origin().ascii_serialization(),
        path: url.path().to_owned(),
        query: url.query().unwrap_or_default().to_owned(),
        headers,
        country,
        body,
    })
}

/// The body, or `None` as soon as it is too long, whatever its length was said to be.
async fn bounded(request: &mut Request) -> Result<Option<Vec<u8>>> {
    let Ok(mut stream) = request.stream() else {
        return Ok(Some(Vec::new()));
    };
    let mut body = Vec::new();
    while let Some(chunk) = stream.next().await {
        body.extend(chunk?);
        if body.len() > BODY_LIMIT {
            return Ok(None);
        }
    }
    Ok(Some(body))
}

pub fn answer(answer: http::Response) -> Result<Response> {
    let headers = Headers::new();
    for (name, value) in &answer.headers {
        headers.set(name, value)?;
    }
    let response = match answer.body {
        Body::Bytes(bytes) => Response::from_body(ResponseBody::Body(bytes))?,
        Body::Empty | Body::Live(_) => Response::empty()?,
    };
    Ok(response.with_status(answer.status).with_headers(headers))
}
