//! Queue messages. Each names a row, and the row says whether anything is still to be done.

use crate::{
    json::{self, Value},
    platform::QueueName,
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Job {
    /// Send the webhook of this log. `slow`: its receiver failed before, or may take its time.
    Deliver { shard: String, account_id: i64, log_id: String, slow: bool },
    /// Look at the chain for this order. Of several chains of looks only the one with the order's own turn lives on.
    Look { shard: String, account_id: i64, order_id: String, turn: i64 },
    /// Hear what a gateway has told: its notice with this id.
    Hear { shard: String, account_id: i64, gateway: String, id: String },
}

impl Job {
    /// A receiver that answers late must keep no look waiting, and no other receiver; nor must looks and notifications wait for each
    /// other.
    pub fn lane(&self) -> QueueName {
        match self {
            Job::Look { .. } => QueueName::PaymentSync,
            Job::Hear { .. } => QueueName::Notifications,
            Job::Deliver { slow: false, .. } => QueueName::Deliveries,
            Job::Deliver { slow: true, .. } => QueueName::Retries,
        }
    }

    /// `[word, shard, account, id, turn or whether it is a retry or gateway]`
    pub fn to_text(&self) -> String {
        match self {
            Job::Deliver { shard, account_id, log_id, slow } => {
                json::to_text(&("deliver", shard, account_id, log_id, u8::from(*slow)))
            }
            Job::Look { shard, account_id, order_id, turn } => {
                json::to_text(&("look", shard, account_id, order_id, turn))
            }
            Job::Hear { shard, account_id, gateway, id } => json::to_text(&("hear", shard, account_id, id, gateway)),
        }
    }

    /// `None` for a text that no version of this program wrote.
    pub fn from_text(text: &str) -> Option<Job> {
        let (word, shard, account_id, id, last): (String, String, i64, String, Value) = json::from_text(text)?;
        match word.as_str() {
            "deliver" => Some(Job::Deliver { shard, account_id, log_id: id, slow: last.as_i64()? == 1 }),
            "look" => Some(Job::Look { shard, account_id, order_id: id, turn: last.as_i64()? }),
            "hear" => Some(Job::Hear { shard, account_id, gateway: last.as_str()?.to_owned(), id }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Job;

    #[test]
    fn a_job_survives_the_queue() {
        let job = Job::Look { shard: "DB".into(), account_id: 7, order_id: "o".into(), turn: 3 };
        assert_eq!(Job::from_text(&job.to_text()), Some(job));
        assert_eq!(Job::from_text("[]"), None);
        assert_eq!(Job::from_text(r#"["dance","DB",1,"x",0]"#), None);
    }
}
