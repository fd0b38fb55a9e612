//! The queues, both ends: nudges go out as texts, and batches come in as jobs.

use js_sys::Array;
use wasm_bindgen::JsCast;

use super::js::{self, Batch, Env, Message, Producer};
use crate::{
    shop::{Shop, job},
    world::{Fault, Lane, Later, Queue},
};

/// The platform takes so many messages at once.
const MOST: usize = 100;

/// The bindings `LOOKS`, `DELIVERIES` and `RETRIES`.
pub struct Jobs {
    looks: Producer,
    deliveries: Producer,
    retries: Producer,
}

impl Jobs {
    pub fn open(env: &Env) -> Result<Jobs, Fault> {
        Ok(Jobs {
            looks: js::binding(env, "LOOKS")?,
            deliveries: js::binding(env, "DELIVERIES")?,
            retries: js::binding(env, "RETRIES")?,
        })
    }
}

impl Queue for Jobs {
    fn send<'a>(&'a self, lane: Lane, messages: Vec<(String, u32)>) -> Later<'a, Result<(), Fault>> {
        Box::pin(async move {
            let producer = match lane {
                Lane::Looks => &self.looks,
                Lane::Deliveries => &self.deliveries,
                Lane::Retries => &self.retries,
            };
            for chunk in messages.chunks(MOST) {
                let batch = Array::new();
                for (text, delay) in chunk {
                    batch.push(&js::object(&[
                        ("body", text.into()),
                        ("contentType", "text".into()),
                        ("delaySeconds", (*delay).into()),
                    ]));
                }
                producer.send_batch(batch).await.map_err(js::fault)?;
            }
            Ok(())
        })
    }
}

/// Works a batch; what failed comes again after the consumer's `retry_delay`, and cron finds it should it not.
pub async fn consume(shop: &Shop, batch: &Batch) {
    let messages: Vec<Message> = batch.messages().iter().map(JsCast::unchecked_into).collect();
    let texts: Vec<_> = messages.iter().map(|message| message.body().as_string()).collect();
    let jobs = super::jobs(&texts);
    let known: Vec<_> = jobs.iter().flatten().cloned().collect();
    let mut done = job::work(shop, &known).await.into_iter();
    for (message, job) in messages.iter().zip(&jobs) {
        let failed = job.is_some() && done.next() == Some(false);
        if failed {
            message.retry();
        } else {
            message.ack();
        }
    }
}
