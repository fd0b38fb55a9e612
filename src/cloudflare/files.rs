//! R2 as `Files`. The binding is looked up when it is needed: a shop without uploads runs without it.

use js_sys::Uint8Array;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::ReadableStream;

use super::js::{self, Env, StoredObject, field};
use crate::world::{Content, Fault, Files, Later, Stored};

pub struct Bucket(pub Env);

impl Bucket {
    fn open(&self) -> Result<js::Bucket, Fault> {
        js::binding(&self.0, "FILES")
    }
}

impl Files for Bucket {
    fn put<'a>(&'a self, key: &'a str, mime: &'a str, content: Content) -> Later<'a, Result<(), Fault>> {
        Box::pin(async move {
            let content: JsValue = match &content {
                Content::Bytes(bytes) => Uint8Array::from(bytes.as_slice()).into(),
                Content::Stream(stream) => match stream.downcast_ref::<ReadableStream>() {
                    Some(stream) => stream.into(),
                    None => return Err(Fault("an upload's stream is none of the platform's".into())),
                },
            };
            let options = js::object(&[("httpMetadata", js::object(&[("contentType", mime.into())]))]);
            self.open()?.put_object(key, &content, &options).await.map(|_| ()).map_err(js::fault)
        })
    }

    fn get<'a>(&'a self, key: &'a str) -> Later<'a, Result<Option<Stored>, Fault>> {
        Box::pin(async move {
            let found = self.open()?.get_object(key).await.map_err(js::fault)?;
            if !found.is_object() {
                return Ok(None);
            }
            let mime = field(&field(&found, "httpMetadata"), "contentType").as_string();
            let object: StoredObject = found.unchecked_into();
            let bytes = Uint8Array::new(&object.array_buffer().await.map_err(js::fault)?).to_vec();
            Ok(Some((mime.unwrap_or_default(), bytes)))
        })
    }

    fn delete<'a>(&'a self, key: &'a str) -> Later<'a, Result<(), Fault>> {
        Box::pin(async move { self.open()?.delete_object(key).await.map(|_| ()).map_err(js::fault) })
    }
}
