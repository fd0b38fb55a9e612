//! Open pages, live: a Durable Object for each order holds their WebSockets, which hibernate (an idle page costs
//! nothing), and passes on that the order changed. It keeps no state of its own: the pages ask for that themselves.

use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};

use super::js::{self, Env, Objects, Stub};
use crate::world::{self, Later, Log as _, LogLine};

const CHANGED: &str = "https://live/changed";
const CONNECT: &str = "https://live/connect";
/// One order has few pages open; more are somebody's game.
const MOST: u32 = 50;

/// The object's class, by the names that the platform calls.
#[wasm_bindgen]
pub struct Live {
    state: JsValue,
}

#[wasm_bindgen]
impl Live {
    #[wasm_bindgen(constructor)]
    pub fn new(state: JsValue, _env: JsValue) -> Result<Live, JsValue> {
        js::attend(&state)?;
        Ok(Live { state })
    }

    pub fn fetch(&self, request: &web_sys::Request) -> Result<web_sys::Response, JsValue> {
        js::live(&self.state, request, MOST)
    }

    /// Pages have nothing to say; their pings are answered before they come here.
    #[wasm_bindgen(js_name = webSocketMessage)]
    pub fn message(&self) {}

    #[wasm_bindgen(js_name = webSocketClose)]
    pub fn close(&self, socket: &JsValue) -> Result<(), JsValue> {
        js::leave(socket)
    }

    #[wasm_bindgen(js_name = webSocketError)]
    pub fn error(&self) {}
}

/// The object of one order.
fn stub(env: &Env, order_id: &str) -> Result<Stub, JsValue> {
    let objects: Objects = js::binding(env, "LIVE").map_err(|fault| JsValue::from_str(&fault.0))?;
    objects.stub(&objects.id_from_name(order_id)?)
}

/// Hands a page's WebSocket to its order's object.
pub async fn connect(env: &Env, order_id: &str) -> Result<web_sys::Response, JsValue> {
    let headers = js::object(&[("upgrade", "websocket".into())]);
    let answer = stub(env, order_id)?.ask(CONNECT, &js::object(&[("headers", headers)])).await?;
    Ok(answer.unchecked_into())
}

pub struct Pages(pub Env);

impl world::Live for Pages {
    fn changed<'a>(&'a self, order_id: &'a str) -> Later<'a, ()> {
        Box::pin(async move {
            let told = async { stub(&self.0, order_id)?.ask(CHANGED, &JsValue::UNDEFINED).await };
            if let Err(error) = told.await {
                super::Platform.write(LogLine::warn("live.not_told").order(order_id).because(js::words(&error)));
            }
        })
    }
}
