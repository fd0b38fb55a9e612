//! Cloudflare: the events that start everything, and the world's traits over the platform's bindings. One binding, one
//! file. Nothing above this folder knows that it exists.

use std::{cell::RefCell, rc::Rc};

use js_sys::{Date, Promise};
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

use crate::{
    api::v2::event::Events,
    door,
    http::{Body, Response},
    shop::{
        Shop, id,
        job::{self, Job},
    },
    world::{Clock, Fault, Level, Log, LogLine, Missing, Random, Settings, World},
};
use js::Env;

pub mod d1;
mod files;
mod js;
mod kv;
mod limit;
mod live;
mod queue;
pub mod request;
mod task;
mod web;

/// A request, by the name that the platform calls.
#[wasm_bindgen]
pub fn fetch(request: web_sys::Request, env: Env, _context: JsValue) -> JsValue {
    task::run(async move {
        let answered = answer(&request, &env).await.or_else(|error| {
            Platform.write(LogLine::error("request.unanswered").because(js::words(&error)));
            request::answer(&Response::empty(500))
        });
        answered.map(JsValue::from).unwrap_or_default()
    })
}

async fn answer(request: &web_sys::Request, env: &Env) -> Result<web_sys::Response, JsValue> {
    let answer = match shop(env) {
        Ok(shop) => {
            let answer = door::answer(&shop, request::read(request).await?).await;
            if shop.world.settings.allow_insecure_urls { answer.with("x-d1-usage", d1::usage()) } else { answer }
        }
        Err(missing) => {
            Platform.write(LogLine::error("config.missing").because(&missing.0));
            door::unconfigured(&missing, &request_id())
        }
    };
    match &answer.body {
        Body::Live(order_id) => live::connect(env, order_id).await,
        _ => request::answer(&answer),
    }
}

/// A batch of a queue.
#[wasm_bindgen]
pub fn queue(batch: js::Batch, env: Env, _context: JsValue) -> JsValue {
    task::run(async move {
        match shop(&env) {
            Ok(shop) => {
                queue::consume(&shop, &batch).await;
                JsValue::UNDEFINED
            }
            // All of it comes again.
            Err(missing) => Promise::reject(&js_sys::Error::new(&missing.0)).into(),
        }
    })
}

/// A minute has passed.
#[wasm_bindgen]
pub fn scheduled(_event: JsValue, env: Env, _context: JsValue) -> JsValue {
    task::run(async move {
        match shop(&env) {
            Ok(shop) => {
                if let Err(fault) = job::sweep(&shop).await {
                    shop.world.log.write(LogLine::error("sweep.failed").because(fault));
                }
            }
            Err(missing) => Platform.write(LogLine::error("config.missing").because(&missing.0)),
        }
        JsValue::UNDEFINED
    })
}

/// For worker-build's shim, by the name that it calls.
#[wasm_bindgen(js_name = __worker_init_state)]
pub fn instance() -> JsValue {
    js::instance()
}

/// Made once an isolate. Bindings and settings belong to it, not to a request, and don't change while it lives.
fn shop(env: &Env) -> Result<Rc<Shop>, Missing> {
    thread_local! {
        static SHOP: RefCell<Option<Rc<Shop>>> = const { RefCell::new(None) };
    }
    if let Some(shop) = SHOP.with(|known| known.borrow().clone()) {
        return Ok(shop);
    }
    let shop = Rc::new(open(env)?);
    SHOP.with(|known| known.replace(Some(shop.clone())));
    Ok(shop)
}

fn open(env: &Env) -> Result<Shop, Missing> {
    std::panic::set_hook(Box::new(|panic| Platform.write(LogLine::error("panic").because(panic))));
    let settings = Rc::new(Settings::read(|name| js::text(env, name))?);
    let bound = |fault: Fault| Missing(format!("{} (see wrangler.toml)", fault.0));
    let world = World {
        databases: Rc::new(d1::Shards::open(env)),
        cache: Rc::new(kv::Near(js::binding(env, "KV").map_err(bound)?)),
        files: Rc::new(files::Bucket(env.clone())),
        queue: Rc::new(queue::Jobs::open(env).map_err(bound)?),
        web: Rc::new(web::Outbound),
        live: Rc::new(live::Pages(env.clone())),
        limits: Rc::new(limit::Bindings::open(env).map_err(bound)?),
        clock: Rc::new(Platform),
        random: Rc::new(Platform),
        log: Rc::new(Platform),
        settings,
    };
    Ok(Shop { world, voice: &Events, names: Default::default() })
}

fn request_id() -> String {
    let mut bytes = [0; 16];
    Platform.fill(&mut bytes);
    id::hex(&bytes)
}

struct Platform;

impl Clock for Platform {
    fn now(&self) -> i64 {
        Date::now() as i64
    }
}

impl Random for Platform {
    fn fill(&self, bytes: &mut [u8]) {
        // Web Crypto gives up to 65,536 bytes without fail; nobody here asks for more than 32.
        if getrandom::fill(bytes).is_err() {
            panic!("the platform has no randomness");
        }
    }
}

impl Log for Platform {
    fn write(&self, line: LogLine) {
        let text = line.to_json(&String::from(Date::new_0().to_iso_string()));
        match line.level() {
            Level::Info => js::info(&text),
            Level::Warn => js::warn(&text),
            Level::Error => js::complain(&text),
        }
    }
}

/// The texts of a batch's messages as jobs; what no version of this program wrote is dropped, and said.
fn jobs(texts: &[Option<String>]) -> Vec<Option<Job>> {
    texts
        .iter()
        .map(|text| {
            let job = text.as_deref().and_then(Job::from_text);
            if job.is_none() {
                Platform.write(
                    LogLine::warn("queue.message_unreadable")
                        .because("no version of this program wrote it; it is dropped"),
                );
            }
            job
        })
        .collect()
}
