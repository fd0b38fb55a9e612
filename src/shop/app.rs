//! What every verb of the shop is given: the platform, the dialect's words for events, and the memory of this isolate.
//!
//! Rooms keep their own types in [`Memory`], and dialects their own functions in [`Serializers`]. Both are found by type, so
//! that nothing here knows a room.

use std::{
    any::{Any, TypeId},
    cell::RefCell,
    collections::HashMap,
    rc::Rc,
};

use futures_util::future::join_all;

use super::job::Job;
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

/// How a dialect words the bodies of events: a function for each type that an event can be about.
#[derive(Default)]
pub struct Serializers(HashMap<TypeId, Box<dyn Any>>);

impl Serializers {
    /// Compact JSON of everything of this type.
    pub fn with<T: 'static>(mut self, body: fn(&T) -> String) -> Serializers {
        self.0.insert(TypeId::of::<T>(), Box::new(body));
        self
    }

    /// The body of an event about `subject`.
    pub fn body<T: 'static>(&self, subject: &T) -> Result<String, Fault> {
        let body = self.0.get(&TypeId::of::<T>()).and_then(|body| body.downcast_ref::<fn(&T) -> String>());
        let body =
            body.ok_or_else(|| Fault(format!("no dialect words events about {}", std::any::type_name::<T>())))?;
        Ok(body(subject))
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
