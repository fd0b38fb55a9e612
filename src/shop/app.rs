//! What every verb of the shop is given: the platform, the dialects' words for events, and the memory of this isolate.
//!
//! Rooms keep their own types in [`Memory`], and dialects their own functions in [`Form`]. Both are found by type, so that
//! nothing here knows a room.

use std::{
    any::{Any, TypeId},
    cell::RefCell,
    collections::HashMap,
    rc::Rc,
};

use futures_util::future::join_all;

use super::{
    event::{Dialect, Envelope, Event},
    job::Job,
};
use crate::platform::{Fault, LimitKind, LogLine, Platform, QueueName};

/// What every verb is given.
pub struct App {
    pub platform: Platform,
    pub serializers: Serializers,
    pub memory: Memory,
}

impl App {
    /// Milliseconds since 1970.
    pub fn now(&self) -> i64 {
        self.platform.clock.now()
    }

    /// Sends queue messages. That may fail: what they stand for is in the database, where cron finds it.
    pub async fn enqueue(&self, messages: Vec<(Job, u32)>) {
        join_all(QueueName::ALL.map(|lane| self.send(lane, &messages))).await;
    }

    async fn send(&self, lane: QueueName, messages: &[(Job, u32)]) {
        let messages = messages.iter().filter(|(job, _)| job.lane() == lane);
        let messages: Vec<_> = messages.map(|(job, delay)| (job.to_text(), *delay)).collect();
        if messages.is_empty() {
            return;
        }
        if let Err(fault) = self.platform.queue.send(lane, messages).await {
            self.platform.log.write(LogLine::warn("queue.send_failed").because(fault));
        }
    }

    /// Counts one request under this key. A limit that doesn't answer refuses nobody: better too many requests than none.
    pub async fn allows(&self, kind: LimitKind, key: &str) -> bool {
        match self.platform.limits.allows(kind, key).await {
            Ok(allowed) => allowed,
            Err(fault) => {
                self.platform.log.write(LogLine::warn("rate_limit.unavailable").because(fault));
                true
            }
        }
    }

    pub fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.platform.random.fill(&mut bytes);
        bytes
    }
}

/// The forms of webhooks, one of each dialect that tells any.
#[derive(Default)]
pub struct Serializers(HashMap<Dialect, Form>);

impl Serializers {
    pub fn with(mut self, dialect: Dialect, form: Form) -> Serializers {
        self.0.insert(dialect, form);
        self
    }

    /// Whether this dialect has words for the event.
    pub fn tells(&self, dialect: Dialect, event: Event) -> bool {
        self.0.get(&dialect).is_some_and(|form| form.events.contains(&event))
    }

    /// What the event says of `subject`: compact JSON, which its logs keep.
    pub fn payload<T: 'static>(&self, dialect: Dialect, event: Event, subject: &T) -> Result<String, Fault> {
        let payload = self.0.get(&dialect).and_then(|form| form.payloads.get(&TypeId::of::<T>()));
        let payload = payload.and_then(|payload| payload.downcast_ref::<fn(Event, &T) -> String>());
        let payload = payload.ok_or_else(|| {
            let (dialect, subject) = (dialect.name(), std::any::type_name::<T>());
            Fault(format!("{dialect} has no words for events about {subject}"))
        })?;
        Ok(payload(event, subject))
    }

    /// A webhook as it is sent: JSON, before some characters are escaped.
    pub fn body(&self, dialect: Dialect, envelope: &Envelope<'_>) -> String {
        match self.0.get(&dialect).and_then(|form| form.envelope) {
            Some(write) => write(envelope),
            None => envelope.payload.to_owned(),
        }
    }
}

/// How a dialect words webhooks: a function for each type that an event can be about, and one for what stands around it. The
/// payload is written with the commit, and the envelope each time that the log is sent or shown: it says nothing that can
/// change meanwhile.
pub struct Form {
    events: &'static [Event],
    envelope: Option<fn(&Envelope<'_>) -> String>,
    payloads: HashMap<TypeId, Box<dyn Any>>,
}

impl Form {
    /// It tells these events.
    pub fn of(events: &'static [Event]) -> Form {
        Form { events, envelope: None, payloads: HashMap::new() }
    }

    /// Compact JSON of everything of this type, which may differ by event.
    pub fn with<T: 'static>(mut self, payload: fn(Event, &T) -> String) -> Form {
        self.payloads.insert(TypeId::of::<T>(), Box::new(payload));
        self
    }

    /// What is sent is not the payload alone.
    pub fn within(self, envelope: fn(&Envelope<'_>) -> String) -> Form {
        Form { envelope: Some(envelope), ..self }
    }
}

/// What rooms remember in this isolate, one value of a type. It is lost with the isolate, so nothing may depend on it.
#[derive(Default)]
pub struct Memory(RefCell<HashMap<TypeId, Rc<dyn Any>>>);

impl Memory {
    /// The value of this type, which begins as its default.
    pub fn of<T: Default + 'static>(&self) -> Rc<T> {
        let mut values = self.0.borrow_mut();
        if let Some(value) = values.get(&TypeId::of::<T>()).and_then(|value| value.clone().downcast().ok()) {
            return value;
        }
        let value = Rc::new(T::default());
        values.insert(TypeId::of::<T>(), value.clone());
        value
    }
}
