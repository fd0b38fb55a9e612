//! Files on their way back: whole, in part, or not at all.

use crate::{
    actors::Seller,
    upload::{self, pass, product},
    world::World,
};

/// A product's file of ten bytes, and the path of it.
fn ten_bytes(ada: &Seller<'_>, name: &str) -> String {
    let path = upload::path(&product(ada), "file");
    pass(ada, &format!("{path}?filename={name}"), b"0123456789", Some(10)).expect(200);
    path
}

#[test]
fn a_file_comes_back_whole_or_in_the_part_that_is_asked_for() {
    let world = World::new();
    let ada = world.seller();
    let path = ten_bytes(&ada, "%C3%A9p%C3%A9e.zip");
    let get = |headers: &[(&'static str, &str)]| {
        let ask = headers.iter().fold(ada.ask("GET", &path), |ask, (name, value)| ask.header(name, *value));
        ask.send()
    };
    let (counts, whole) = world.count(|| get(&[]).expect(200));
    assert_eq!((counts.reads, counts.commits), (1, 0));
    assert_eq!(whole.bytes(), b"0123456789");
    for (name, value) in [
        ("content-type", "application/octet-stream"),
        ("content-length", "10"),
        ("accept-ranges", "bytes"),
        ("content-disposition", "attachment; filename=\"_p_e.zip\"; filename*=UTF-8''%C3%A9p%C3%A9e.zip"),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "default-src 'none'; sandbox"),
        ("cache-control", "private, no-cache, no-transform"),
    ] {
        assert_eq!(whole.header(name), Some(value), "{name}");
    }
    let etag = whole.header("etag").unwrap().to_owned();
    assert!(etag.len() == 42 && etag.starts_with('"') && etag.ends_with('"'), "{etag}");

    for (range, bytes, content_range) in [
        ("bytes=0-3", &b"0123"[..], "bytes 0-3/10"),
        ("bytes=4-", b"456789", "bytes 4-9/10"),
        ("bytes=-3", b"789", "bytes 7-9/10"),
        ("bytes=8-99", b"89", "bytes 8-9/10"),
    ] {
        let part = get(&[("range", range), ("if-range", &etag)]).expect(206);
        assert_eq!((part.bytes(), part.header("content-range")), (bytes.to_vec(), Some(content_range)));
        assert_eq!(part.header("content-length"), Some(bytes.len().to_string().as_str()));
        assert_eq!(part.header("etag"), Some(etag.as_str()));
    }
    assert_eq!(world.files.opened.take(), Some((8, 2)), "no more is read than is sent");
    for headers in [&[("range", "bytes=0-0,5-6")][..], &[("range", "bytes=0-3"), ("if-range", "\"another\"")]] {
        assert_eq!(get(headers).expect(200).bytes(), b"0123456789");
    }
    let beyond = get(&[("range", "bytes=10-")]).expect(416);
    assert_eq!(beyond.header("content-range"), Some("bytes */10"));
    assert_eq!(beyond.message(), "The range begins behind the end of the file");
    world.files.opened.set(None);
    let known = get(&[("if-none-match", &etag), ("range", "bytes=0-3")]).expect(304);
    assert_eq!((known.text(), known.header("etag")), (String::new(), Some(etag.as_str())));
    get(&[("if-match", "\"another\"")]).expect(412);
    assert_eq!(world.files.opened.take(), None, "nothing is opened that isn't sent");

    let head = ada.ask("HEAD", &path).header("range", "bytes=0-3").send().expect(200);
    assert_eq!((head.text(), head.header("content-length")), (String::new(), Some("10")));
    assert_eq!(world.files.opened.take(), None, "a look opens nothing");
    pass(&ada, &path, b"abc", Some(3)).expect(200);
    let newer = get(&[("range", "bytes=4-"), ("if-range", &etag)]).expect(200);
    assert_eq!(newer.bytes(), b"abc", "a new version is another file");
    assert_ne!(newer.header("etag"), Some(etag.as_str()));
}

#[test]
fn a_file_is_its_sellers_alone_and_there_or_not() {
    let world = World::new();
    let ada = world.seller();
    let path = ten_bytes(&ada, "a.zip");
    world.seller_named("eve@example.com", true).get(&path).expect(404);
    world.ask("GET", &format!("/api/v2{path}")).send().expect(401);
    ada.ask("GET", &path).header("accept", "text/html").send().expect(406);
    ada.ask("GET", &path).header("accept", "application/zip, application/*;q=0.1").send().expect(200);
    ada.delete(&path).expect(204);
    ada.get(&path).expect(404);
    ada.get(&upload::path(&product(&ada), "file")).expect(404);
}
