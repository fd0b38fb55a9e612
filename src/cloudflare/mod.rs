//! Cloudflare: the events that start everything, and the world's traits over the platform's bindings. One binding, one
//! file. Nothing above this folder knows that it exists.

use std::rc::Rc;

use worker::{Context, Env, MessageBatch, Request, Response, Result, ScheduleContext, ScheduledEvent, event};

use crate::{
    api::v2::event::Events,
    door,
    http::Body,
    shop::{
        Shop, id,
        job::{self, Job},
    },
    world::{Clock, Fault, Log, Random, Settings, World},
};

mod d1;
mod kv;
mod live;
mod queue;
pub mod request;
mod web;

#[event(fetch)]
async fn fetch(request: Request, env: Env, _context: Context) -> Result<Response> {
    match shop(&env) {
        Ok(shop) => {
            let request = request::read(request).await?;
            let answer = door::answer(&shop, request).await;
            let answer =
                if shop.world.settings.allow_insecure_urls { answer.with("x-d1-usage", d1::usage()) } else { answer };
            match &answer.body {
                Body::Live(order_id) => live::connect(&env, order_id).await,
                _ => request::answer(answer),
            }
        }
        Err(Unready::Missing(missing)) => {
            worker::console_error!("{}", missing.0);
            request::answer(door::unconfigured(&missing, &request_id()))
        }
        Err(Unready::Fault(fault)) => {
            worker::console_error!("{fault}");
            request::answer(crate::api::unavailable("A binding of this deployment is missing (see wrangler.toml)"))
        }
    }
}

#[event(queue)]
async fn queue(batch: MessageBatch<String>, env: Env, _context: Context) -> Result<()> {
    let shop = ready(&env)?;
    queue::consume(&shop, &batch).await
}

#[event(scheduled)]
async fn scheduled(_event: ScheduledEvent, env: Env, _context: ScheduleContext) {
    match ready(&env) {
        Ok(shop) => {
            if let Err(fault) = job::sweep(&shop).await {
                worker::console_error!("the sweep failed, and is repeated in a minute: {fault}");
            }
        }
        Err(error) => worker::console_error!("the sweep did not start: {error}"),
    }
}

enum Unready {
    Missing(crate::world::Missing),
    Fault(Fault),
}

fn shop(env: &Env) -> std::result::Result<Shop, Unready> {
    let settings = settings(env).map_err(Unready::Missing)?;
    let bound =
        |what: &str, error: worker::Error| Unready::Fault(Fault(format!("the binding {what} is missing: {error}")));
    let world = World {
        databases: Rc::new(d1::Shards::open(env)),
        cache: Rc::new(kv::Near(env.kv("KV").map_err(|error| bound("KV", error))?)),
        queue: Rc::new(queue::Jobs(env.queue("JOBS").map_err(|error| bound("JOBS", error))?)),
        web: Rc::new(web::Outbound),
        live: Rc::new(live::Pages(env.clone())),
        clock: Rc::new(Platform),
        random: Rc::new(Platform),
        log: Rc::new(Platform),
        settings,
    };
    Ok(Shop { world, voice: &Events })
}

fn ready(env: &Env) -> Result<Shop> {
    shop(env).map_err(|unready| match unready {
        Unready::Missing(missing) => worker::Error::RustError(missing.0),
        Unready::Fault(fault) => worker::Error::RustError(fault.0),
    })
}

/// Read once an isolate: they don't change while it lives.
fn settings(env: &Env) -> std::result::Result<Rc<Settings>, crate::world::Missing> {
    thread_local! {
        static SETTINGS: std::cell::RefCell<Option<Rc<Settings>>> = const { std::cell::RefCell::new(None) };
    }
    if let Some(known) = SETTINGS.with(|known| known.borrow().clone()) {
        return Ok(known);
    }
    let settings = Rc::new(Settings::read(|name| env.var(name).ok().map(|value| value.to_string()))?);
    SETTINGS.with(|known| *known.borrow_mut() = Some(settings.clone()));
    Ok(settings)
}

fn request_id() -> String {
    let mut bytes = [0; 16];
    Platform.fill(&mut bytes);
    id::hex(&bytes)
}

struct Platform;

impl Clock for Platform {
    fn now(&self) -> i64 {
        worker::Date::now().as_millis() as i64
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
    fn warn(&self, text: &str) {
        worker::console_warn!("{text}");
    }
}

/// The texts of a batch's messages as jobs; what no version of this program wrote is dropped, and said.
fn jobs(texts: &[Option<String>]) -> Vec<Option<Job>> {
    texts
        .iter()
        .map(|text| {
            let job = text.as_deref().and_then(Job::from_text);
            if job.is_none() {
                worker::console_warn!("a queue message could not be read and was dropped");
            }
            job
        })
        .collect()
}
