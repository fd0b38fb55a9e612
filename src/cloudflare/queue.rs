//! The queue, both ends: nudges go out as texts, and batches come in as jobs.

use worker::{
    BatchMessageBuilder, MessageBatch, MessageBuilder, MessageExt, QueueContentType, QueueRetryOptionsBuilder, Result,
};

use crate::{
    shop::{Shop, job},
    world::{Fault, Later, Queue},
};

/// The platform takes so many messages at once.
const MOST: usize = 100;

pub struct Jobs(pub worker::Queue);

impl Queue for Jobs {
    fn send<'a>(&'a self, messages: Vec<(String, u32)>) -> Later<'a, std::result::Result<(), Fault>> {
        Box::pin(async move {
            for chunk in messages.chunks(MOST) {
                let messages = chunk.iter().map(|(text, delay)| {
                    MessageBuilder::new(text.clone()).content_type(QueueContentType::Text).delay_seconds(*delay).build()
                });
                let batch = BatchMessageBuilder::new().messages(messages).build();
                self.0.send_batch(batch).await.map_err(|error| Fault(error.to_string()))?;
            }
            Ok(())
        })
    }
}

/// Works a batch; what failed comes again a little later, and cron finds it should it not.
pub async fn consume(shop: &Shop, batch: &MessageBatch<String>) -> Result<()> {
    let messages: Vec<_> = batch.raw_iter().collect();
    let texts: Vec<_> = messages.iter().map(|message| message.body().as_string()).collect();
    let jobs = super::jobs(&texts);
    let known: Vec<_> = jobs.iter().flatten().cloned().collect();
    let mut done = job::work(shop, &known).await.into_iter();
    for (message, job) in messages.iter().zip(&jobs) {
        let failed = job.is_some() && done.next() == Some(false);
        if failed {
            message.retry_with_options(&QueueRetryOptionsBuilder::new().with_delay_seconds(10).build());
        } else {
            message.ack();
        }
    }
    Ok(())
}
