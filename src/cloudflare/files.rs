//! R2 as `Files`. The binding is looked up when it is needed: a shop without uploads runs without it.

use std::{any::Any, cell::Cell, rc::Rc};

use web_sys::ReadableStream;
use worker::{Data, Env, HttpMetadata, Range, ResponseBody};

use super::bindings::fault;
use crate::platform::{Content, Fault, Files, LocalBoxFuture, Stored};

pub struct Bucket(pub Env);

impl Bucket {
    fn bucket(&self) -> Result<worker::Bucket, Fault> {
        self.0.bucket("FILES").map_err(fault)
    }
}

/// An object on its way out. One that nobody takes is cancelled, so that R2 doesn't wait for somebody
/// to read it.
pub struct Opened(Cell<Option<ReadableStream>>);

impl Opened {
    pub fn take(&self) -> Option<ReadableStream> {
        self.0.take()
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        if let Some(stream) = self.0.take() {
            // Whether it works is no matter.
            let _ = stream.cancel();
        }
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
            let put = self.bucket()?.put(key, content).http_metadata(metadata).execute().await;
            put.map(|_| ()).map_err(fault)
        })
    }

    fn get<'a>(&'a self, key: &'a str) -> LocalBoxFuture<'a, Result<Option<Stored>, Fault>> {
        Box::pin(async move {
            let Some(object) = self.bucket()?.get(key).execute().await.map_err(fault)? else {
                return Ok(None);
            };
            let mime = object.http_metadata().content_type.unwrap_or_default();
            let Some(body) = object.body() else { return Ok(None) };
            Ok(Some((mime, body.bytes().await.map_err(fault)?)))
        })
    }

    fn open<'a>(
        &'a self,
        key: &'a str,
        first: u64,
        length: u64,
    ) -> LocalBoxFuture<'a, Result<Option<Rc<dyn Any>>, Fault>> {
        Box::pin(async move {
            let piece = Range::OffsetWithLength { offset: first, length };
            let Some(object) = self.bucket()?.get(key).range(piece).execute().await.map_err(fault)? else {
                return Ok(None);
            };
            if object.size() < first.saturating_add(length) {
                return Err(Fault(format!("an object of R2 has only {} bytes", object.size())));
            }
            match object.body().map(|body| body.response_body()) {
                Some(Ok(ResponseBody::Stream(stream))) => {
                    let opened: Rc<dyn Any> = Rc::new(Opened(Cell::new(Some(stream))));
                    Ok(Some(opened))
                }
                Some(Err(error)) => Err(fault(error)),
                _ => Err(Fault("an object of R2 has no stream".into())),
            }
        })
    }

    fn delete<'a>(&'a self, key: &'a str) -> LocalBoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move { self.bucket()?.delete(key).await.map_err(fault) })
    }
}
