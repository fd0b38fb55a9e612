//! The static assets: public/ as it stands.

use pushguard::platform::{Assets, Fault, LocalBoxFuture};

pub struct Public;

impl Assets for Public {
    fn text<'a>(&'a self, path: &'a str) -> LocalBoxFuture<'a, Result<String, Fault>> {
        let file = format!("{}/public{path}", env!("CARGO_MANIFEST_DIR"));
        Box::pin(std::future::ready(std::fs::read_to_string(file).map_err(|error| Fault(error.to_string()))))
    }
}
