//! HTTP as the dialects and the pages see it: small structs, filled from the raw request by `cloudflare` (which costs a
//! third of what the `http` crate's types do) and by hand in tests.

use std::{
    any::Any,
    cell::{Cell, OnceCell},
    fmt,
    net::IpAddr,
    rc::Rc,
};

use futures_util::future::LocalBoxFuture;

/// The request headers that anybody here reads; others are not fetched from the platform, where each look costs half a
/// microsecond, whether the header is there or not. That is why some paths have fewer.
pub const HEADERS: [&str; 14] = [
    "accept",
    "accept-language",
    "authorization",
    "cf-connecting-ip",
    "content-encoding",
    "content-type",
    "cookie",
    "idempotency-key",
    "if-none-match",
    "origin",
    "sec-fetch-mode",
    "sec-fetch-site",
    "upgrade",
    "user-agent",
];

/// Those that a GET of the API reads.
pub const API_GET_HEADERS: [&str; 6] =
    ["accept", "authorization", "cf-connecting-ip", "content-encoding", "sec-fetch-mode", "sec-fetch-site"];

/// Those that say which version of the API is spoken, beside the others, in dialects other than v2.
pub const DIALECT_HEADERS: [&str; 1] = ["x-api-version"];

/// Those that the hosted pages read, and `/healthz`.
pub const PAGE_HEADERS: [&str; 8] = [
    "accept-language",
    "cf-connecting-ip",
    "cookie",
    "if-none-match",
    "origin",
    "sec-fetch-site",
    "upgrade",
    "user-agent",
];

/// Those that say who sent what comes to a path of gateways, which has `/gateways/` in it.
pub const SENDER_HEADERS: [&str; 6] = [
    "paypal-auth-algo",
    "paypal-cert-url",
    "paypal-transmission-id",
    "paypal-transmission-sig",
    "paypal-transmission-time",
    "stripe-signature",
];

/// Those that say which part of a file is wanted, beside the others, by a GET of a path that has
/// `/file` in it.
pub const FILE_HEADERS: [&str; 3] = ["if-match", "if-range", "range"];

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
    /// It was HEAD, and is answered as GET: no body is sent, so none need be fetched.
    pub head: bool,
    /// `https://host`, as the client wrote it.
    pub origin: String,
    /// As sent, still percent-encoded.
    pub path: String,
    /// Without the question mark.
    pub query: String,
    pub headers: Vec<(&'static str, String)>,
    /// ISO 3166-1 alpha-2, where the platform knows it.
    pub country: Option<String>,
    /// The network that the request comes from: the number of its autonomous system, and who runs it, where the platform knows.
    pub asn: Option<u32>,
    pub asn_name: Option<String>,
    /// Whether the platform knows it to come out of Tor.
    pub is_tor: bool,
    /// `None`: it was longer than it may be.
    pub body: Option<Vec<u8>>,
    /// A body that is still with the platform: it is read by `load`, once it is known who asks.
    pub pending: Option<Pending>,
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

/// A body that was not read yet.
#[derive(Debug, Clone)]
pub struct Pending {
    pub source: Rc<dyn BodySource>,
    /// Bytes that it may have.
    pub limit: usize,
    read: OnceCell<Option<Vec<u8>>>,
    held: OnceCell<Rc<Held>>,
}

impl Pending {
    pub fn new(source: Rc<dyn BodySource>, limit: usize) -> Pending {
        Pending { source, limit, read: OnceCell::new(), held: OnceCell::new() }
    }
}

/// Where a body comes from.
pub trait BodySource {
    /// Bytes, if they were announced.
    fn length(&self) -> Option<u64>;
    /// `None`: it is longer than `limit`. Fails when it breaks off.
    fn read(&self, limit: usize) -> LocalBoxFuture<'_, Result<Option<Vec<u8>>, String>>;
}

impl fmt::Debug for dyn BodySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a body of {:?} bytes", self.length())
    }
}

/// Bytes of all bodies that are in memory at the same time. An isolate has 128 MB for everything, and a form is held twice
/// while it is taken apart.
pub const MAX_BODIES: usize = 32 << 20;

