//! One attempt: a log is signed and sent, its answer or the lack of one is written into it, and the next attempt is set.

use std::{cell::RefCell, rc::Rc};

use super::{App, Log, dns, key, sign, task::Task};
use crate::{
    json::{self, Pairs},
    platform::{Fault, FetchError, HttpRequest, HttpResponse, LogLine},
    shop::{
        account::secret::Secrets,
        time::{self, HOUR, MINUTE, SECOND},
    },
};

/// A receiver has this long, in milliseconds.
const TIMEOUT: u32 = 15_000;
/// One that is tried out has this long: whoever registers it waits.
const TRIED: u32 = 10_000;
/// One that is expected to be quick has this long. Then it is asked again, and may take its time: in a queue where it keeps
/// none of the quick ones waiting. It sees the same webhook a second time, under the same id.
const QUICK: u32 = 4_000;
/// An answer that took so long, in milliseconds, makes its receiver a slow one: three quarters of what the quick have.
const LATE: i64 = QUICK as i64 * 3 / 4;
/// So much of its answer is kept.
const MAX_RESPONSE: usize = 20 << 10;

/// Time between two attempts: quick at first, for a receiver that was restarting, then over three days.
pub const RETRY_DELAYS: [i64; 10] =
    [5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR, 24 * HOUR];

/// A queue delays no message for longer.
pub const MAX_DELAY: i64 = 12 * HOUR;

pub struct Attempted {
    pub task: Task,
    pub end: End,
    /// It was answered, but took so long over it that it had better not be among the quick.
    pub late: bool,
}

/// How an attempt ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum End {
    Delivered,
    Failed,
    /// The receiver said 410: it wants no more.
    Gone,
    /// It was not made, for reasons of ours.
    NotMade,
    /// The quick ones' time is over, and it may be asked again.
    NotQuick,
}

/// The secrets of a batch's accounts, and of endpoints with keys of their own: unsealing takes longer than signing.
#[derive(Default)]
pub struct Opened(RefCell<Vec<(Holder, Rc<Secrets>)>>);

/// The account, and the endpoint where that has a key of its own.
type Holder = (i64, Option<String>);

impl Opened {
    fn of(&self, app: &App, task: &Task) -> Result<Rc<Secrets>, Fault> {
        let own = task.signing_key.as_deref().zip(task.endpoint_id.as_deref());
        let holder = (task.account_id, own.map(|(_, id)| id.to_owned()));
        let known = self.0.borrow().iter().find(|(known, _)| *known == holder).map(|(_, secrets)| secrets.clone());
        if let Some(secrets) = known {
            return Ok(secrets);
        }
        let secrets = Rc::new(match own {
            Some((sealed, id)) => Secrets::only(key::open(app, task.account_id, id, sealed)?),
            None => task.secrets.open(app, task.account_id, app.now())?,
        });
        self.0.borrow_mut().push((holder, secrets.clone()));
        Ok(secrets)
    }
}

/// `quick`: it is expected to answer at once, and gets another time if it doesn't.
pub async fn attempt(app: &App, opened: &Opened, task: Task, quick: bool) -> Attempted {
    let secrets = match opened.of(app, &task) {
        Ok(secrets) => secrets,
        Err(fault) => {
            let line = LogLine::error("webhook.secret_unreadable").account(task.account_id);
            app.platform.log.write(line.because(fault));
            return Attempted { end: End::NotMade, ..failed(app, task, "secret") };
        }
    };
    if let Err(reason) = dns::check(app, &task.log.url).await {
        return failed(app, task, reason);
    }
    let now = app.now();
    let request = request(app, &secrets, &task.log, (task.account_id, task.seq), if quick { QUICK } else { TIMEOUT });
    match app.platform.http.fetch(request).await {
        Ok(answer) => {
            // A status at once and then a body that trickles takes as long as no answer.
            let late = app.now() - now >= LATE;
            Attempted { late, ..answered(app, task, answer) }
        }
        Err(FetchError::Timeout) if quick => Attempted { task, end: End::NotQuick, late: true },
        Err(fault) => failed(app, task, fault.word()),
    }
}

