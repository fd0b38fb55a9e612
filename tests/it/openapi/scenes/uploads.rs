//! Scenes of uploads, whose bodies are no JSON.

use std::rc::Rc;

use pushguard::http::Unread;
use serde_json::json;

use super::{Desk, id, product};

/// An upload as it is, without a form around it.
pub fn upload(desk: &Desk<'_>, path: &str, kind: &str, bytes: &[u8], status: u16) {
    let ask = desk.seller.ask("PUT", path).header("content-type", kind).body(bytes);
    desk.record(ask.request, true).expect(status);
}

/// What uploads are refused for: nothing in them, and too much.
pub fn bad_uploads(desk: &Desk<'_>, path: &str) {
    upload(desk, path, "image/png", b"", 400);
    let mut large = desk.seller.ask("PUT", path).header("content-type", "image/png");
    large.request.body = None;
    desk.record(large.request, true).expect(413);
}

/// Of 300 × 200 pixels.
pub const LOGO: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\x01\x2c\0\0\0\xc8";

/// A product's file goes in, and comes back in all the ways that a request may ask for.
pub fn file(desk: &Desk<'_>, path: &str) {
    let mut endless = desk.seller.ask("PUT", &format!("{path}/file")).header("content-type", "application/zip");
    endless.request.unread = Some(Unread { stream: Rc::new(()), length: None });
    desk.record(endless.request, true).expect(411);
    upload(desk, &format!("{path}/file?filename=my%20product.zip"), "application/zip", b"PK\x03\x04", 200);
    let get = |headers: &[(&'static str, &str)], status: u16| {
        let ask = desk.seller.ask("GET", &format!("{path}/file"));
        let ask = headers.iter().fold(ask, |ask, (name, value)| ask.header(name, *value));
        desk.record(ask.request, true).expect(status)
    };
    let etag = get(&[], 200).header("etag").expect("a version").to_owned();
    get(&[("range", "bytes=2-3"), ("if-range", &etag)], 206);
    get(&[("range", "bytes=4-")], 416);
    get(&[("if-none-match", &etag)], 304);
    get(&[("if-match", "\"another\"")], 412);
    // It was taken for one that nobody names meanwhile.
    let db = desk.world.db.clone();
    desk.world.db.before_commit(2, move || db.change("DELETE FROM unnamed_objects"));
    upload(desk, &format!("{path}/file?filename=late.zip"), "application/zip", b"PK\x03\x04", 409);
}

/// A file of serials: added once, whatever comes twice.
pub fn serials(desk: &Desk<'_>) {
    let made = id(&desk.seller.post("/products", product(json!({}))).expect(201).json());
    let path = format!("/products/{made}/serials");
    let put = |kind: &'static str, key: &str, file: &str, status: u16| {
        let ask = desk.seller.ask("PUT", &path).header("content-type", kind).header("idempotency-key", key).body(file);
        desk.record(ask.request, true).expect(status)
    };
    let first = put("text/csv", "k1", "serial,note\r\nSERIAL6,from May\r\nSERIAL3,\r\n\"SERIAL\t7\",\r\n", 200);
    let again = put("text/csv", "k1", "serial,note\r\nSERIAL6,from May\r\nSERIAL3,\r\n\"SERIAL\t7\",\r\n", 200);
    assert_eq!((again.text(), again.header("idempotent-replayed")), (first.text(), Some("true")));
    put("text/plain", "k1", "SERIAL8", 422);
    desk.world.db.change("UPDATE idempotency SET status = NULL, body = NULL WHERE key = 'k1'");
    put("text/csv", "k1", "serial,note\r\nSERIAL6,from May\r\nSERIAL3,\r\n\"SERIAL\t7\",\r\n", 409);
    put("text/plain", "k2", "SERIAL8\nSERIAL9", 200);
    put("text/csv", "k3", "\"SERIAL", 400);
    put("application/json", "k4", "[]", 415);
    let mut large = desk.seller.ask("PUT", &path).header("content-type", "text/csv");
    large.request.body = None;
    desk.record(large.request, true).expect(413);
}

/// A file of entries for the blacklist.
pub fn entries(desk: &Desk<'_>) {
    let post = |kind: &'static str, key: &str, file: &str, status: u16| {
        let ask = desk.seller.ask("POST", "/blacklist/import").header("content-type", kind);
        desk.record(ask.header("idempotency-key", key).body(file).request, true).expect(status)
    };
    let table = "blocked_data,note\r\nmallory@example.com,Charged back\r\n192.0.2.0/24,\r\nSweden,\r\n";
    let first = post("text/csv", "k1", table, 200);
    let again = post("text/csv", "k1", table, 200);
    assert_eq!((again.text(), again.header("idempotent-replayed")), (first.text(), Some("true")));
    post("text/plain", "k1", "XK", 422);
    desk.world.db.change("UPDATE idempotency SET status = NULL, body = NULL WHERE key = 'k1'");
    post("text/csv", "k1", table, 409);
    post("text/plain", "k2", "*@trash.example\nNO", 200);
    post("text/csv", "k3", "mallory@example.com", 400);
    post("application/json", "k4", "[]", 415);
    let mut large = desk.seller.ask("POST", "/blacklist/import").header("content-type", "text/csv");
    large.request.body = None;
    desk.record(large.request, true).expect(413);
}
