//! Open pages, live: a Durable Object for each order holds their WebSockets, which hibernate (an idle page costs
//! nothing), and passes on that the order changed. It keeps no state of its own: the pages ask for that themselves.

use worker::{
    DurableObject, Env, Method, Request, RequestInit, Response, State, Stub, WebSocket, WebSocketIncomingMessage,
    WebSocketPair, durable_object, worker_sys::WebSocketRequestResponsePair,
};

use crate::platform::{self, LocalBoxFuture, Log as _, LogLine};

const CHANGED: &str = "https://live/changed";
const CONNECT: &str = "https://live/connect";
/// Open pages of one order. More are somebody's game.
const MAX_PAGES: usize = 50;

#[durable_object(websocket)]
pub struct Live {
    state: State,
}

impl DurableObject for Live {
    fn new(state: State, _env: Env) -> Self {
        // Pings are answered without waking the object. Its two short texts are within the platform's limit.
        if let Ok(pair) = WebSocketRequestResponsePair::new("ping", "pong") {
            state.set_websocket_auto_response(&pair);
        }
        Live { state }
    }

    /// Tells the pages that the order changed, or takes one more page.
    async fn fetch(&self, request: Request) -> worker::Result<Response> {
        let open = self.state.get_websockets();
        if request.path() == "/changed" {
            for socket in open {
                // A socket that is closing is no loss.
                let _ = socket.send_with_str("changed");
            }
            return Response::empty();
        }
        if open.len() >= MAX_PAGES {
            return Response::error("Too many pages are open", 429);
        }
        let pair = WebSocketPair::new()?;
        self.state.accept_web_socket(&pair.server);
        Response::from_websocket(pair.client)
    }

    /// Pages have nothing to say.
    async fn websocket_message(&self, _socket: WebSocket, _text: WebSocketIncomingMessage) -> worker::Result<()> {
        Ok(())
    }

    /// A page has closed its socket, which wants an answer.
    async fn websocket_close(&self, socket: WebSocket, _: usize, _: String, _: bool) -> worker::Result<()> {
        // It may be closed already.
        let _ = socket.close(Some(1000), Some("bye"));
        Ok(())
    }

    async fn websocket_error(&self, _socket: WebSocket, _error: worker::Error) -> worker::Result<()> {
        Ok(())
    }
}

/// The object of one order.
fn stub(env: &Env, order_id: &str) -> worker::Result<Stub> {
    env.durable_object("LIVE")?.id_from_name(order_id)?.get_stub()
}

/// Hands a page's WebSocket to its order's object.
pub async fn connect(env: &Env, order_id: &str) -> worker::Result<web_sys::Response> {
    let mut init = RequestInit::new();
    init.with_method(Method::Get);
    init.headers.set("upgrade", "websocket")?;
    let response = stub(env, order_id)?.fetch_with_request(Request::new_with_init(CONNECT, &init)?).await?;
    Ok(response.into())
}

pub struct Pages(pub Env);

impl platform::Live for Pages {
    fn changed<'a>(&'a self, order_id: &'a str) -> LocalBoxFuture<'a, ()> {
        Box::pin(async move {
            let told = async { stub(&self.0, order_id)?.fetch_with_str(CHANGED).await };
            if let Err(error) = told.await {
                super::Runtime.write(LogLine::warn("live.not_told").order(order_id).because(error));
            }
        })
    }
}
