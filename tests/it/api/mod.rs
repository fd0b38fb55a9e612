//! What every route of the API shares: requests, answers, limits, idempotency.

mod body;
mod concurrency;
mod form;
mod http;
mod idempotency;
mod input;
mod rate_limit;
mod reference;
mod route;
mod text;
