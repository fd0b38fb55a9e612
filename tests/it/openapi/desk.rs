//! Whoever makes the specification's requests: a seller at whose side somebody writes down what was asked, what the
//! handler looked at, and what came back.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
};

use pushguard::{
    api::v2::routes::ROUTES,
    asked,
    http::{Method, Request},
    json::{Value, ValueExt},
};
use serde_json::Value as Fields;

use super::operations::Operation;
use crate::{
    actors::{Reply, Seller, basic},
    world::{MINUTE, World},
};

/// One request and its answer.
pub struct Exchange {
    /// `POST /pay`, as the route table has it.
    pub operation: String,
    /// Under which it is shown as an example.
    pub title: Option<&'static str>,
    /// Made by hand in `scenes.rs`, and not one of those that every route gets.
    pub in_scene: bool,
    pub path: String,
    pub body: Option<Value>,
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub answer: String,
    /// The fields and parameters that the handler looked at.
    pub asked: BTreeSet<String>,
}

pub struct Desk<'w> {
    pub world: &'w World,
    pub seller: Seller<'w>,
    pub exchanges: &'w RefCell<Vec<Exchange>>,
    title: Cell<Option<&'static str>>,
}

pub fn name_of(method: Method) -> &'static str {
    method.names().split(", ").next().unwrap_or_default()
}

/// The operation's name and path in the specification.
pub fn operation(method: Method, path: &[&str]) -> String {
    format!("{} /{}", name_of(method), path.join("/"))
}

impl<'w> Desk<'w> {
    pub fn new(world: &'w World, seller: Seller<'w>, exchanges: &'w RefCell<Vec<Exchange>>) -> Desk<'w> {
        Desk { world, seller, exchanges, title: Cell::default() }
    }

    /// Somebody else's desk in the same world.
    pub fn as_another(&self, email: &str, test: bool) -> Desk<'w> {
        Desk::new(self.world, self.world.seller_named(email, test), self.exchanges)
    }

