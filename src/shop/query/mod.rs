//! Queries: what a customer asks the seller, and what they reply to each other until it is closed.

use super::{
    App, Error, Outcome, Refusal,
    account::Account,
    error::{OrderRefusal, QueryRefusal},
    id,
    list::{self, Page},
    mail::{self, Fact, Owed},
    order,
    prepared::Prepared,
    webhook::{self, Endpoint, Event, Subject},
};
use crate::platform::first_answers;

pub mod sql;
pub mod thread;

/// Where a query stands; the numbers are the reference's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Open = 0,
    CustomerReplied = 1,
    Replied = 2,
    Closed = 3,
    Solved = 4,
}

impl Status {
    pub const ALL: [Status; 5] =
        [Status::Open, Status::CustomerReplied, Status::Replied, Status::Closed, Status::Solved];

    pub fn from_code(code: i64) -> Option<Status> {
        Self::ALL.into_iter().find(|status| *status as i64 == code)
    }

    /// The one table of moves. A reply opens a closed query again, whoever writes it: nobody is shut out, and there is no
    /// other way back. What is solved is closed already.
    pub fn after(self, change: &Change) -> Status {
        match (self, change) {
            (_, Change::Reply { solves: true, .. }) => Status::Solved,
            (_, Change::Reply { from: Side::Customer, .. }) => Status::CustomerReplied,
            (_, Change::Reply { from: Side::Seller, .. }) => Status::Replied,
            (_, Change::Close { solved: true }) | (Status::Solved, Change::Close { .. }) => Status::Solved,
            (_, Change::Close { solved: false }) => Status::Closed,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Seller,
    Customer,
}

impl Side {
    pub fn name(self) -> &'static str {
        match self {
            Side::Seller => "seller",
            Side::Customer => "customer",
        }
    }

    pub fn parse(name: &str) -> Option<Side> {
        [Side::Seller, Side::Customer].into_iter().find(|side| side.name() == name)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    pub id: String,
    pub order_id: Option<String>,
    pub status: Status,
    pub subject: String,
    pub email: String,
    pub message: String,
    /// Newest first: all of them where one query was asked for, otherwise the newest few.
    pub replies: Vec<Reply>,
    /// How many there are in all.
    pub replies_count: u32,
    /// Bytes of all messages together.
    pub size: u32,
    pub created_at: i64,
    pub updated_at: i64,
}

impl Subject for Query {
    fn id(&self) -> &str {
        &self.id
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    pub id: String,
    pub from: Side,
    pub message: String,
    pub created_at: i64,
}

/// What a customer asks.
pub struct Question {
    pub order_id: Option<String>,
    pub subject: String,
    pub email: String,
    pub message: String,
}

/// What can become of a query.
pub enum Change {
    /// `solves`: it is the last word, and the query is solved with it.
    Reply {
        from: Side,
        message: String,
        solves: bool,
    },
    Close {
        solved: bool,
    },
}

/// A query holds at most so many replies, and so many bytes of text: one that is read whole stays a small answer.
pub const MAX_REPLIES: u32 = 500;
pub const MAX_BYTES: u32 = 1 << 20;
/// So many replies, the newest, are told in events and in the answer to a change. A list tells one of each query.
pub const RECENT: u32 = 10;
/// … as long as they have no more bytes than this in all, but for the last one told.
const RECENT_BYTES: usize = 32 << 10;

/// Each query comes with its newest reply. `page` counts from 1.
pub async fn list(app: &App, account: &Account, page: u32, per_page: u32) -> Outcome<Page<Query>> {
    let answers = account.db(app)?.batch(sql::page(account.id, page, per_page)).await?;
    Ok(list::read(answers, sql::with_newest)?)
}

/// With all its replies.
pub async fn get(app: &App, account: &Account, id: &str) -> Outcome<Query> {
    let statements = [sql::one(account.id, id), sql::replies(account.id, id, MAX_REPLIES)];
    let [queries, replies] = account.db(app)?.batch(statements).await?;
    Ok(sql::query(queries.first().ok_or(Refusal::NotFound)?, &replies)?)
}

/// Refused unless the order, if one is named, is there.
pub async fn create(app: &App, account: &Account, question: Question) -> Outcome<Prepared<Query>> {
    let db = account.db(app)?;
    let mut statements = vec![webhook::sql::enabled(account.id)];
    statements.extend(question.order_id.as_deref().map(|id| order::sql::by_id(account.id, id)));
    let ([endpoints], orders) = first_answers(db.rows(statements).await?)?;
    if orders.iter().any(Vec::is_empty) {
        return Err(OrderRefusal::NotFound.into());
    }
    let now = app.now();
    let query = Query {
        id: id::short(app.random()),
        order_id: question.order_id,
        status: Status::Open,
        subject: question.subject,
        email: question.email,
        size: bytes(&question.message),
        message: question.message,
        replies: Vec::new(),
        replies_count: 0,
        created_at: now,
        updated_at: now,
    };
    let endpoints = Endpoint::from_rows(&endpoints)?;
    let owed = webhook::outbox_entries(app, account.id, &[Event::QueryCreated], &query, &endpoints)?;
    let mut statements = vec![sql::insert(account.id, &query)];
    statements.extend(owed.statements);
    let mut messages = webhook::messages(account, &owed.logs);
    if let Some(Owed { statement, message }) = mail::owe(app, account, &Fact::Asked { query_id: query.id.clone() }, 0) {
        statements.push(statement);
        messages.push(message);
    }
    Ok(Prepared::new(db, query, statements).sending(messages))
}

/// Questions that a buyer may ask about one order. Each can go on as a thread.
pub const MAX_OF_ORDER: u32 = 20;
/// Tries of a commit that others came before.
const MAX_ATTEMPTS: u32 = 4;

/// A customer asks on a page: about their order, which the page knows, or before they buy.
pub async fn ask(app: &App, account: &Account, question: Question) -> Outcome<Query> {
    let order_id = question.order_id.clone();
    let mut prepared = create(app, account, question).await?;
    if let Some(order_id) = order_id {
        prepared = prepared.guarded(sql::has_room(account.id, &order_id, MAX_OF_ORDER)).on_stale(QueryRefusal::TooMany);
    }
    let (query, _) = prepared.commit(app, Vec::new()).await?;
    Ok(query)
}

/// A customer replies or closes their query, after whatever else happens to it at the same time.
pub async fn change_by_customer(app: &App, account: &Account, id: &str, change: &Change) -> Outcome<Query> {
    for _ in 1..MAX_ATTEMPTS {
        match self::change(app, account, id, change).await?.commit(app, Vec::new()).await {
            Err(Error::Refused(Refusal::Conflict)) => {}
            changed => return changed.map(|(query, _)| query),
        }
    }
    let (query, _) = self::change(app, account, id, change).await?.commit(app, Vec::new()).await?;
    Ok(query)
}

/// Replies to a query or closes it. Closing what is closed changes nothing. Answers the newest replies. Its commit is refused
/// as a conflict when somebody else changed the query at the same time: who reads again goes after them.
pub async fn change(app: &App, account: &Account, id: &str, change: &Change) -> Outcome<Prepared<Query>> {
    let db = account.db(app)?;
    let [queries, replies, endpoints] = db
        .batch([sql::one(account.id, id), sql::replies(account.id, id, RECENT), webhook::sql::enabled(account.id)])
        .await?;
    let mut query = sql::query(queries.first().ok_or(Refusal::NotFound)?, &replies)?;
    let status = query.status.after(change);
    let unchanged = sql::unchanged(account.id, &query);
    let events: &[Event] = match change {
        Change::Close { .. } if status == query.status => return Ok(Prepared::new(db, query, Vec::new())),
        Change::Close { .. } => &[],
        Change::Reply { from, message, .. } => {
            let size = query.size.saturating_add(bytes(message));
            if query.replies_count >= MAX_REPLIES || size > MAX_BYTES {
                return Err(QueryRefusal::Full.into());
            }
            add(
                &mut query,
                Reply { id: id::short(app.random()), from: *from, message: message.clone(), created_at: app.now() },
            );
            query.size = size;
            &[Event::QueryReplied]
        }
    };
    query.status = status;
    query.updated_at = app.now();
    let owed = webhook::outbox_entries(app, account.id, events, &query, &Endpoint::from_rows(&endpoints)?)?;
    let mut statements = vec![unchanged, sql::update(account.id, &query)];
    let mut messages = webhook::messages(account, &owed.logs);
    if let (Change::Reply { .. }, Some(reply)) = (change, query.replies.first()) {
        statements.push(sql::insert_reply(account.id, &query, reply));
        let fact = Fact::Replied { query_id: query.id.clone(), number: query.replies_count };
        if let Some(Owed { statement, message }) = mail::owe(app, account, &fact, 0) {
            statements.push(statement);
            messages.push(message);
        }
    }
    statements.extend(owed.statements);
    Ok(Prepared::new(db, query, statements).sending(messages).on_stale(Refusal::Conflict))
}

fn add(query: &mut Query, reply: Reply) {
    query.replies.insert(0, reply);
    // The newest that fit, and at least one: an event's body goes to each endpoint.
    let mut room = RECENT_BYTES;
    let fits = |reply: &&Reply| {
        let before = room;
        room = room.saturating_sub(reply.message.len());
        before > 0
    };
    let fitting = query.replies.iter().take_while(fits).count();
    query.replies.truncate(fitting.min(RECENT as usize));
    query.replies_count += 1;
}

fn bytes(text: &str) -> u32 {
    u32::try_from(text.len()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::{Change, Side, Status};

    #[test]
    fn every_move_stands_in_the_table() {
        let reply = |from| Change::Reply { from, message: String::new(), solves: false };
        let last_word = Change::Reply { from: Side::Customer, message: String::new(), solves: true };
        let moves = [
            (last_word, [4, 4, 4, 4, 4]),
            (reply(Side::Customer), [1, 1, 1, 1, 1]),
            (reply(Side::Seller), [2, 2, 2, 2, 2]),
            (Change::Close { solved: false }, [3, 3, 3, 3, 4]),
            (Change::Close { solved: true }, [4, 4, 4, 4, 4]),
        ];
        for (change, after) in moves {
            assert_eq!(Status::ALL.map(|status| status.after(&change) as i64), after);
        }
        for code in 0..5 {
            assert_eq!(Status::from_code(code).map(|status| status as i64), Some(code));
        }
        assert_eq!(Status::from_code(5), None);
    }
}
