//! News of an endpoint: that it only fails and will be disabled, or that it was. The account's other endpoints are told,
//! if they want to be, and what they are owed is committed together with the change.

use super::{Due, Endpoint, Event, Subject, owe, sql};
use crate::{
    shop::Shop,
    world::{Db, Fault, Statement},
};

pub struct News {
    pub account_id: i64,
    endpoint_id: String,
    url: String,
    /// How many failures had been counted, if it is about them.
    failures: Option<u32>,
    event: Event,
    change: Statement,
}

impl News {
    /// `change` is what becomes of the endpoint itself.
    pub fn of(task: &sql::Task, event: Event, change: Statement) -> Option<News> {
        Some(News {
            account_id: task.account_id,
            endpoint_id: task.endpoint_id.clone()?,
            url: task.log.url.clone(),
            failures: Some(task.failures).filter(|_| task.log.response_code != 410),
            event,
            change,
        })
    }

    /// The change and all that it owes. It is one more round trip than a batch has otherwise, and happens twice in the life
    /// of an endpoint. Should it fail, the failure isn't counted: the next one is the news.
    pub async fn owe(self, shop: &Shop, db: &dyn Db) -> (Vec<Statement>, Vec<Due>) {
        let others = match others(&self, shop, db).await {
            Ok(others) => others,
            Err(fault) => {
                shop.world.log.warn(&format!("news of an endpoint wait for its next failure: {fault}"));
                return (Vec::new(), Vec::new());
            }
        };
        let Some((endpoint, others)) = others else {
            return (Vec::new(), Vec::new());
        };
        let owed = owe(shop, self.account_id, &[self.event], Subject::Endpoint(&endpoint), &others);
        let mut unit = vec![sql::unchanged(self.account_id, &self.endpoint_id, &self.url, self.failures), self.change];
        unit.extend(owed.statements);
        (unit, owed.logs)
    }
}

/// The endpoint as it is after the change, and all others. `None`: it was deleted meanwhile.
async fn others(news: &News, shop: &Shop, db: &dyn Db) -> Result<Option<(Endpoint, Vec<Endpoint>)>, Fault> {
    let rows = db.rows(vec![sql::all(news.account_id)]).await?;
    let all = Endpoint::from_rows(rows.first().map_or(&[], Vec::as_slice))?;
    let (own, others): (Vec<_>, Vec<_>) = all.into_iter().partition(|endpoint| endpoint.id == news.endpoint_id);
    Ok(own.into_iter().next().map(|mut endpoint| {
        if news.event == Event::EndpointDisabled {
            let now = shop.now();
            endpoint.enabled = false;
            endpoint.updated_at = now;
            endpoint.disabled_at = Some(now);
            endpoint.disabled_reason = Some(if news.failures.is_some() { "failing" } else { "gone" }.into());
        }
        (endpoint, others)
    }))
}

/// Of several answers in one batch one is the news: that an endpoint is gone, if one says so.
pub fn each_once(news: Vec<News>) -> Vec<News> {
    let (mut news, failed): (Vec<_>, Vec<_>) = news.into_iter().partition(|news| news.failures.is_none());
    news.extend(failed);
    let mut known: Vec<(i64, String)> = Vec::new();
    news.retain(|news| {
        let endpoint = (news.account_id, news.endpoint_id.clone());
        let new = !known.contains(&endpoint);
        if new {
            known.push(endpoint);
        }
        new
    });
    news
}
