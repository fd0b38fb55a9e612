//! R2 as `Files`. The binding is looked up when it is needed: a shop without uploads runs without it.

use web_sys::ReadableStream;
use worker::{Data, Env, HttpMetadata};

use super::bindings::fault;
use crate::platform::{Content, Fault, Files, LocalBoxFuture, Stored};

pub struct Bucket(pub Env);

impl Bucket {
    fn open(&self) -> Result<worker::Bucket, Fault> {
        self.0.bucket("FILES").map_err(fault)
    }
}

impl Files for Bucket {
    fn put<'a>(&'a self, key: &'a str, mime: &'a str, content: Content) -> LocalBoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move {
            let content: Data = match content {
                Content::Bytes(bytes) => bytes.into(),
                Content::Stream(stream) => match stream.downcast_ref::<ReadableStream>() {
                    Some(stream) => stream.clone().into(),
                    None => return Err(Fault("an upload's stream is none of the platform's".into())),
                },
            };
            let metadata = HttpMetadata { content_type: Some(mime.to_owned()), ..HttpMetadata::default() };
            let put = self.open()?.put(key, content).http_metadata(metadata).execute().await;
            put.map(|_| ()).map_err(fault)
        })
    }

    fn get<'a>(&'a self, key: &'a str) -> LocalBoxFuture<'a, Result<Option<Stored>, Fault>> {
        Box::pin(async move {
            let Some(object) = self.open()?.get(key).execute().await.map_err(fault)? else {
                return Ok(None);
            };
            let mime = object.http_metadata().content_type.unwrap_or_default();
            let Some(body) = object.body() else { return Ok(None) };
            Ok(Some((mime, body.bytes().await.map_err(fault)?)))
        })
    }

    fn delete<'a>(&'a self, key: &'a str) -> LocalBoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move { self.open()?.delete(key).await.map_err(fault) })
    }
}
