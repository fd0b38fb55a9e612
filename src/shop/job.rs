//! Queue messages. Each names a row, and the row says whether anything is still to be done.

use serde::{Deserialize, Serialize};

use crate::{json, platform::QueueName};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Job {
    /// Send the webhook of this log. `slow`: its receiver failed before, or may take its time.
    Deliver { shard: String, account_id: i64, log_id: String, slow: bool },
    /// Sync this order with its gateway. Of several chains of syncs only the one with the order's own generation lives on.
    Sync { shard: String, account_id: i64, order_id: String, generation: i64 },
    /// Process what a gateway has told: its notification with this id.
    Process { shard: String, account_id: i64, gateway: String, id: String },
    /// Ask the seller's server for the goods of this order.
    Prepare { shard: String, account_id: i64, order_id: String },
    /// Deliver the paid orders that wait for stock of this product.
    Restock { shard: String, account_id: i64, product_id: String },
    /// Send the mail with this id.
    Mail { shard: String, account_id: i64, id: String },
}

impl Job {
    /// A receiver that answers late must keep no sync waiting, and no other receiver; nor must syncs and notifications wait for each
    /// other.
    pub fn lane(&self) -> QueueName {
        match self {
            // Both move paid orders on, and neither waits for a seller's server.
            Job::Sync { .. } | Job::Restock { .. } => QueueName::PaymentSync,
            Job::Process { .. } => QueueName::Notifications,
            Job::Deliver { slow: false, .. } => QueueName::Deliveries,
            // A seller's server may take its time, and so may a mail service.
            Job::Deliver { slow: true, .. } | Job::Prepare { .. } | Job::Mail { .. } => QueueName::Retries,
        }
    }

    pub fn to_text(&self) -> String {
        let (word, shard, account_id, id, last) = match self.clone() {
            Job::Deliver { shard, account_id, log_id, slow } => {
                (Word::Deliver, shard, account_id, log_id, Last::Number(slow.into()))
            }
            Job::Sync { shard, account_id, order_id, generation } => {
                (Word::Sync, shard, account_id, order_id, Last::Number(generation))
            }
            Job::Process { shard, account_id, gateway, id } => {
                (Word::Process, shard, account_id, id, Last::Text(gateway))
            }
            Job::Prepare { shard, account_id, order_id } => {
                (Word::Prepare, shard, account_id, order_id, Last::Number(0))
            }
            Job::Restock { shard, account_id, product_id } => {
                (Word::Restock, shard, account_id, product_id, Last::Number(0))
            }
            Job::Mail { shard, account_id, id } => (Word::Mail, shard, account_id, id, Last::Number(0)),
        };
        json::to_text(&Message(word, shard, account_id, id, last))
    }

    /// `None` for a text that no version of this program wrote.
    pub fn from_text(text: &str) -> Option<Job> {
        let Message(word, shard, account_id, id, last) = json::from_text(text)?;
        match (word, last) {
            (Word::Deliver, Last::Number(slow)) => {
                Some(Job::Deliver { shard, account_id, log_id: id, slow: slow == 1 })
            }
            (Word::Sync, Last::Number(generation)) => Some(Job::Sync { shard, account_id, order_id: id, generation }),
            (Word::Process, Last::Text(gateway)) => Some(Job::Process { shard, account_id, gateway, id }),
            (Word::Prepare, Last::Number(_)) => Some(Job::Prepare { shard, account_id, order_id: id }),
            (Word::Restock, Last::Number(_)) => Some(Job::Restock { shard, account_id, product_id: id }),
            (Word::Mail, Last::Number(_)) => Some(Job::Mail { shard, account_id, id }),
            _ => None,
        }
    }
}

/// A job as it is sent: an array. Shard, account, the row's id, and what the word needs besides.
#[derive(Serialize, Deserialize)]
struct Message(Word, String, i64, String, Last);

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Word {
    Deliver,
    Sync,
    Process,
    Prepare,
    Restock,
    Mail,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Last {
    /// The generation of a sync; or 1 for a delivery that is `slow`; 0 where nothing else is needed.
    Number(i64),
    /// The gateway of what is processed.
    Text(String),
}

#[cfg(test)]
mod tests {
    use super::Job;

    #[test]
    fn a_job_survives_the_queue() {
        let job = Job::Sync { shard: "DB".into(), account_id: 7, order_id: "o".into(), generation: 3 };
        assert_eq!(Job::from_text(&job.to_text()), Some(job));
        // Messages of the version before may be on their way.
        for text in [
            r#"["deliver","DB",7,"log",1]"#,
            r#"["deliver","DB_1",7,"log",0]"#,
            r#"["sync","DB",7,"order",3]"#,
            r#"["process","DB",7,"evt_1","stripe"]"#,
            r#"["prepare","DB",7,"order",0]"#,
            r#"["restock","DB",7,"product",0]"#,
            r#"["mail","DB",7,"paid:order",0]"#,
        ] {
            assert_eq!(Job::from_text(text).unwrap().to_text(), text);
        }
        assert_eq!(Job::from_text(r#"["process","DB",7,"evt_1",1]"#), None);
        assert_eq!(Job::from_text("[]"), None);
        assert_eq!(Job::from_text(r#"["dance","DB",1,"x",0]"#), None);
    }
}
