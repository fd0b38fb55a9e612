//! Uploads: images that everybody sees, and files that nobody does.

use std::rc::Rc;

use proptest::prelude::*;
use pushguard::{
    api::v2::upload::{Intake, intake},
    http::{Method, Unread},
};
use serde_json::{Value, json};

use crate::{
    actors::{ORIGIN, Reply, Seller},
    world::{DAY, Landed, MINUTE, SECOND, World},
};

/// Of 300 × 200 pixels.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\x01\x2c\0\0\0\xc8the rest of a logo";
const FORM: &str = "multipart/form-data; boundary=x1";

pub fn product(seller: &Seller<'_>) -> Value {
    let fields = json!({"title": "App", "description": "d", "price": 1, "currency": "EUR", "gateways": ["stripe"], "product_type": 1});
    seller.post("/products", fields).expect(201).json()
}

pub fn path(product: &Value, place: &str) -> String {
    format!("/products/{}/{place}", product["id"].as_str().expect("an id"))
}

fn put(seller: &Seller<'_>, path: &str, kind: &str, bytes: &[u8]) -> Reply {
    seller.ask("PUT", path).header("content-type", kind).body(bytes).send()
}

/// A body that the platform passes on unread.
pub fn pass(seller: &Seller<'_>, path: &str, bytes: &[u8], length: Option<u64>) -> Reply {
    let mut ask = seller.ask("PUT", path).header("content-type", "application/zip");
    ask.request.unread = Some(Unread { stream: Rc::new(bytes.to_vec()), length });
    ask.send()
}

fn form(name: &str, kind: &str, bytes: &[u8]) -> Vec<u8> {
    let head = format!(
        "--x1\r\nContent-Disposition: form-data; name=\"any\"; filename=\"{name}\"\r\nContent-Type: {kind}\r\n\r\n"
    );
    [head.as_bytes(), bytes, b"\r\n--x1--\r\n"].concat()
}

fn id_of(object: &Value) -> String {
    object["id"].as_str().expect("an id").to_owned()
}

