//! HTTP as the dialects and the pages see it: small structs, filled from the raw request by `cloudflare` (which costs a
//! third of what the `http` crate's types do) and by hand in tests.

use std::{any::Any, rc::Rc};

use crate::notes::{self, Meaning};

/// The request headers that anybody here reads; others are not fetched from the platform.
pub const HEADERS: [&str; 15] = [
    "accept",
    "authorization",
    "cf-connecting-ip",
    "content-type",
    "idempotency-key",
    "if-none-match",
    "paypal-auth-algo",
    "paypal-cert-url",
    "paypal-transmission-id",
    "paypal-transmission-sig",
    "paypal-transmission-time",
    "referer",
    "stripe-signature",
    "upgrade",
    "user-agent",
];

/// A body may have so many bytes.
pub const BODY_LIMIT: usize = 1 << 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    Get,
    Head,
    Post,
    Put,
    Delete,
    Other,
}

impl Method {
    pub fn parse(text: &str) -> Method {
        match text {
            "GET" => Method::Get,
            "HEAD" => Method::Head,
            "POST" => Method::Post,
            // Rails, which the reference runs on, takes both for an update.
            "PUT" | "PATCH" => Method::Put,
            "DELETE" => Method::Delete,
            _ => Method::Other,
        }
    }

    /// The names under which it comes: HEAD works wherever GET does.
    pub fn names(self) -> &'static str {
        match self {
            Method::Get => "GET, HEAD",
            Method::Head => "HEAD",
            Method::Post => "POST",
            Method::Put => "PUT, PATCH",
            Method::Delete => "DELETE",
            Method::Other => "",
        }
    }
}

#[derive(Debug, Clone)]
pub struct Request {
    pub method: Method,
    /// `https://host`, as the client wrote it.
    pub origin: String,
    /// As sent, still percent-encoded.
    pub path: String,
    /// Without the question mark.
    pub query: String,
    pub headers: Vec<(&'static str, String)>,
    /// ISO 3166-1 alpha-2, where the platform knows it.
    pub country: Option<String>,
    /// `None`: it was longer than it may be.
    pub body: Option<Vec<u8>>,
    /// A body that was left unread, for whom it concerns.
    pub unread: Option<Unread>,
}

#[derive(Debug, Clone)]
pub struct Unread {
    /// The platform's own stream.
    pub stream: Rc<dyn Any>,
    /// Bytes, if they were announced; then it has so many, or breaks off with an error.
    pub length: Option<u64>,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    /// The path's parts; doubled and trailing slashes don't count.
    pub fn segments(&self) -> Vec<&str> {
        self.path.split('/').filter(|part| !part.is_empty()).collect()
    }

    /// The last value of a query parameter.
    pub fn param(&self, name: &str) -> Option<String> {
        notes::param(name, || Meaning::Asked);
        form_urlencoded::parse(self.query.as_bytes())
            .filter(|(key, _)| key == name)
            .last()
            .map(|(_, value)| value.into_owned())
    }

    pub fn is_secure(&self) -> bool {
        self.origin.starts_with("https://")
    }
}

#[derive(Debug, Clone)]
pub enum Body {
    Empty,
    Bytes(Vec<u8>),
    /// Hand the connection over to the order's live object, as a WebSocket.
    Live(String),
}

#[derive(Debug, Clone)]
pub struct Response {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Body,
}

impl Response {
    pub fn empty(status: u16) -> Response {
        Response { status, headers: Vec::new(), body: Body::Empty }
    }

    pub fn json(status: u16, json: String) -> Response {
        Response::bytes(status, "application/json", json.into_bytes())
    }

    pub fn html(status: u16, html: String) -> Response {
        Response::bytes(status, "text/html; charset=utf-8", html.into_bytes())
    }

    pub fn bytes(status: u16, content_type: &str, bytes: Vec<u8>) -> Response {
        Response { status, headers: vec![("content-type", content_type.to_owned())], body: Body::Bytes(bytes) }
    }

    /// Go and GET that.
    pub fn see_other(location: &str) -> Response {
        Response::empty(303).with("location", location)
    }

    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Response {
        self.headers.push((name, value.into()));
        self
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}