thread_local! {
    static HELD: Cell<usize> = const { Cell::new(0) };
}

/// Bytes that a request keeps in memory until it is over.
#[derive(Debug)]
struct Held(usize);

impl Held {
    fn take(bytes: usize) -> Option<Held> {
        let all = HELD.get() + bytes;
        (all <= MAX_BODIES).then(|| {
            HELD.set(all);
            Held(bytes)
        })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        HELD.set(HELD.get().saturating_sub(self.0));
    }
}

/// Why a body could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotRead {
    /// Too many large bodies are in memory already.
    Busy,
    /// It broke off.
    Broken(String),
}

impl Request {
    /// Takes what the platform says of the connection, a line each: country, number of the network, its name. `T1` stands for Tor
    /// and `XX` for no known country (developers.cloudflare.com/workers/runtime-apis/request).
    pub fn connect(&mut self, seen: &str) {
        let mut lines = seen.split('\n');
        let mut next = || lines.next().filter(|line| !line.is_empty());
        let country = next();
        self.is_tor = country == Some("T1");
        let is_known = |code: &&str| *code != "XX" && code.len() == 2 && code.bytes().all(|b| b.is_ascii_uppercase());
        self.country = country.filter(is_known).map(str::to_owned);
        self.asn = next().and_then(|number| number.parse().ok()).filter(|number| *number > 0);
        self.asn_name = next().map(str::to_owned);
    }

    /// Reads the body, if that is still to be done. Before it is known who asks, nobody may fill our memory.
    pub async fn load(&self) -> Result<(), NotRead> {
        let Some(pending) = self.pending.as_ref().filter(|pending| pending.read.get().is_none()) else {
            return Ok(());
        };
        let announced = pending.source.length().map(|length| usize::try_from(length).unwrap_or(usize::MAX));
        let read = match announced {
            Some(length) if length > pending.limit => None,
            _ => {
                let held = Held::take(announced.unwrap_or(pending.limit)).ok_or(NotRead::Busy)?;
                let _ = pending.held.set(Rc::new(held));
                pending.source.read(pending.limit).await.map_err(NotRead::Broken)?
            }
        };
        // Nobody else has set it: a request is handled once.
        let _ = pending.read.set(read);
        Ok(())
    }

    /// `None`: it was longer than it may be.
    pub fn body(&self) -> Option<&[u8]> {
        match &self.pending {
            Some(pending) => pending.read.get()?.as_deref(),
            None => self.body.as_deref(),
        }
    }