/// A log as it is sent, signed. `seq` is its place among those of its account.
fn request(app: &App, secrets: &Secrets, log: &Log, (account_id, seq): (i64, i64), timeout: u32) -> HttpRequest {
    let written = log.body(app, account_id);
    let (body, seconds) = (sign::body(&written), app.now() / SECOND);
    let headers = sign::headers(&app.platform.settings.brand, secrets, log, seq, &written, &body, seconds);
    let url = log.url.clone();
    HttpRequest { method: "POST", url, headers, body: Some(body.into_bytes()), timeout, limit: MAX_RESPONSE }
}

/// Sends a log here and now that is not kept, signed with this key: whoever wants its URL registered shows that it answers.
/// → its status, or the word for why there is none.
pub async fn try_out(app: &App, key: String, log: &Log, account_id: i64) -> Result<u16, String> {
    dns::check(app, &log.url).await?;
    let request = request(app, &Secrets::only(key), log, (account_id, 0), TRIED);
    app.platform.http.fetch(request).await.map(|answer| answer.status).map_err(|fault| fault.word().to_owned())
}

/// The log is over, and was not sent.
pub fn given_up(mut task: Task, reason: &str) -> Attempted {
    task.log.error = Some(reason.to_owned());
    task.log.next_retry_at = None;
    task.due_at = None;
    Attempted { task, end: End::NotMade, late: false }
}

fn answered(app: &App, mut task: Task, answer: HttpResponse) -> Attempted {
    let headers = answer.headers.get(..answer.headers.len().min(50)).unwrap_or_default();
    task.log.response_code = answer.status.into();
    task.log.response = Some(String::from_utf8_lossy(&answer.body).into_owned());
    task.log.response_headers = Some(json::to_text(&Pairs(headers)));
    // The status decides whether it arrived; this only says why not all of the answer is here.
    task.log.error = match answer.truncated {
        true if answer.body.len() >= MAX_RESPONSE => Some("too_large".into()),
        true => Some("incomplete".into()),
        false => None,
    };
    let end = match answer.status {
        200..300 => End::Delivered,
        410 => End::Gone,
        _ => End::Failed,
    };
    if end == End::Failed {
        retry_later(app, &mut task, retry_after(&answer, app.now()));
    } else {
        task.log.next_retry_at = None;
        task.due_at = None;
    }
    Attempted { task, end, late: false }
}

fn failed(app: &App, mut task: Task, reason: &str) -> Attempted {
    task.log.response_code = 0;
    task.log.response = None;
    task.log.response_headers = None;
    task.log.error = Some(reason.to_owned());
    retry_later(app, &mut task, None);
    Attempted { task, end: End::Failed, late: false }
}

/// What a server that is too busy asks for, in milliseconds.
pub fn retry_after(answer: &HttpResponse, now: i64) -> Option<i64> {
    let text = answer.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("retry-after"))?;
    let text = text.1.trim();
    // Seconds or a date (RFC 9110, 10.2.3).
    let wait = match text.parse::<i64>() {
        Ok(seconds) => seconds.saturating_mul(SECOND),
        Err(_) => time::http_date(text)? - now,
    };
    Some(wait.clamp(0, 24 * HOUR))
}

/// The time of a step, ±20 %, so that what failed together doesn't come back together; or more, where more was `asked` for.
pub fn wait(app: &App, step: i64, asked: Option<i64>) -> i64 {
    let jitter = i64::from(u16::from_le_bytes(app.random())) * 400 / 65_536 - 200;
    (step + step * jitter / 1_000).max(asked.unwrap_or(0))
}

fn retry_later(app: &App, task: &mut Task, asked: Option<i64>) {
    let step = usize::try_from(task.log.retries).ok().and_then(|n| RETRY_DELAYS.get(n));
    let (Some(step), true) = (step, task.log.retries < task.log.retry_limit) else {
        task.log.next_retry_at = None;
        task.due_at = None;
        return;
    };
    task.log.retries += 1;
    let wait = wait(app, *step, asked);
    let at = app.now() + wait;
    task.log.next_retry_at = Some(at);
    // Its nudge comes at that time; cron only when the nudge was lost, or can't wait so long.
    task.due_at = Some(if wait <= MAX_DELAY { at + MINUTE } else { at });
}
