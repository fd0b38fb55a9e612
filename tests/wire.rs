//! The border to JavaScript, in a JavaScript engine: rows, numbers, requests and responses as they cross it.
//! `npm test wasm` runs these under node; the same conversions run in workerd under `npm test worker`.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test fails by panicking")]

use js_sys::{JSON, Uint8Array};
use pushguard::{
    cloudflare::{d1, request},
    http::{Body, Method, Response},
    platform::{CommitError, Db, Fault, Row, Statement, Value},
};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::wasm_bindgen_test;

fn js(json: &str) -> JsValue {
    JSON::parse(json).unwrap()
}

/// A D1 that answers the statements' own texts as rows, and remembers what it was asked.
fn database(asked: &JsValue) -> d1::Shard {
    let make = js_sys::Function::new_with_args(
        "asked",
        "const rows = (statement) => ({ meta: { rows_read: 1, rows_written: 2 }, results: JSON.parse(statement.sql) });
         const all = (way, statements) => { asked.push([way, ...statements.map(({ sql, ...rest }) => rest.values)]); return statements.map(rows); };
         const statement = (sql, values) => ({ sql, values, bind: (...values) => statement(sql, values), all: async () => all('all', [statement(sql, values)])[0] });
         return { prepare: (sql) => statement(sql, []), batch: async (statements) => all('batch', statements) };",
    );
    d1::Shard::of(make.call1(&JsValue::UNDEFINED, asked).unwrap())
}

fn ask(sql: &str, args: Vec<Value>) -> Statement {
    Statement::new(sql, args)
}

async fn rows(sql: &str) -> Result<Vec<Row>, Fault> {
    let mut all = database(&js("[]")).rows(vec![ask(sql, Vec::new())]).await?;
    assert_eq!(all.len(), 1);
    Ok(all.remove(0))
}