    /// Where the request comes from, for rate limits. Of IPv6 the first half: whoever has one address has its whole /64.
    pub fn network(&self) -> String {
        let ip = self.header("cf-connecting-ip").and_then(|text| text.parse::<IpAddr>().ok());
        match ip.map(|ip| ip.to_canonical()) {
            Some(IpAddr::V4(ip)) => ip.to_string(),
            Some(IpAddr::V6(ip)) => format!("{:x}", u128::from(ip) >> 64),
            None => "unknown".into(),
        }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    /// Whether a page of somebody else made a browser send this. `public_url` is the origin of the links that are handed out.
    ///
    /// Programs and old browsers send neither header: only what says that it comes from elsewhere does.
    pub fn is_cross_site(&self, public_url: Option<&str>) -> bool {
        let own = |origin: &str| origin == self.origin || Some(origin) == public_url;
        self.header("sec-fetch-site").is_some_and(|site| !matches!(site, "same-origin" | "none"))
            || self.header("origin").is_some_and(|origin| !own(origin))
    }

    /// The value of a cookie (RFC 6265, 4.2.1).
    pub fn cookie(&self, name: &str) -> Option<&str> {
        let mut pairs = self.header("cookie")?.split(';').filter_map(|pair| pair.trim().split_once('='));
        pairs.find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// The path's parts; doubled and trailing slashes don't count.
    pub fn segments(&self) -> Vec<&str> {
        self.path.split('/').filter(|part| !part.is_empty()).collect()
    }

    /// The last value of a query parameter.
    pub fn param(&self, name: &str) -> Option<String> {
        #[cfg(not(target_arch = "wasm32"))]
        crate::asked::note(name);
        form_urlencoded::parse(self.query.as_bytes())
            .filter(|(key, _)| key == name)
            .last()
            .map(|(_, value)| value.into_owned())
    }

    /// The same, but a plus is a plus: for what can hold no space, since many programs leave it as it is.
    pub fn literal_param(&self, name: &str) -> Option<String> {
        #[cfg(not(target_arch = "wasm32"))]
        crate::asked::note(name);
        if self.query.is_empty() {
            return None;
        }
        let query = self.query.replace('+', "%2B");
        let values = form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| key == name);
        values.last().map(|(_, value)| value.into_owned())
    }

    /// Optional white space around a header's value is no part of it (RFC 9110, 5.5); some runtimes leave it at the end.
    pub fn trim_headers(&mut self) {
        for (_, value) in &mut self.headers {
            let trimmed = value.trim_matches([' ', '\t']);
            if trimmed.len() != value.len() {
                *value = trimmed.to_owned();
            }
        }
    }

    pub fn is_secure(&self) -> bool {
        self.origin.starts_with("https://")
    }
}

/// Whether a page of ours sent the request, or nobody's: a form of another site must not act in a buyer's name. Browsers say where a
/// request comes from (Fetch Metadata); older ones say the origin alone; programs say nothing.
pub fn same_origin(request: &Request) -> bool {
    match (request.header("sec-fetch-site"), request.header("origin")) {
        (Some(site), _) => matches!(site, "same-origin" | "none"),
        (None, Some(origin)) => origin == request.origin,
        (None, None) => true,
    }
}

#[derive(Debug, Clone)]
pub enum Body {
    Empty,
    Bytes(Vec<u8>),
    /// The platform's own stream, which is passed on unread. The headers announce its length.
    Stream(Rc<dyn Any>),
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

    /// What is sent as it lies where files are kept; without a stream, the headers alone.
    pub fn passed_on(status: u16, headers: Vec<(&'static str, String)>, stream: Option<Rc<dyn Any>>) -> Response {
        Response { status, headers, body: stream.map_or(Body::Empty, Body::Stream) }
    }

    /// Go and GET that.
    pub fn see_other(location: &str) -> Response {
        Response::empty(303).with("location", location)
    }

    /// What was asked for is there, for now.
    pub fn found(location: impl Into<String>) -> Response {
        Response::empty(302).with("location", location)
    }

    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Response {
        self.headers.push((name, value.into()));
        self
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// Names of response headers as the documents of their clients write them. HTTP doesn't care, but some clients look them up by
/// their case.
const DOCUMENTED: [&str; 38] = [
    "Accept-Ranges",
    "Allow",
    "Cache-Control",
    "Content-Disposition",
    "Content-Length",
    "Content-Range",
    "Content-Security-Policy",
    "Content-Type",
    "Cross-Origin-Opener-Policy",
    "ETag",
    "Idempotent-Replayed",
    "Link",
    "Location",
    "Permissions-Policy",
    "Referrer-Policy",
    "Retry-After",
    "Set-Cookie",
    "Strict-Transport-Security",
    "Vary",
    "WWW-Authenticate",
    "X-Content-Type-Options",
    "X-Current-Page",
    "X-D1-Bookmark",
    "X-D1-Usage",
    "X-Duplicate-Serials",
    "X-Frame-Options",
    "X-Items-Per-Page",
    "X-Left-Out-Serials",
    "X-Page",
    "X-Per-Page",
    "X-RateLimit-Limit",
    "X-RateLimit-Remaining",
    "X-RateLimit-Reset",
    "X-Request-Id",
    "X-Robots-Tag",
    "X-Total",
    "X-Total-Count",
    "X-Total-Pages",
];

/// A response header's name in its documented case; another name stays as it is.
pub fn documented(name: &'static str) -> &'static str {
    DOCUMENTED.iter().find(|known| known.eq_ignore_ascii_case(name)).copied().unwrap_or(name)
}