    /// The next request and its answer are shown as an example of this name.
    pub fn showing(&self, title: &'static str) -> &Desk<'w> {
        self.title.set(Some(title));
        self
    }

    pub fn get(&self, path: &str) -> Fields {
        self.good("GET", path, None)
    }

    pub fn post(&self, path: &str, body: Fields) -> Fields {
        self.good("POST", path, Some(body))
    }

    pub fn put(&self, path: &str, body: Fields) -> Fields {
        self.good("PUT", path, Some(body))
    }

    pub fn delete(&self, path: &str) {
        self.good("DELETE", path, None);
    }

    fn good(&self, method: &str, path: &str, body: Option<Fields>) -> Fields {
        let said = body.as_ref().map(Fields::to_string).unwrap_or_default();
        let reply = self.send(method, path, body.as_ref());
        assert!(reply.status() < 300, "{method} {path} {said} was answered {} {}", reply.status(), reply.text());
        if method == "POST" {
            self.repeat(path, body.as_ref(), &reply);
        }
        if reply.status() == 204 { Fields::Null } else { reply.json() }
    }

    /// A request that is refused, with this status.
    pub fn refused(&self, status: u16, method: &str, path: &str, body: Option<Fields>) {
        self.send(method, path, body.as_ref()).expect(status);
    }

    fn send(&self, method: &str, path: &str, body: Option<&Fields>) -> Reply {
        let mut ask = self.seller.ask(method, path);
        if let Some(body) = body {
            ask = ask.json(body);
        }
        if method == "POST" {
            ask = ask.header("idempotency-key", self.key());
        }
        self.record(ask.request, true)
    }

    /// Of the latest request: how many there were.
    fn key(&self) -> String {
        format!("scene-{}", self.exchanges.borrow().iter().filter(|exchange| exchange.in_scene).count())
    }

    /// Every POST keeps its answer for whoever sends it again: the same, another one under its key, and one that
    /// comes while the first is still running.
    fn repeat(&self, path: &str, body: Option<&Fields>, first: &Reply) {
        let made = first.json();
        // Where the answer is a new API key, the old one is dead.
        let api_key = made["api_key"].as_str().unwrap_or(&self.seller.key);
        let key = format!("scene-{}", self.exchanges.borrow().iter().filter(|exchange| exchange.in_scene).count() - 1);
        let send = |body: Option<&Fields>| {
            let mut ask = self.seller.ask("POST", path).header("idempotency-key", &key);
            ask.request.headers[0].1 = basic(&self.seller.email, api_key);
            if let Some(body) = body {
                ask = ask.json(body);
            }
            self.record(ask.request, false)
        };
        let again = send(body).expect(first.status());
        assert_eq!((again.text(), again.header("idempotent-replayed")), (first.text(), Some("true")), "POST {path}");
        send(Some(&Fields::from("another"))).expect(422);
        self.world.db.change(&format!("UPDATE idempotency SET status = NULL, body = NULL WHERE key = '{key}'"));
        send(body).expect(409);
    }

    /// Sends a request as it is, and writes it down.
    pub fn record(&self, request: Request, in_scene: bool) -> Reply {
        let (operation, path) = (named(&request), request.path.clone());
        let body = request.body.as_deref().map(String::from_utf8_lossy).filter(|text| text.starts_with('{'));
        let body = body.and_then(|text| pushguard::json::parse(&text).ok());
        asked::take();
        let mut ask = self.world.ask("GET", "/");
        ask.request = request;
        let reply = ask.send();
        let answer = reply.text();
        self.exchanges.borrow_mut().push(Exchange {
            operation,
            title: self.title.take(),
            in_scene,
            path: path.trim_start_matches("/api/v2").to_owned(),
            body,
            status: reply.status(),
            headers: reply.headers().to_vec(),
            answer,
            asked: asked::take(),
        });
        reply
    }

    /// What every operation is asked beside its scenes: what any client may get wrong, and what may go wrong here.
    /// `path` and `body` are those of a request that went well.
    pub fn probe(&self, operation: &Operation, path: &str, body: Option<&Value>) {
        let (method, route) = (operation.route.method, operation.route.path);
        // A minute of its own: all of this is more than one allows.
        self.world.advance(MINUTE);
        let bare = |path: &str| self.seller.ask(name_of(method), path);
        let ask = |path: &str| match (operation.upload(), body) {
            (Some("import"), _) => bare(path).header("content-type", "text/plain").body("192.0.2.99"),
            (_, body) => body.map_or(bare(path), |body| bare(path).body(body.to_text())),
        };
        let send = |request: Request| self.record(request, false);
        for authorization in [None, Some(basic("nobody@example.com", "no")), Some(basic(&self.seller.email, "no"))] {
            let mut stranger = ask(path);
            stranger.request.headers = authorization.into_iter().map(|text| ("authorization", text)).collect();
            let refused = send(stranger.request).expect(401);
            assert_eq!(refused.message(), "Unable to authenticate");
            assert!(refused.header("www-authenticate").is_some_and(|scheme| scheme.starts_with("Basic")));
        }
        send(ask(path).insecurely().request).expect(403);
        send(ask(path).header("accept", "text/html").request).expect(406);
        if let Some(at) = route.iter().position(|part| part.starts_with('{')) {
            let mut parts: Vec<&str> = path.split('/').skip(1).collect();
            for id in ["0", "%00", "..", "'", &"9".repeat(300)] {
                parts[at] = id;
                let refused = send(ask(&format!("/{}", parts.join("/"))).request).expect(404);
                assert_eq!(refused.message(), "The specified resource could not be found");
            }
        }
        self.intrude(route, path, ask(path).request);
        if operation.is_list() {
            send(bare(&format!("{path}?page=x")).request).expect(400);
        }
        if operation.body.is_some() {
            send(bare(path).body("{").request).expect(400);
            if method == Method::Post {
                send(bare(path).body("{}").request);
            }
            let mut large = bare(path);
            large.request.body = None;
            send(large.request).expect(413);
        }
        if method == Method::Post {
            send(ask(path).header("idempotency-key", "k".repeat(256)).request).expect(400);
        }
        if matches!(method, Method::Post | Method::Put) {
            send(bare(path).header("content-encoding", "gzip").body("{}").request).expect(415);
        }
        let took: Vec<Method> = ROUTES.iter().filter(|known| known.path == route).map(|known| known.method).collect();
        for other in
            [Method::Get, Method::Post, Method::Put, Method::Delete].iter().filter(|other| !took.contains(other))
        {
            let refused = self.seller.ask(name_of(*other), path).send().expect(405);
            let allowed: Vec<&str> = took.iter().map(|method| method.names()).collect();
            assert_eq!(refused.header("allow"), Some(allowed.join(", ").as_str()), "{path}");
        }
        let strict = self.world.redeployed(&[("RATE_LIMIT_ACCOUNT", "1"), ("RATE_LIMIT_ANONYMOUS", "1")]);
        let hasty = Desk::new(&strict, self.seller.at(&strict), self.exchanges);
        hasty.seller.get("/account");
        hasty.record(ask(path).request, false).expect(429);
        self.world.db.break_read();
        self.world.db.break_commit(1, crate::world::Landed::No);
        send(ask(path).request).expect(500);
        self.world.db.mend();
    }

    /// Somebody with an account of his own asks for what is this seller's: for him it isn't there, and nothing changes.
    fn intrude(&self, route: &[&str], path: &str, request: Request) {
        let names_ours = request.body.as_deref().is_some_and(|body| String::from_utf8_lossy(body).contains("_id"));
        let has_id = route.iter().any(|part| part.starts_with('{'));
        if !has_id && !names_ours {
            return;
        }
        let eve = self.world.seller_named(&format!("eve-{}@example.com", self.exchanges.borrow().len()), true);
        let before = self.world.db.dump();
        let mut request = request;
        request.headers[0] = ("authorization", basic(&eve.email, &eve.key));
        let method = request.method;
        let refused = self.record(request, false);
        if has_id {
            assert_eq!(refused.status(), 404, "{method:?} {path}: {}", refused.text());
            assert_eq!(refused.message(), "The specified resource could not be found");
        } else {
            assert!([400, 404].contains(&refused.status()), "{method:?} {path}: {}", refused.text());
        }
        assert_eq!(self.world.db.dump(), before, "{method:?} {path} changed something of another account");
    }
}

fn named(request: &Request) -> String {
    let segments = request.segments();
    let path = segments.strip_prefix(&["api", "v2"]).unwrap_or_else(|| panic!("{} is not of the API", request.path));
    let found = ROUTES.iter().find(|route| {
        route.method == request.method
            && route.path.len() == path.len()
            && route.path.iter().zip(path).all(|(part, given)| part == given || part.starts_with('{'))
    });
    let route = found.unwrap_or_else(|| panic!("no route: {:?} {}", request.method, request.path));
    operation(route.method, route.path)
}
