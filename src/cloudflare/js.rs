//! The platform's own methods, bound as they are: `worker`, whose wrappers go through serde, would weigh a fifth of the
//! module, and the little of it that cannot be left away still 7 %.

use js_sys::{Array, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};

use crate::world::Fault;

#[wasm_bindgen]
extern "C" {
    /// What the Worker is bound to: bindings, variables and secrets.
    #[derive(Clone)]
    pub type Env;

    /// Its log.
    #[wasm_bindgen(js_namespace = console, js_name = error)]
    pub fn complain(text: &str);
    #[wasm_bindgen(js_namespace = console)]
    pub fn warn(text: &str);
    #[wasm_bindgen(js_namespace = console)]
    pub fn info(text: &str);

    /// D1.
    pub type Database;

    /// A KV namespace.
    pub type Namespace;
    #[wasm_bindgen(method, catch)]
    pub async fn get(this: &Namespace, key: &str, options: &JsValue) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch)]
    pub async fn put(this: &Namespace, key: &str, value: &str, options: &JsValue) -> Result<JsValue, JsValue>;

    /// An R2 bucket, and what lies in it.
    pub type Bucket;
    pub type StoredObject;
    #[wasm_bindgen(method, catch, js_name = put)]
    pub async fn put_object(this: &Bucket, key: &str, content: &JsValue, options: &JsValue)
    -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch, js_name = get)]
    pub async fn get_object(this: &Bucket, key: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch, js_name = delete)]
    pub async fn delete_object(this: &Bucket, key: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch, js_name = arrayBuffer)]
    pub async fn array_buffer(this: &StoredObject) -> Result<JsValue, JsValue>;

    /// A queue's producer end.
    pub type Producer;
    #[wasm_bindgen(method, catch, js_name = sendBatch)]
    pub async fn send_batch(this: &Producer, messages: Array) -> Result<JsValue, JsValue>;

    /// And its other end.
    pub type Batch;
    pub type Message;
    #[wasm_bindgen(method, getter)]
    pub fn messages(this: &Batch) -> Array;
    #[wasm_bindgen(method, getter)]
    pub fn body(this: &Message) -> JsValue;
    #[wasm_bindgen(method)]
    pub fn ack(this: &Message);
    #[wasm_bindgen(method)]
    pub fn retry(this: &Message);

    /// A rate limit.
    pub type RateLimit;

    /// Durable Objects of one class.
    pub type Objects;
    pub type Stub;
    #[wasm_bindgen(method, catch, js_name = idFromName)]
    pub fn id_from_name(this: &Objects, name: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch, js_name = get)]
    pub fn stub(this: &Objects, id: &JsValue) -> Result<Stub, JsValue>;
    #[wasm_bindgen(method, catch, js_name = fetch)]
    pub async fn ask(this: &Stub, url: &str, init: &JsValue) -> Result<JsValue, JsValue>;

    /// The global function.
    #[wasm_bindgen(catch)]
    pub async fn fetch(url: &str, init: &JsValue) -> Result<JsValue, JsValue>;
}

/// Our own: what would else be several crossings, in one.
#[wasm_bindgen(module = "/src/cloudflare/border.js")]
extern "C" {
    #[wasm_bindgen(catch)]
    pub fn head(request: &web_sys::Request, names: &JsValue) -> Result<String, JsValue>;
    pub fn country(request: &web_sys::Request) -> Option<String>;
    #[wasm_bindgen(catch)]
    pub fn answer(status: u16, headers: &str, body: Option<&[u8]>) -> Result<web_sys::Response, JsValue>;
    #[wasm_bindgen(catch)]
    pub async fn allows(limit: &RateLimit, key: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch)]
    pub async fn ask(database: &Database, statements: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(catch)]
    pub fn attend(state: &JsValue) -> Result<(), JsValue>;
    #[wasm_bindgen(catch)]
    pub fn live(state: &JsValue, request: &web_sys::Request, most: u32) -> Result<web_sys::Response, JsValue>;
    #[wasm_bindgen(catch)]
    pub fn leave(socket: &JsValue) -> Result<(), JsValue>;
    // The only one that takes and gives nothing but objects and can't throw: wasm-bindgen 0.2.129 names the file once for each
    // such function, and a second is a duplicate key in the bundle.
    pub fn instance() -> JsValue;
}

/// A binding by its name.
pub fn binding<T: JsCast>(env: &Env, name: &str) -> Result<T, Fault> {
    match Reflect::get(env, &name.into()) {
        Ok(value) if value.is_object() => Ok(value.unchecked_into()),
        _ => Err(Fault(format!("the binding {name} is missing"))),
    }
}

/// A variable or a secret.
pub fn text(env: &Env, name: &str) -> Option<String> {
    Reflect::get(env, &name.into()).ok()?.as_string()
}

/// `{name: value, …}`
pub fn object(fields: &[(&str, JsValue)]) -> JsValue {
    let object = Object::new();
    for (name, value) in fields {
        // Setting a field of a plain object that nobody froze does not fail.
        let _ = Reflect::set(&object, &(*name).into(), value);
    }
    object.into()
}

/// A field, or undefined.
pub fn field(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).unwrap_or(JsValue::UNDEFINED)
}

/// An error's message.
pub fn words(error: &JsValue) -> String {
    error
        .as_string()
        .or_else(|| field(error, "message").as_string())
        .unwrap_or_else(|| "it failed without a word".into())
}

pub fn fault(error: JsValue) -> Fault {
    Fault(words(&error))
}