#[wasm_bindgen_test]
async fn rows_are_read_by_position_in_the_order_of_their_columns() {
    let rows =
        rows(r#"[{"id":7,"title":"Grüße 😀","email":null},{"id":8,"title":"","email":"a@b.co"}]"#).await.unwrap();
    assert_eq!(rows[0].0, [Value::Int(7), Value::Text("Grüße 😀".into()), Value::Null]);
    assert_eq!(rows[1].0, [Value::Int(8), Value::Text(String::new()), Value::Text("a@b.co".into())]);
}

#[wasm_bindgen_test]
async fn a_packed_row_is_read_as_what_is_in_it() {
    let rows = rows(r#"[{"packed":"[[7,null],[\"a\\n\\\"\"]]"},{"packed":"[[8],[\"\"]]"}]"#).await.unwrap();
    assert_eq!(rows[0].0, [Value::Int(7), Value::Null, Value::Text("a\n\"".into())]);
    assert_eq!(rows[1].0, [Value::Int(8), Value::Text(String::new())]);
    // By any other name it is a text.
    let rows = self::rows(r#"[{"other":"[[7]]"}]"#).await.unwrap();
    assert_eq!(rows[0].0, [Value::Text("[[7]]".into())]);
}

#[wasm_bindgen_test]
async fn a_statement_without_rows_answers_none() {
    assert!(rows("[]").await.unwrap().is_empty());
}

#[wasm_bindgen_test]
async fn whole_numbers_are_exact_up_to_two_to_the_53() {
    for n in [0_i64, 1, -1, 2_147_483_648, 9_007_199_254_740_991, -9_007_199_254_740_991] {
        let asked = js("[]");
        let there = database(&asked).rows(vec![ask(&format!(r#"[{{"n":{n}}}]"#), vec![n.into()])]).await.unwrap();
        assert_eq!(there[0][0].0, [Value::Int(n)]);
        assert_eq!(String::from(JSON::stringify(&asked).unwrap()), format!(r#"[["all",[{n}]]]"#));
    }
}

#[wasm_bindgen_test]
async fn what_is_neither_whole_number_nor_text_is_refused() {
    for odd in ["1.5", "9007199254740994", "1e300", "true", "[1]", "{}"] {
        assert!(rows(&format!(r#"[{{"n":{odd}}}]"#)).await.is_err(), "{odd}");
    }
    assert!(rows("7").await.is_err(), "rows that are not a list");
}

#[wasm_bindgen_test]
async fn parameters_cross_as_numbers_texts_and_nulls() {
    let asked = js("[]");
    let args = vec![Value::Null, true.into(), "a\0b\u{7f}\"\\ü😀\u{2028}\n".into()];
    database(&asked).commit(vec![ask("[]", args), ask("[]", Vec::new())]).await.unwrap();
    let asked = String::from(JSON::stringify(&asked).unwrap());
    assert_eq!(asked, "[[\"batch\",[null,1,\"a\\u0000b\u{7f}\\\"\\\\ü😀\u{2028}\\n\"],[]]]", "several go as one batch");
}

#[wasm_bindgen_test]
async fn a_statement_that_fails_says_why() {
    let Err(CommitError::Fault(fault)) = database(&js("[]")).commit(vec![ask("no rows", Vec::new())]).await else {
        panic!("it was committed");
    };
    assert!(fault.0.contains("JSON"), "{fault}");
}

#[wasm_bindgen_test]
fn urls_are_taken_apart() {
    assert_eq!(request::split("https://a.example:8443/x/y?z=1#f"), ("https://a.example:8443", "/x/y", "z=1"));
    assert_eq!(request::split("http://[::1]/"), ("http://[::1]", "/", ""));
    assert_eq!(request::split("https://a.example/?a=b?c"), ("https://a.example", "/", "a=b?c"));
}

fn incoming(url: &str, init: &str) -> web_sys::Request {
    let init: web_sys::RequestInit = js(init).unchecked_into();
    web_sys::Request::new_with_str_and_init(url, &init).unwrap()
}

#[wasm_bindgen_test]
async fn a_request_is_read_whole() {
    let request = incoming(
        "https://shop.example/api/v2/pay?page=2",
        r#"{"method":"POST","body":"{\"title\":\"é\"}","headers":{"Content-Type":"application/json","Authorization":"Basic x","X-Other":"y"}}"#,
    );
    let read = request::read(&request).await.unwrap();
    assert_eq!(
        (read.method, read.origin.as_str(), read.path.as_str()),
        (Method::Post, "https://shop.example", "/api/v2/pay")
    );
    assert_eq!(read.param("page").as_deref(), Some("2"));
    assert_eq!(read.header("authorization"), Some("Basic x"));
    assert_eq!(read.header("x-other"), None, "only headers that somebody reads are fetched");
    assert_eq!(read.body(), None, "nothing is read before it is known who asks");
    read.load().await.unwrap();
    assert_eq!(read.body(), Some("{\"title\":\"é\"}".as_bytes()));
}

#[wasm_bindgen_test]
async fn where_a_buyer_comes_from_is_read_with_what_they_send_to_a_page() {
    let read = async |path: &str, cf: &str| {
        let request = incoming(&format!("https://shop.example{path}"), r#"{"method":"POST"}"#);
        js_sys::Reflect::set(&request, &"cf".into(), &js(cf)).unwrap();
        let read = request::read(&request).await.unwrap();
        (read.country, read.asn, read.asn_name, read.is_tor)
    };
    let some = |text: &str| Some(text.to_owned());
    let telia = r#"{"country":"SE","asn":3301,"asOrganization":"Telia\nCompany AB","city":"x"}"#;
    assert_eq!(read("/product/1", telia).await, (some("SE"), Some(3301), some("Telia Company AB"), false));
    assert_eq!(read("/product/1", r#"{"country":"T1","asn":60729}"#).await, (None, Some(60729), None, true));
    assert_eq!(read("/product/1", "{}").await, (None, None, None, false));
    assert_eq!(read("/api/v2/pay", telia).await, (None, None, None, false), "a seller's server is no buyer");
}

async fn loaded(request: &web_sys::Request) -> Option<Vec<u8>> {
    let request = request::read(request).await.unwrap();
    request.load().await.unwrap();
    request.body().map(<[u8]>::to_vec)
}

#[wasm_bindgen_test]
async fn a_body_past_its_limit_is_not_read_to_the_end() {
    let long = "x".repeat(pushguard::http::BODY_LIMIT + 1);
    let request = incoming("https://shop.example/", &format!(r#"{{"method":"POST","body":"{long}"}}"#));
    assert_eq!(loaded(&request).await, None);
    let just = "x".repeat(pushguard::http::BODY_LIMIT);
    let request = incoming("https://shop.example/", &format!(r#"{{"method":"POST","body":"{just}"}}"#));
    assert_eq!(loaded(&request).await.map(|body| body.len()), Some(just.len()));
    let announced =
        |length: usize| format!(r#"{{"method":"POST","body":"abc","headers":{{"content-length":"{length}"}}}}"#);
    let request = incoming("https://shop.example/", &announced(pushguard::http::BODY_LIMIT + 1));
    assert_eq!(loaded(&request).await, None);
    let request = incoming("https://shop.example/", &announced(3));
    assert_eq!(loaded(&request).await.as_deref(), Some(b"abc".as_slice()));

    let mut kept = Vec::new();
    let body = web_sys::Response::new_with_opt_str(Some("hello")).unwrap().body();
    let more = request::bounded(body, 3, &mut kept).await.unwrap();
    assert_eq!((kept.as_slice(), more), (b"hel".as_slice(), true));
}

#[wasm_bindgen_test]
async fn a_response_goes_out_as_it_is() {
    let ours = Response::json(201, "{\"ok\":\"é\"}".into()).with("x-request-id", "7");
    let out = request::answer(&ours).unwrap();
    assert_eq!((out.status(), out.headers().get("x-request-id").unwrap().as_deref()), (201, Some("7")));
    assert_eq!(out.headers().get("content-type").unwrap().as_deref(), Some("application/json"));
    let bytes = JsFuture::from(out.array_buffer().unwrap()).await.unwrap();
    assert_eq!(Uint8Array::new(&bytes).to_vec(), "{\"ok\":\"é\"}".as_bytes());

    let spoilt = Response::empty(303).with("location", "/a\nset-cookie\nx");
    assert!(request::answer(&spoilt).is_err(), "a header's value is one line");

    let empty = request::answer(&Response::empty(204)).unwrap();
    assert!(matches!(Response::empty(204).body, Body::Empty) && empty.body().is_none());
}
