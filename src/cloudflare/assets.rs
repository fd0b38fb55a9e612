//! The static assets as `Assets`.

use worker::Env;

use super::bindings::fault;
use crate::platform::{Assets, Fault, LocalBoxFuture};

pub struct Public(pub Env);

impl Assets for Public {
    fn text<'a>(&'a self, path: &'a str) -> LocalBoxFuture<'a, Result<String, Fault>> {
        Box::pin(async move {
            let assets = self.0.assets("ASSETS").map_err(fault)?;
            // The binding looks at the path alone.
            let mut answer = assets.fetch(format!("https://assets.invalid{path}"), None).await.map_err(fault)?;
            match answer.status_code() {
                200 => answer.text().await.map_err(fault),
                status => Err(Fault(format!("{path} is answered with {status}"))),
            }
        })
    }
}
