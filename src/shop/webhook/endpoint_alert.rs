//! News of an endpoint: that it only fails and will be disabled, or that it was. The account's other endpoints are told,
//! if they want to be, and what they are owed is committed together with the change.

use super::{Endpoint, Event, Outbox, outbox_entries, sql, task::Task};
use crate::{
    platform::{Fault, Row, Statement},
    shop::{
        App,
        mail::{self, Fact},
    },
};

pub struct EndpointAlert {
    pub account_id: i64,
    endpoint_id: String,
    url: String,
    /// How many failures had been counted, if it is about them.
    failures: Option<u32>,
    event: Event,
    change: Statement,
}

impl EndpointAlert {
    /// `change` is what becomes of the endpoint itself.
    pub fn of(task: &Task, event: Event, change: Statement) -> Option<EndpointAlert> {
        Some(EndpointAlert {
            account_id: task.account_id,
            endpoint_id: task.endpoint_id.clone()?,
            url: task.log.url.clone(),
            failures: Some(task.failures).filter(|_| task.log.response_code != 410),
            event,
            change,
        })
    }

    /// Whether both are about the same endpoint.
    pub fn is_of(&self, other: &EndpointAlert) -> bool {
        self.account_id == other.account_id && self.endpoint_id == other.endpoint_id
    }

    /// That an endpoint is gone is greater news than that it fails.
    pub fn is_gone(&self) -> bool {
        self.failures.is_none()
    }

    /// The change and all that it owes. `endpoints` are all that the account has. Should it fail, the failure isn't counted: the next
    /// one is the news.
    pub fn outbox_entries(&self, app: &App, endpoints: &[Row]) -> Result<Option<Outbox>, Fault> {
        let mut others = Endpoint::from_rows(endpoints)?;
        let Some(at) = others.iter().position(|endpoint| endpoint.id == self.endpoint_id) else {
            return Ok(None);
        };
        // As it is after the change.
        let mut endpoint = others.swap_remove(at);
        if self.event == Event::EndpointDisabled {
            let now = app.now();
            endpoint.enabled = false;
            endpoint.updated_at = now;
            endpoint.disabled_at = Some(now);
            endpoint.disabled_reason = Some(if self.is_gone() { "gone" } else { "failing" }.into());
        }
        let disabled = endpoint.disabled_at.filter(|_| self.event == Event::EndpointDisabled);
        let mut owed = outbox_entries(app, self.account_id, &[self.event], &endpoint, &others)?;
        let unchanged = sql::unchanged(self.account_id, &self.endpoint_id, &self.url, self.failures);
        owed.statements.splice(0..0, [unchanged, self.change.clone()]);
        let fact = disabled.map(|at| Fact::Disabled { endpoint_id: self.endpoint_id.clone(), at });
        owed.statements.extend(fact.and_then(|fact| mail::owe_later(app, self.account_id, &fact)));
        Ok(Some(owed))
    }
}
