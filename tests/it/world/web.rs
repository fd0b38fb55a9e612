//! The web as a test scripts it: a handler for each prefix of a URL, and a record of all that was sent.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use pushguard::platform::{Clock as _, FetchError, HttpRequest, HttpResponse, LocalBoxFuture};

use super::{Clock, Yield};

/// A request that the shop sent, and when.
#[derive(Debug, Clone)]
pub struct Sent {
    pub method: &'static str,
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
    /// How long it waits for an answer, in milliseconds.
    pub timeout: u32,
    pub at: i64,
}

impl Sent {
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str()).unwrap_or_else(|| panic!("no header {name} in {:?}", self.headers))
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).expect("a JSON body")
    }
}

type Handler = Rc<RefCell<dyn FnMut(&Sent) -> Result<HttpResponse, FetchError>>>;

pub struct Web {
    handlers: RefCell<Vec<(String, Handler)>>,
    sent: RefCell<Vec<Sent>>,
    pub interleaves: Cell<bool>,
    /// Requests that wait for their answers now, and the most that ever did.
    waiting: Cell<usize>,
    most_waiting: Cell<usize>,
    clock: Rc<Clock>,
}

/// What a server says.
pub fn answer(status: u16, body: impl Into<Vec<u8>>) -> Result<HttpResponse, FetchError> {
    Ok(HttpResponse { status, headers: Vec::new(), body: body.into(), truncated: false })
}

impl Web {
    pub fn new(clock: Rc<Clock>) -> Web {
        Web {
            handlers: RefCell::default(),
            sent: RefCell::default(),
            interleaves: Cell::new(false),
            waiting: Cell::new(0),
            most_waiting: Cell::new(0),
            clock,
        }
    }

    /// From now on, what goes to URLs that begin so is answered so.
    pub fn on(&self, prefix: &str, handler: impl FnMut(&Sent) -> Result<HttpResponse, FetchError> + 'static) {
        self.handlers.borrow_mut().push((prefix.to_owned(), Rc::new(RefCell::new(handler))));
    }

    /// Answers everything at this prefix with this status and an empty body.
    pub fn says(&self, prefix: &str, status: u16) {
        self.on(prefix, move |_| answer(status, ""));
    }

    pub fn sent(&self) -> Vec<Sent> {
        self.sent.borrow().clone()
    }

    pub fn sent_to(&self, prefix: &str) -> Vec<Sent> {
        self.sent().into_iter().filter(|sent| sent.url.starts_with(prefix)).collect()
    }

    pub fn most_waiting(&self) -> usize {
        self.most_waiting.get()
    }

    pub fn forget(&self) {
        self.sent.borrow_mut().clear();
    }
}

impl pushguard::platform::HttpClient for Web {
    fn fetch<'a>(&'a self, request: HttpRequest) -> LocalBoxFuture<'a, Result<HttpResponse, FetchError>> {
        Box::pin(async move {
            self.waiting.set(self.waiting.get() + 1);
            self.most_waiting.set(self.most_waiting.get().max(self.waiting.get()));
            Yield(self.interleaves.get()).await;
            self.waiting.set(self.waiting.get() - 1);
            assert!((1..=15_000).contains(&request.timeout), "{} may take {} ms", request.url, request.timeout);
            let sent = Sent {
                method: request.method,
                url: request.url,
                headers: request.headers,
                body: String::from_utf8(request.body.unwrap_or_default()).expect("bodies are UTF-8"),
                timeout: request.timeout,
                at: self.clock.now(),
            };
            super::record::sent(&sent);
            self.sent.borrow_mut().push(sent.clone());
            let handlers = self.handlers.borrow();
            let handler = handlers.iter().rev().find(|(prefix, _)| sent.url.starts_with(prefix.as_str()));
            let handler = handler.map(|(_, handler)| handler.clone());
            drop(handlers);
            let mut answer = handler.map_or(Err(FetchError::Dns), |handler| (handler.borrow_mut())(&sent))?;
            if answer.body.len() > request.limit {
                answer.body.truncate(request.limit);
                answer.truncated = true;
            }
            Ok(answer)
        })
    }
}
