//! The queues, both ends: messages go out as texts, and batches come in as jobs.

use worker::{
    BatchMessageBuilder, Env, MessageBatch, MessageExt as _, QueueContentType, RawMessage, RawMessageBuilder,
};

use super::bindings::fault;
use crate::{
    platform::{Fault, LocalBoxFuture, Queue, QueueName},
    shop::{App, consumer},
};

/// The platform takes so many messages at once.
const MAX: usize = 100;

/// The bindings `PAYMENT_SYNC`, `NOTIFICATIONS`, `DELIVERIES` and `RETRIES`.
pub struct Jobs {
    payment_sync: worker::Queue,
    notifications: worker::Queue,
    deliveries: worker::Queue,
    retries: worker::Queue,
}

impl Jobs {
    pub fn open(env: &Env) -> Result<Jobs, Fault> {
        let queue = |name| env.queue(name).map_err(fault);
        Ok(Jobs {
            payment_sync: queue("PAYMENT_SYNC")?,
            notifications: queue("NOTIFICATIONS")?,
            deliveries: queue("DELIVERIES")?,
            retries: queue("RETRIES")?,
        })
    }
}

impl Queue for Jobs {
    fn send<'a>(&'a self, lane: QueueName, messages: Vec<(String, u32)>) -> LocalBoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            let producer = match lane {
                QueueName::PaymentSync => &self.payment_sync,
                QueueName::Notifications => &self.notifications,
                QueueName::Deliveries => &self.deliveries,
                QueueName::Retries => &self.retries,
            };
            for chunk in messages.chunks(MAX) {
                let message = |(text, delay): &(String, u32)| {
                    let message = RawMessageBuilder::new(text.as_str().into()).delay_seconds(*delay);
                    message.build_with_content_type(QueueContentType::Text)
                };
                let batch = BatchMessageBuilder::new().messages(chunk.iter().map(message)).build();
                producer.send_raw_batch(batch).await.map_err(fault)?;
            }
            Ok(())
        })
    }
}

/// Works a batch; what failed comes again after the consumer's `retry_delay`, and cron finds it should it not.
pub async fn consume(app: &App, batch: &MessageBatch<String>) {
    let messages: Vec<RawMessage> = batch.raw_iter().collect();
    let texts: Vec<_> = messages.iter().map(|message| message.body().as_string()).collect();
    let jobs = super::jobs(&texts);
    let known: Vec<_> = jobs.iter().flatten().cloned().collect();
    let mut done = consumer::work(app, &known).await.into_iter();
    for (message, job) in messages.iter().zip(&jobs) {
        let failed = job.is_some() && done.next() == Some(false);
        if failed {
            message.retry();
        } else {
            message.ack();
        }
    }
}