#[test]
fn an_image_is_shown_as_the_reference_shows_it_and_served_to_everybody() {
    let world = World::new();
    let ada = world.seller();
    let made = product(&ada);
    world.advance(SECOND);
    let reply = put(&ada, &path(&made, "image"), FORM, &form("logo.png", "text/html", PNG)).expect(200);
    let mut expected = made.clone();
    let image = reply.json()["image"].clone();
    expected["image"] = image.clone();
    expected["updated_at"] = json!("2023-11-15T00:00:01.000+00:00");
    assert_eq!(reply.json(), expected);
    assert_eq!(ada.get(&format!("/products/{}", made["id"].as_str().unwrap())).json(), expected);
    assert_eq!(ada.get("/products").json(), json!([expected]));
    // Names, order and types of the reference's example.
    let id = id_of(&image);
    let shape = format!(
        r#""image":{{"id":"{id}","storage":"products","metadata":{{"size":{},"filename":"logo.png","mime_type":"image/png","width":300,"height":200}},"url":"{ORIGIN}/images/{id}"}}"#,
        PNG.len()
    );
    assert!(reply.text().contains(&shape), "{}", reply.text());
    assert_eq!((id.len(), id.split('/').map(str::len).collect::<Vec<_>>()), (81, vec![40, 40]));

    let url = image["url"].as_str().unwrap();
    let (counts, served) = world.count(|| world.ask("GET", url).send().expect(200));
    assert_eq!((counts.reads, counts.commits), (0, 0));
    assert_eq!(served.header("content-type"), Some("image/png"));
    assert_eq!(served.header("cache-control"), Some("public, max-age=31536000, s-maxage=3600, immutable"));
    assert_eq!(served.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(served.header("content-security-policy"), Some("default-src 'none'; sandbox"));
    assert!(matches!(served.body(), pushguard::http::Body::Bytes(bytes) if bytes == PNG));
    world.ask("HEAD", url).send().expect(200);
    world.ask("POST", url).send().expect(405);
}

#[test]
fn an_image_is_what_its_first_bytes_say() {
    let world = World::new();
    let ada = world.seller();
    let path = path(&product(&ada), "image");
    for (bytes, mime, width, height) in [
        (PNG, "image/png", 300, 200),
        (b"\xff\xd8\xff\xe0\0\x04..\xff\xc0\0\x0b\x08\0\x02\0\x01\x01\x01\x11\0", "image/jpeg", 1, 2),
        (b"GIF87a\x01\0\x02\0", "image/gif", 1, 2),
        (b"GIF89a<script>", "image/gif", 29_500, 29_283),
        (b"RIFF\0\0\0\0WEBPVP8X\0\0\0\0\0\0\0\0\x01\0\0\x02\0\0", "image/webp", 2, 3),
    ] {
        if width > 10_000 {
            let sentence =
                format!("Image is too large (maximum is 10000 pixels a side, and it has {width} x {height})");
            assert_eq!(put(&ada, &path, "image/gif", bytes).errors(), [sentence]);
            continue;
        }
        let image = put(&ada, &path, "image/svg+xml", bytes).expect(200).json()["image"].clone();
        assert_eq!((&image["metadata"]["mime_type"], &image["metadata"]["size"]), (&json!(mime), &json!(bytes.len())));
        assert_eq!((&image["metadata"]["width"], &image["metadata"]["height"]), (&json!(width), &json!(height)));
        assert_eq!(image["metadata"]["filename"], mime.replace('/', "."));
        assert_eq!(world.files.keys(), [format!("images/{}", id_of(&image))], "the one before is gone");
        assert_eq!(world.files.at(&world.files.keys()[0]), (mime.to_owned(), bytes.to_vec()));
    }
    let before = (world.db.dump(), world.files.keys());
    for bytes in [
        &b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>"[..],
        b"<html>",
        b"RIFF\x00\x00\x00\x00WAVE",
        b"\x89PNG",
        b"x",
        b"BM",
        b"%PDF-1.7",
    ] {
        assert_eq!(put(&ada, &path, "image/png", bytes).errors(), ["Image must be a PNG, JPEG, GIF or WebP image"]);
        let reply = put(&ada, &path, FORM, &form("logo.png", "image/png", bytes));
        assert_eq!(reply.errors(), ["Image must be a PNG, JPEG, GIF or WebP image"]);
    }
    for bytes in [&b"\x89PNG\r\n\x1a\nIHDR"[..], b"\xff\xd8\xff\xe0..JFIF", b"GIF87a", b"RIFF\0\0\0\0WEBPVP8 "] {
        let sentence = "Image is damaged: its width and height can't be read";
        assert_eq!(put(&ada, &path, "image/png", bytes).errors(), [sentence], "{bytes:?}");
    }
    assert_eq!(put(&ada, &path, "image/png", b"").errors(), ["Image can't be blank"]);
    assert_eq!(put(&ada, &path, FORM, &form("logo.png", "image/png", b"")).errors(), ["Image can't be blank"]);
    for (kind, body) in [
        (FORM, PNG),
        ("multipart/form-data", PNG),
        (FORM, b"--x1--"),
        ("multipart/form-data; boundary=x2", &form("a", "b/c", PNG)),
    ] {
        let reply = put(&ada, &path, kind, body).expect(400);
        assert_eq!(reply.message(), "The body is not multipart/form-data with a file in it");
    }
    assert_eq!((world.db.dump(), world.files.keys()), before);
}

#[test]
fn a_file_is_kept_and_given_to_nobody() {
    let world = World::new();
    let ada = world.seller();
    let made = product(&ada);
    let reply =
        put(&ada, &path(&made, "file"), FORM, &form("C:\\my\\my product.zip", "Application/ZIP; x=y", b"PK\x03\x04"))
            .expect(200);
    let file = reply.json()["file"].clone();
    let id = id_of(&file);
    let shape = format!(
        r#""file":{{"id":"{id}","storage":"product_files","metadata":{{"size":4,"mime_type":"application/zip","filename":"my product.zip"}},"url":null}}"#
    );
    assert!(reply.text().contains(&shape), "{}", reply.text());
    assert_eq!(world.files.at(&format!("files/{id}")), ("application/octet-stream".to_owned(), b"PK\x03\x04".to_vec()));
    for url in [
        format!("/images/{id}"),
        format!("/files/{id}"),
        format!("/images/../files/{id}"),
        format!("/images/%2e%2e/files/{id}"),
    ] {
        world.ask("GET", &url).send().expect(404);
    }

    // As it is, through to where it is kept.
    let reply =
        pass(&ada, &format!("{}?filename=a/b/new%20one.zip", path(&made, "file")), b"<html>", Some(6)).expect(200);
    let file = reply.json()["file"].clone();
    assert_eq!(file["metadata"], json!({"size": 6, "mime_type": "application/zip", "filename": "new one.zip"}));
    assert_eq!(world.files.keys(), [format!("files/{}", id_of(&file))]);
    assert_eq!(ada.get("/products").json()[0]["file"], file);
}

#[test]
fn uploads_have_limits_and_say_them() {
    let world = World::new();
    let ada = world.seller();
    let made = product(&ada);
    let (image, file) = (path(&made, "image"), path(&made, "file"));
    let padded = |bytes: usize| [PNG, &vec![0; bytes - PNG.len()]].concat();
    put(&ada, &image, "image/png", &padded(1 << 20)).expect(200);
    put(&ada, &image, FORM, &form("a.png", "image/png", &padded(1 << 20))).expect(200);
    put(&ada, &file, FORM, &form("a.bin", "x/y", &padded(8 << 20))).expect(200);
    pass(&ada, &file, b"x", Some(104_857_600)).expect(200);
    let before = (world.db.dump(), world.files.keys());
    let too_large = |reply: Reply, most: u64| {
        assert_eq!(reply.expect(413).message(), format!("The upload is too large (maximum is {most} bytes)"));
    };
    too_large(put(&ada, &image, "image/png", &padded((1 << 20) + 1)), 1 << 20);
    too_large(put(&ada, &file, FORM, &form("a.bin", "x/y", &padded((8 << 20) + 1))), 8 << 20);
    too_large(pass(&ada, &file, b"x", Some(104_857_601)), 104_857_600);
    let mut ask = ada.ask("PUT", &image);
    ask.request.body = None;
    too_large(ask.send(), 1 << 20);
    assert_eq!(pass(&ada, &file, b"x", None).expect(411).message(), "The request must have a Content-Length");
    assert_eq!(pass(&ada, &file, b"", Some(0)).errors(), ["File can't be blank"]);
    assert_eq!((world.db.dump(), world.files.keys()), before);
}

#[test]
fn only_uploads_are_taken_in_another_way_than_other_bodies() {
    let at = |method: Method, path: &str, kind: Option<&str>| intake(method, path, kind);
    let image = Some(Intake::Read((1 << 20) + 16_384));
    assert_eq!(at(Method::Put, "/api/v2/products/x/image", None), image);
    assert_eq!(at(Method::Put, "//api/v2/categories/x/image/", Some(FORM)), image);
    assert_eq!(
        at(Method::Put, "/api/v2/products/x/file", Some("Multipart/form-data; boundary=x")),
        Some(Intake::Read((8 << 20) + 16_384))
    );
    assert_eq!(at(Method::Put, "/api/v2/products/x/file", Some("application/zip")), Some(Intake::Pass));
    assert_eq!(at(Method::Put, "/api/v2/products/x/file", None), Some(Intake::Pass));
    assert_eq!(at(Method::Put, "/api/v2/products/x/serials", Some("text/csv")), Some(Intake::Read(4 << 20)));
    for (method, path) in [
        (Method::Post, "/api/v2/products/x/file"),
        (Method::Put, "/api/v2/products/x"),
        (Method::Put, "/api/v2/categories/x/file"),
        (Method::Put, "/api/v2/products/x/file/y"),
        (Method::Put, "/api/v2/orders/x/image"),
        (Method::Put, "/products/x/image"),
    ] {
        assert_eq!(at(method, path, None), None, "{path}");
    }
}

#[test]
fn a_categorys_image_is_its_own() {
    let world = World::new();
    let ada = world.seller();
    let made = ada.post("/categories", json!({"title": "C", "product_ids": []})).expect(201).json();
    let path = format!("/categories/{}", made["id"].as_str().unwrap());
    let image = put(&ada, &format!("{path}/image?filename=logo.png"), "", PNG).expect(200).json()["image"].clone();
    assert_eq!((&image["storage"], &image["metadata"]["filename"]), (&json!("cdn"), &json!("logo.png")));
    assert_eq!(ada.get(&path).json()["image"], image);
    assert_eq!(
        ada.put(&path, json!({"title": "D", "image": null})).expect(200).json()["image"],
        image,
        "PUT leaves it"
    );
    ada.delete(&format!("{path}/image")).expect(204);
    assert_eq!((ada.get(&path).json()["image"].clone(), world.files.keys()), (Value::Null, vec![]));
    ada.delete(&format!("{path}/image")).expect(404);
    put(&ada, &format!("{path}/image"), "", PNG).expect(200);
    ada.delete(&path).expect(204);
    assert_eq!(world.files.keys(), Vec::<String>::new());
}

#[test]
fn what_goes_with_a_product_goes_and_what_is_anothers_stays() {
    let world = World::new();
    let ada = world.seller();
    let eve = world.seller_named("eve@example.com", true);
    let made = product(&ada);
    let (image, file) = (path(&made, "image"), path(&made, "file"));
    put(&ada, &image, "", PNG).expect(200);
    pass(&ada, &file, b"x", Some(1)).expect(200);
    let before = (world.db.dump(), world.files.keys());
    for path in [&image, &file] {
        put(&eve, path, "", PNG).expect(404);
        pass(&eve, path, b"x", Some(1)).expect(404);
        eve.delete(path).expect(404);
    }
    put(&ada, "/products/00000000/image", "", PNG).expect(404);
    assert_eq!((world.db.dump(), world.files.keys()), before);
    ada.delete(&file).expect(204);
    ada.delete(&file).expect(404);
    assert_eq!(world.files.keys().len(), 1);
    let path = format!("/products/{}", made["id"].as_str().unwrap());
    assert_eq!(ada.get(&path).json()["file"], Value::Null);
    pass(&ada, &file, b"x", Some(1)).expect(200);
    ada.delete(&path).expect(204);
    assert_eq!(world.files.keys(), Vec::<String>::new());
}

#[test]
fn whatever_breaks_no_row_names_an_object_that_is_not_there() {
    let world = Rc::new(World::new());
    let ada = world.seller();
    let made = product(&ada);
    let path = path(&made, "image");
    let first = put(&ada, &path, "", PNG).expect(200).json()["image"].clone();
    let shown = || ada.get("/products").json()[0]["image"].clone();
    let whole = |image: &Value| world.files.at(&format!("images/{}", id_of(image)));

    world.files.put_breaks.set(true);
    put(&ada, &path, "", PNG).expect(500);
    assert_eq!((shown(), whole(&first).1), (first.clone(), PNG.to_vec()));
    for (commit, landed) in [(1, Landed::No), (1, Landed::Yes), (2, Landed::No)] {
        world.db.break_commit(commit, landed);
        put(&ada, &path, "", PNG).expect(500);
        assert_eq!((shown(), whole(&first).1), (first.clone(), PNG.to_vec()));
    }
    world.db.break_commit(2, Landed::Yes);
    put(&ada, &path, "", PNG).expect(500);
    assert_ne!(shown(), first);
    whole(&shown());
    world.files.delete_breaks.set(true);
    let last = put(&ada, &path, "", PNG).expect(200).json()["image"].clone();
    assert_eq!(shown(), last);
    whole(&last);
    assert!(world.log.text().contains("files.not_deleted"));
    world.files.delete_breaks.set(true);
    ada.delete(&path).expect(204);
    assert_eq!(shown(), Value::Null);

    // What nobody names is deleted, also where its upload was never heard of again.
    let kept = put(&ada, &path, "", PNG).expect(200).json()["image"].clone();
    assert_eq!(world.files.keys().len(), 5, "four that were left, and one");
    world.advance(MINUTE);
    world.cron();
    assert_eq!(world.files.keys().len(), 2, "one may be on its way still");
    world.files.delete_breaks.set(true);
    world.advance(DAY);
    world.cron();
    assert_eq!(world.db.rows_in("unnamed_objects"), 1, "what can't be deleted is tried again");
    world.advance(11 * MINUTE);
    world.cron();
    assert_eq!((world.db.rows_in("unnamed_objects"), world.files.keys().len()), (0, 1));
    whole(&kept);

    // The product goes while its image comes.
    let orphans: Vec<String> = Vec::new();
    let (other, gone, email, key) =
        (world.clone(), made["id"].as_str().unwrap().to_owned(), ada.email.clone(), ada.key.clone());
    world.db.before_commit(2, move || {
        Seller { world: &other, email, key, secret: String::new() }.delete(&format!("/products/{gone}")).expect(204);
    });
    put(&ada, &path, "", PNG).expect(404);
    assert_eq!(world.files.keys(), orphans, "nothing is left of it");
}

#[test]
fn two_at_once_leave_one_and_its_object() {
    let world = World::new();
    let ada = world.seller();
    let path = path(&product(&ada), "image");
    world.db.interleaves.set(true);
    let ask = || ada.ask("PUT", &path).body(PNG).together();
    let (one, two) = crate::world::block_on(futures_util::future::join(ask(), ask()));
    one.expect(200);
    two.expect(200);
    let shown = ada.get("/products").json()[0]["image"].clone();
    assert_eq!(world.files.keys(), [format!("images/{}", id_of(&shown))]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn any_body_is_answered(body in prop::collection::vec(any::<u8>(), 0..200), cut in 0_usize..300, name in ".{0,20}") {
        let world = World::new();
        let ada = world.seller();
        let path = path(&product(&ada), "image");
        let mut whole = form(&name, "image/png", &[PNG, &body].concat());
        whole.truncate(cut);
        for body in [whole, body] {
            let status = put(&ada, &path, FORM, &body).status();
            prop_assert!(status == 200 || status == 400, "{status}");
        }
    }
}

#[test]
fn a_refused_removal_changes_nothing() {
    let world = World::new();
    let ada = world.seller();
    let fields = json!({
        "title": "A", "description": "B", "price": "1", "currency": "USD", "product_type": 4, "gateways": ["bitcoin"],
    });
    let made = ada.post("/products", fields).expect(201).json();
    let path = format!("/products/{}", made["id"].as_str().unwrap());
    world.advance(crate::world::SECOND);
    ada.delete(&format!("{path}/image")).expect(404);
    assert_eq!(ada.get(&path).json(), made);
}

#[test]
fn a_file_name_whose_bytes_are_no_utf8_is_refused_and_nothing_is_kept() {
    let world = World::new();
    let ada = world.seller();
    let made = product(&ada);
    let (image, file) = (path(&made, "image"), path(&made, "file"));
    let head = b"--x1\r\nContent-Disposition: form-data; name=\"any\"; filename=\"caf\xe9.png\"\r\n\r\n";
    let latin = [&head[..], PNG, b"\r\n--x1--\r\n"].concat();
    for place in [&image, &file] {
        assert_eq!(put(&ada, place, FORM, &latin).errors(), ["Filename is not valid UTF-8"]);
    }
    assert_eq!(
        pass(&ada, &format!("{file}?filename=caf%E9.zip"), b"x", Some(1)).errors(),
        ["Filename is not valid UTF-8"]
    );
    assert_eq!(put(&ada, &format!("{image}?filename=%FF"), "image/png", PNG).errors(), ["Filename is not valid UTF-8"]);
    assert_eq!(world.files.keys(), Vec::<String>::new());
    put(&ada, &format!("{image}?filename=caf%C3%A9.png"), "image/png", PNG).expect(200);
}

#[test]
fn an_upload_whose_object_cron_has_taken_is_not_named() {
    let world = Rc::new(World::new());
    let ada = world.seller();
    let made = product(&ada);
    let other = world.clone();
    world.db.before_commit(2, move || {
        other.advance(DAY + MINUTE);
        other.cron();
    });
    let reply = pass(&ada, &path(&made, "file"), b"late", Some(4)).expect(409);
    assert_eq!(reply.message(), "It was changed at the same time. Read it and try again");
    assert_eq!(ada.get(&format!("/products/{}", made["id"].as_str().unwrap())).json()["file"], Value::Null);
    assert_eq!(world.files.keys(), Vec::<String>::new());
}
