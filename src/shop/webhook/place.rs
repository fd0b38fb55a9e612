//! Where an event goes: a subject's own URL, and the endpoints that want it.

use super::{App, Dialect, Endpoint, Event, MISSED_FOR, Subject, url};

/// Where an event goes.
pub struct Place<'a> {
    pub endpoint_id: Option<&'a str>,
    pub dialect: Dialect,
    /// Whether something of its own signs there: then no other place stands for it.
    own_key: bool,
    pub url: &'a str,
    /// Its log only says that it was missed, otherwise.
    pub sent: bool,
    pub slow: bool,
    /// Its receiver's circuit is open.
    pub open: bool,
}

/// Where an event goes: each once, whatever number of places name it in one dialect.
pub fn places<'a, T: Subject>(
    app: &App,
    event: Event,
    subject: &'a T,
    endpoints: &'a [Endpoint],
    now: i64,
) -> Vec<Place<'a>> {
    let tells = |dialect| app.serializers.tells(dialect, event);
    // The order's own first: it is owed whatever becomes of an endpoint with the same URL.
    let mut places: Vec<Place<'a>> = Vec::new();
    if let Some(url) = subject.own_url().filter(|_| tells(subject.own_dialect())) {
        let same = |endpoint: &Endpoint| url::normal(&endpoint.url) == url::normal(url) && endpoint.is_slow(now);
        let slow = endpoints.iter().any(same);
        let dialect = subject.own_dialect();
        places.push(Place { endpoint_id: None, dialect, own_key: false, url, sent: true, slow, open: false });
    }
    for enabled in [true, false] {
        for endpoint in endpoints.iter().filter(|endpoint| endpoint.enabled == enabled) {
            let missed = endpoint.disabled_at.is_some_and(|at| now < at + MISSED_FOR);
            let wanted = endpoint.events.contains(&event)
                && tells(endpoint.dialect)
                && subject.audience().has(endpoint.app_id.as_deref());
            if wanted && (enabled || missed) {
                places.push(Place {
                    endpoint_id: Some(&endpoint.id),
                    dialect: endpoint.dialect,
                    own_key: endpoint.signing_key.is_some(),
                    url: &endpoint.url,
                    sent: enabled,
                    slow: endpoint.is_slow(now),
                    open: enabled && endpoint.receiver.holds(),
                });
            }
        }
    }
    let mut told: Vec<(Dialect, String)> = Vec::new();
    places.retain(|place| {
        let receiver = (place.dialect, url::normal(place.url));
        let known = !place.own_key && told.contains(&receiver);
        if !known && !place.own_key {
            told.push(receiver);
        }
        !known
    });
    places
}
