//! Open pages, live: a Durable Object for each order holds their WebSockets, which hibernate (an idle page costs
//! nothing), and passes on that the order changed. It keeps no state of its own: the pages ask for that themselves.

use wasm_bindgen::{JsCast, JsValue};
use worker::{
    DurableObject, Env, Request, Response, Result, State, WebSocket, WebSocketIncomingMessage, WebSocketPair,
    durable_object,
};

use super::js::{self, Objects, Stub};
use crate::world::{self, Later};

const CHANGED: &str = "https://live/changed";
const CONNECT: &str = "https://live/connect";
/// One order has few pages open; more are somebody's game.
const MOST: usize = 50;

#[durable_object]
pub struct Live {
    state: State,
}

impl DurableObject for Live {
    fn new(state: State, _env: Env) -> Self {
        // Pings are answered without waking the object.
        if let Ok(pair) = worker::worker_sys::WebSocketRequestResponsePair::new("ping", "pong") {
            state.set_websocket_auto_response(&pair);
        }
        Live { state }
    }

    async fn fetch(&self, request: Request) -> Result<Response> {
        let open = self.state.get_websockets();
        if request.path() == "/changed" {
            for socket in open {
                // A socket that is closing is no loss.
                let _ = socket.send_with_str("changed");
            }
            return Response::empty();
        }
        if open.len() >= MOST {
            return Response::error("Too many pages are open", 429);
        }
        let pair = WebSocketPair::new()?;
        self.state.accept_web_socket(&pair.server);
        Response::from_websocket(pair.client)
    }

    async fn websocket_message(&self, _socket: WebSocket, _message: WebSocketIncomingMessage) -> Result<()> {
        Ok(())
    }

    async fn websocket_close(&self, socket: WebSocket, _code: usize, _reason: String, _clean: bool) -> Result<()> {
        let _ = socket.close(Some(1000), Some("bye"));
        Ok(())
    }

    async fn websocket_error(&self, _socket: WebSocket, _error: worker::Error) -> Result<()> {
        Ok(())
    }
}

/// The object of one order.
fn stub(env: &Env, order_id: &str) -> std::result::Result<Stub, JsValue> {
    let objects: Objects = js::binding(env, "LIVE").map_err(|fault| JsValue::from_str(&fault.0))?;
    objects.stub(&objects.id_from_name(order_id)?)
}

/// Hands a page's WebSocket to its order's object.
pub async fn connect(env: &Env, order_id: &str) -> std::result::Result<web_sys::Response, JsValue> {
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
                let words = js::words(&error);
                worker::console_warn!("open pages were not told and will ask by themselves: {words}");
            }
        })
    }
}
