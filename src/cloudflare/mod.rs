//! Cloudflare: the events that start everything, and the world's traits over the platform's bindings. One binding, one
//! file. Nothing above this folder knows that it exists.

use std::{cell::RefCell, rc::Rc};

use worker::{Context, Env, MessageBatch, ScheduleContext, ScheduledEvent, event};

use crate::{
    api,
    http::{Body, Response},
    platform::{Clock, ConfigError, EMAIL_BINDING, Fault, Level, Log, LogLine, Platform, Random, Settings},
    router,
    shop::{App, id, job::Job, sweep},
};

mod assets;
mod bindings;
mod cache;
pub mod d1;
mod email;
mod files;
mod kv;
mod limit;
mod live;
mod queue;
pub mod request;
mod web;

#[event(fetch)]
async fn fetch(request: web_sys::Request, env: Env, context: Context) -> worker::Result<web_sys::Response> {
    match answer(&request, &env, &context).await {
        Ok(answer) => Ok(answer),
        Err(error) => {
            Runtime.write(LogLine::error("request.unanswered").because(&error));
            Ok(request::answer(&Response::empty(500))?)
        }
    }
}

async fn answer(request: &web_sys::Request, env: &Env, context: &Context) -> worker::Result<web_sys::Response> {
    let answer = match shop(env) {
        Ok(app) => {
            let request = request::read(request).await?;
            let key = cache::key(&request);
            if let Some(key) = &key
                && let Some(kept) = cache::find(key).await
            {
                return Ok(kept);
            }
            let answer = router::answer(&app, request).await;
            if let Some(key) = key {
                cache::keep(context, key, &answer);
            }
            if app.platform.settings.allow_insecure_urls { answer.with("x-d1-usage", d1::usage()) } else { answer }
        }
        Err(missing) => {
            Runtime.write(LogLine::error("config.missing").because(&missing.0));
            router::unconfigured(&missing, &request_id())
        }
    };
    match &answer.body {
        Body::Live(order_id) => live::connect(env, order_id).await,
        _ => Ok(request::answer(&answer)?),
    }
}

/// A batch of a queue.
#[event(queue)]
async fn queue(batch: MessageBatch<String>, env: Env, _context: Context) -> worker::Result<()> {
    match shop(&env) {
        Ok(app) => queue::consume(&app, &batch).await,
        Err(missing) => {
            Runtime.write(LogLine::error("config.missing").because(&missing.0));
            batch.retry_all();
        }
    }
    Ok(())
}

/// A minute has passed.
#[event(scheduled)]
async fn scheduled(_event: ScheduledEvent, env: Env, _context: ScheduleContext) {
    match shop(&env) {
        Ok(app) => {
            if let Err(fault) = sweep::sweep(&app).await {
                app.platform.log.write(LogLine::error("sweep.failed").because(fault));
            }
        }
        Err(missing) => Runtime.write(LogLine::error("config.missing").because(&missing.0)),
    }
}

/// Made once an isolate. Bindings and settings belong to it, not to a request, and don't change while it lives.
fn shop(env: &Env) -> Result<Rc<App>, ConfigError> {
    thread_local! {
        static APP: RefCell<Option<Rc<App>>> = const { RefCell::new(None) };
    }
    if let Some(app) = APP.with(|known| known.borrow().clone()) {
        return Ok(app);
    }
    let app = Rc::new(open(env)?);
    APP.with(|known| known.replace(Some(app.clone())));
    Ok(app)
}

fn open(env: &Env) -> Result<App, ConfigError> {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        Runtime.write(LogLine::error("panic").because(panic));
        // The crate's own, which has the module begin anew.
        hook(panic);
    }));
    let settings = Rc::new(Settings::read(|name| match name {
        EMAIL_BINDING => email::is_bound(env).then(|| name.to_owned()),
        _ => env.var(name).ok().map(|value| value.to_string()),
    })?);
    let bound = |fault: Fault| ConfigError(format!("{} (see wrangler.toml)", fault.0));
    let kv = env.kv("KV").map_err(|error| bound(Fault(format!("the binding KV is missing: {error}"))))?;
    let world = Platform {
        databases: Rc::new(d1::Shards::open(env)),
        cache: Rc::new(kv::Near(kv)),
        files: Rc::new(files::Bucket(env.clone())),
        assets: Rc::new(assets::Public(env.clone())),
        queue: Rc::new(queue::Jobs::open(env).map_err(bound)?),
        http: Rc::new(web::Outbound),
        mailer: Rc::new(email::Service(env.clone())),
        live: Rc::new(live::Pages(env.clone())),
        limits: Rc::new(limit::Bindings::open(env).map_err(bound)?),
        clock: Rc::new(Runtime),
        random: Rc::new(Runtime),
        log: Rc::new(Runtime),
        settings,
    };
    Ok(App { platform: world, serializers: api::serializers(), memory: Default::default() })
}

fn request_id() -> String {
    let mut bytes = [0; 16];
    Runtime.fill(&mut bytes);
    id::hex(&bytes)
}

struct Runtime;

impl Clock for Runtime {
    fn now(&self) -> i64 {
        // Whole milliseconds.
        js_sys::Date::now() as i64
    }
}

impl Random for Runtime {
    #[expect(clippy::panic, reason = "no answer may be made without randomness")]
    fn fill(&self, bytes: &mut [u8]) {
        // Web Crypto gives up to 65,536 bytes without fail; nobody here asks for more than 32.
        if getrandom::fill(bytes).is_err() {
            panic!("the platform has no randomness");
        }
    }
}

impl Log for Runtime {
    fn write(&self, line: LogLine) {
        let text = line.to_json(&String::from(js_sys::Date::new_0().to_iso_string()));
        match line.level() {
            Level::Info => worker::console_log!("{text}"),
            Level::Warn => worker::console_warn!("{text}"),
            Level::Error => worker::console_error!("{text}"),
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
                Runtime.write(
                    LogLine::warn("queue.message_unreadable")
                        .because("no version of this program wrote it; it is dropped"),
                );
            }
            job
        })
        .collect()
}
