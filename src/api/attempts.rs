//! Doing it once more when somebody else changed the same at the same time.

use super::failure::{Failure, FailureKind};
use crate::http::Response;

pub type ApiResult = Result<Response, Failure>;

/// Of those who change the same thing at the same time one gets through each time.
const MAX_ATTEMPTS: u32 = 8;

/// Does it once more when somebody else changed the same at the same time: what was not sent must stay as they left it.
pub async fn again(change: impl AsyncFn() -> ApiResult) -> ApiResult {
    attempts(MAX_ATTEMPTS, async |_| change().await).await
}

/// The same, so many times at most. `change` is told which attempt it is, from 0.
pub async fn attempts(max: u32, change: impl AsyncFn(u32) -> ApiResult) -> ApiResult {
    for attempt in 1..max {
        match change(attempt - 1).await {
            Err(failure) if failure.kind == FailureKind::Conflict => {}
            answer => return answer,
        }
    }
    change(max - 1).await
}
