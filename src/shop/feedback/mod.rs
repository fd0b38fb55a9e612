//! Feedbacks: what a buyer says of a completed order, one an order, and what the seller answers.

use super::{
    App, Error, Outcome, Refusal,
    account::Account,
    error::{FeedbackRefusal, OrderRefusal},
    id,
    list::{self, Page},
    order::{self, Status},
    prepared::Prepared,
    time::DAY,
    webhook::{self, Endpoint, Event, Subject},
};

pub mod sql;

/// The buyer's opinion in a word; the numbers are the reference's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rating {
    Negative = -1,
    Neutral = 0,
    Positive = 1,
}

impl Rating {
    pub fn from_code(code: i64) -> Option<Rating> {
        [Rating::Negative, Rating::Neutral, Rating::Positive].into_iter().find(|rating| *rating as i64 == code)
    }

    /// What so many stars say, for a buyer who gave nothing else.
    pub fn of_stars(stars: u32) -> Rating {
        match stars {
            ..=2 => Rating::Negative,
            3 => Rating::Neutral,
            _ => Rating::Positive,
        }
    }

    /// The other way: 1, 3 or 5.
    pub fn stars(self) -> u32 {
        match self {
            Rating::Negative => 1,
            Rating::Neutral => 3,
            Rating::Positive => 5,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feedback {
    /// Its number in the account's list; 0 before it is there.
    pub seq: i64,
    pub id: String,
    pub order_id: String,
    pub product_id: String,
    pub product_title: String,
    pub rating: Rating,
    /// 1 to 5.
    pub stars: u32,
    /// The buyer's; empty when there is none.
    pub comment: String,
    /// The seller's; empty until there is one.
    pub response: String,
    pub created_at: i64,
    pub updated_at: i64,
}

impl Subject for Feedback {
    fn id(&self) -> &str {
        &self.id
    }
}

/// What a buyer says.
#[derive(Debug, Clone)]
pub struct Opinion {
    pub order_id: String,
    pub rating: Rating,
    /// 1 to 5.
    pub stars: u32,
    pub comment: String,
}

/// `page` counts from 1.
pub async fn list(app: &App, account: &Account, page: u32, per_page: u32) -> Outcome<Page<Feedback>> {
    let answers = account.db(app)?.batch(sql::page(account.id, page, per_page)).await?;
    Ok(list::read(answers, sql::feedback)?)
}

pub async fn get(app: &App, account: &Account, id: &str) -> Outcome<Feedback> {
    let row = account.db(app)?.row(sql::one(account.id, id)).await?.ok_or(Refusal::NotFound)?;
    Ok(sql::feedback(&row)?)
}

/// `name` is its id, or its number in the list.
pub async fn named(app: &App, account: &Account, name: &str) -> Outcome<Feedback> {
    let row = account.db(app)?.row(sql::named(account.id, name)).await?.ok_or(Refusal::NotFound)?;
    Ok(sql::feedback(&row)?)
}

/// Refused unless the order is there, completed, and without a feedback.
pub async fn create(app: &App, account: &Account, opinion: Opinion) -> Outcome<Prepared<Feedback>> {
    let db = account.db(app)?;
    let [orders, endpoints] =
        db.batch([order::sql::by_id(account.id, &opinion.order_id), webhook::sql::enabled(account.id)]).await?;
    let order = order::sql::from_row(orders.first().ok_or(OrderRefusal::NotFound)?)?;
    if order.status != Status::Completed {
        return Err(OrderRefusal::NotCompleted.into());
    }
    let now = app.now();
    let feedback = Feedback {
        seq: 0,
        id: id::short(app.random()),
        order_id: order.id,
        product_id: order.product_id,
        product_title: order.product_title,
        rating: opinion.rating,
        stars: opinion.stars,
        comment: opinion.comment,
        response: String::new(),
        created_at: now,
        updated_at: now,
    };
    let endpoints = Endpoint::from_rows(&endpoints)?;
    let owed = webhook::outbox_entries(app, account.id, &[Event::FeedbackCreated], &feedback, &endpoints)?;
    let mut statements = vec![sql::still_completed(account.id, &feedback.order_id), sql::insert(account.id, &feedback)];
    statements.extend(owed.statements);
    Ok(Prepared::new(db, feedback, statements)
        .sending(webhook::messages(account, &owed.logs))
        .on_taken("feedbacks", "order_id", FeedbackRefusal::AlreadyGiven)
        .on_stale(OrderRefusal::NotCompleted))
}

/// For so long, in milliseconds since they gave it, a buyer may change their feedback.
const CHANGEABLE: i64 = 30 * DAY;
/// Tries of a commit that others came before.
const MAX_ATTEMPTS: u32 = 4;

/// Whether its buyer may still change it.
pub fn is_changeable(feedback: &Feedback, now: i64) -> bool {
    now <= feedback.created_at + CHANGEABLE
}

/// What the buyer says: the order's feedback, or another one in place of what they said before. The same again changes nothing.
pub async fn say(app: &App, account: &Account, opinion: &Opinion) -> Outcome<Feedback> {
    let mut again = Refusal::Conflict.into();
    for _ in 0..MAX_ATTEMPTS {
        let known = account.db(app)?.row(sql::of_order(account.id, &opinion.order_id)).await?;
        let prepared = match known {
            None => create(app, account, opinion.clone()).await?,
            Some(row) => restate(app, account, sql::feedback(&row)?, opinion).await?,
        };
        match prepared.commit(app, Vec::new()).await {
            Ok((feedback, _)) => return Ok(feedback),
            // Another one came first, or the seller's response.
            Err(Error::Refused(refusal @ (Refusal::Conflict | Refusal::Feedback(FeedbackRefusal::AlreadyGiven)))) => {
                again = refusal.into()
            }
            Err(error) => return Err(error),
        }
    }
    Err(again)
}

async fn restate(app: &App, account: &Account, before: Feedback, opinion: &Opinion) -> Outcome<Prepared<Feedback>> {
    let db = account.db(app)?;
    let Opinion { rating, stars, comment, .. } = opinion.clone();
    let now = app.now();
    let feedback = Feedback { rating, stars, comment, updated_at: now, ..before.clone() };
    if feedback == (Feedback { updated_at: now, ..before.clone() }) {
        return Ok(Prepared::new(db, before, Vec::new()));
    }
    if !is_changeable(&before, now) {
        return Err(FeedbackRefusal::TooOld.into());
    }
    let [endpoints] = db.batch([webhook::sql::enabled(account.id)]).await?;
    let endpoints = Endpoint::from_rows(&endpoints)?;
    let owed = webhook::outbox_entries(app, account.id, &[Event::FeedbackUpdated], &feedback, &endpoints)?;
    let mut statements = vec![sql::unchanged(account.id, &before), sql::restate(account.id, &feedback)];
    statements.extend(owed.statements);
    Ok(Prepared::new(db, feedback, statements)
        .sending(webhook::messages(account, &owed.logs))
        .on_stale(Refusal::Conflict))
}

/// Sets the seller's response; a later one takes its place. The same one again changes nothing.
pub async fn reply(app: &App, account: &Account, id: &str, response: String) -> Outcome<Prepared<Feedback>> {
    let db = account.db(app)?;
    let [feedbacks, endpoints] = db.batch([sql::one(account.id, id), webhook::sql::enabled(account.id)]).await?;
    let mut feedback = sql::feedback(feedbacks.first().ok_or(Refusal::NotFound)?)?;
    if feedback.response == response {
        return Ok(Prepared::new(db, feedback, Vec::new()));
    }
    let unchanged = sql::unchanged(account.id, &feedback);
    feedback.response = response;
    feedback.updated_at = app.now();
    let endpoints = Endpoint::from_rows(&endpoints)?;
    let owed = webhook::outbox_entries(app, account.id, &[Event::FeedbackUpdated], &feedback, &endpoints)?;
    // The event tells the buyer's words as well, which may change at the same time.
    let mut statements = vec![unchanged, sql::respond(account.id, &feedback)];
    statements.extend(owed.statements);
    Ok(Prepared::new(db, feedback, statements)
        .sending(webhook::messages(account, &owed.logs))
        .on_stale(Refusal::Conflict))
}

#[cfg(test)]
mod tests {
    use super::Rating;

    #[test]
    fn stars_and_ratings_say_the_same() {
        let said: Vec<i64> = (1..=5).map(|stars| Rating::of_stars(stars) as i64).collect();
        assert_eq!(said, [-1, -1, 0, 1, 1]);
        for rating in [Rating::Negative, Rating::Neutral, Rating::Positive] {
            assert_eq!(Rating::of_stars(rating.stars()), rating);
            assert_eq!(Rating::from_code(rating as i64), Some(rating));
        }
        assert_eq!(Rating::from_code(2), None);
    }
}
