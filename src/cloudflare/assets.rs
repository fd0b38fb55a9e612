//! The static assets as `Assets`.

use worker::{Env, Response};

use super::bindings::fault;
use crate::platform::{Assets, Fault, LocalBoxFuture};

pub struct Public(pub Env);

impl Public {
    async fn fetch(&self, path: &str) -> Result<Response, Fault> {
        let assets = self.0.assets("ASSETS").map_err(fault)?;
        // The binding looks at the path alone.
        let answer = assets.fetch(format!("https://assets.invalid{path}"), None).await.map_err(fault)?;
        match answer.status_code() {
            200 => Ok(answer),
            status => Err(Fault(format!("{path} is answered with {status}"))),
        }
    }
}

impl Assets for Public {
    fn text<'a>(&'a self, path: &'a str) -> LocalBoxFuture<'a, Result<String, Fault>> {
        Box::pin(async move { self.fetch(path).await?.text().await.map_err(fault) })
    }

    fn bytes<'a>(&'a self, path: &'a str) -> LocalBoxFuture<'a, Result<Vec<u8>, Fault>> {
        Box::pin(async move { self.fetch(path).await?.bytes().await.map_err(fault) })
    }
}
