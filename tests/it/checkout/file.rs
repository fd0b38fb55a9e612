//! The file that was bought.

use serde_json::{Value, json};

use crate::{
    actors::{ORIGIN, Seller},
    purchase::{buy, id, product},
    world::{HOUR, World},
};

const NAME: &str = "Grüße \"1\".zip";

/// A file product with this content.
fn of_file(ada: &Seller<'_>, content: &[u8]) -> String {
    let product = product(ada, json!({"product_type": 1}));
    put(ada, &product, content);
    product
}

fn put(ada: &Seller<'_>, product: &str, content: &[u8]) {
    let head = "--x1\r\nContent-Disposition: form-data; name=\"file\"; filename*=UTF-8''Gr%C3%BC%C3%9Fe%20%221%22.zip; filename=\"a\"\r\nContent-Type: text/html\r\n\r\n";
    let body = [head.as_bytes(), content, b"\r\n--x1--\r\n"].concat();
    let path = format!("/products/{product}/file");
    ada.ask("PUT", &path).header("content-type", "multipart/form-data; boundary=x1").body(body).send().expect(200);
}

#[test]
fn a_file_is_for_who_has_paid_and_saved_under_its_name() {
    let world = World::new();
    let ada = world.seller();
    let product = of_file(&ada, b"<script>one</script>\0");
    let order = id(&buy(&ada, &product, json!({})).expect(201).json());
    let file = format!("{}/file", world.receipt(&order));
    let refused = world.buyer().get(&file).expect(403).text();
    assert!(refused.contains("There is no file here right now"), "{refused}");
    ada.simulate(&order, "exact", 1);
    let page = world.buyer().page(&world.receipt(&order)).1;
    assert!(page.contains(&format!("href=\"{file}\"")) && page.contains("Download the file"), "{page}");
    let (counts, reply) = world.count(|| world.buyer().get(&file).expect(200));
    assert_eq!((counts.reads, counts.commits), (1, 1));
    assert_eq!(reply.bytes(), b"<script>one</script>\0");
    for (name, value) in [
        ("content-type", "application/octet-stream"),
        ("content-security-policy", "default-src 'none'; sandbox"),
        ("x-content-type-options", "nosniff"),
        ("cache-control", "private, no-cache, no-transform"),
        (
            "content-disposition",
            "attachment; filename=\"Gr__e _1_.zip\"; filename*=UTF-8''Gr%C3%BC%C3%9Fe%20%221%22.zip",
        ),
    ] {
        assert_eq!(reply.header(name), Some(value), "{name} of {NAME}");
    }
    // A new version is what old receipts give.
    put(&ada, &product, b"two");
    assert_eq!(world.buyer().get(&file).expect(200).bytes(), b"two");
}

#[test]
fn who_has_bought_a_file_has_it_still_when_the_product_has_it_no_more() {
    let world = World::new();
    let ada = world.seller();
    let bought = || {
        let product = of_file(&ada, b"one");
        let order = id(&buy(&ada, &product, json!({})).expect(201).json());
        ada.simulate(&order, "exact", 1);
        (product, format!("{}/file", world.receipt(&order)))
    };
    let objects = || (world.files.keys().len(), world.db.rows_in("unnamed_objects"));
    let gives = |file: &str, content: &[u8]| {
        world.advance(HOUR);
        world.cron();
        world.run_jobs();
        assert_eq!(world.buyer().get(file).expect(200).bytes(), content);
    };
    // The product goes.
    let (product, file) = bought();
    ada.delete(&format!("/products/{product}")).expect(204);
    gives(&file, b"one");
    // It becomes something else.
    let (product, file) = bought();
    ada.put(&format!("/products/{product}"), json!({"product_type": 2, "info": "A"})).expect(200);
    gives(&file, b"one");
    ada.delete(&format!("/products/{product}")).expect(204);
    gives(&file, b"one");
    // The file goes, and another one comes; and the whole product goes.
    let (product, file) = bought();
    let path = format!("/products/{product}/file");
    ada.delete(&path).expect(204);
    assert_eq!(ada.get(&format!("/products/{product}")).json()["file"], Value::Null);
    ada.get(&path).expect(404);
    gives(&file, b"one");
    assert_eq!(objects(), (3, 0));
    put(&ada, &product, b"two");
    gives(&file, b"two");
    assert_eq!(objects().0, 3, "the new one has taken the place of the old");
    ada.delete(&path).expect(204);
    put(&ada, &product, b"three");
    ada.delete(&format!("/products/{product}")).expect(204);
    gives(&file, b"three");
    // Nobody has this one.
    let product = of_file(&ada, b"x");
    ada.delete(&format!("/products/{product}")).expect(204);
    gives(&file, b"three");
    assert_eq!(objects(), (3, 0), "what nobody bought is gone");
}

#[test]
fn downloads_are_counted_beside_everything_else() {
    let world = World::new();
    let ada = world.seller();
    let order = id(&buy(&ada, &of_file(&ada, b"x"), json!({})).expect(201).json());
    ada.simulate(&order, "exact", 1);
    let file = format!("{}/file", world.receipt(&order));
    let count = || ada.order(&order)["downloads"].clone();
    assert_eq!(count(), 0);
    (0..3).for_each(|_| drop(world.buyer().get(&file).expect(200)));
    assert_eq!(count(), 3);
    // Between the read and the commit of another change one more is counted, and neither is lost.
    let (other, path) = (world.redeployed(&[]), file.clone());
    world.db.before_commit(1, move || drop(other.buyer().get(&path).expect(200)));
    ada.post("/test/double_spend", json!({"order_id": order}));
    assert_eq!(count(), 4);
    world.db.break_commit(1, crate::world::Landed::No);
    world.buyer().get(&file).expect(200);
    assert!(world.log.text().contains("order.download_not_counted"));
}

#[test]
fn the_link_in_a_webhook_opens_the_file_and_nothing_else() {
    let world = World::new();
    let ada = world.seller();
    let order = id(&buy(&ada, &of_file(&ada, b"x"), json!({})).expect(201).json());
    ada.simulate(&order, "exact", 1);
    let link = ada.order(&order)["delivered"].as_str().unwrap().to_owned();
    let path = link.strip_prefix(ORIGIN).expect("the origin of the order").to_owned();
    assert_ne!(path, format!("{}/file", world.receipt(&order)));
    assert_eq!(world.buyer().get(&path).expect(200).bytes(), b"x");
    let page = path.strip_suffix("/file").unwrap();
    for path in [page.to_owned(), format!("{page}/feedback"), format!("{page}/query"), format!("{page}/live")] {
        world.buyer().get(&path).expect(404);
        world.buyer().post(&path, "stars=1").expect(404);
    }
}

#[test]
fn only_a_paid_order_for_a_file_that_is_there_has_one() {
    let world = World::new();
    let ada = world.seller();
    let get = |order: &str| world.buyer().get(&format!("{}/file", world.receipt(order)));
    let paid = |product: &str, fields: Value| {
        let order = id(&buy(&ada, product, fields).expect(201).json());
        ada.simulate(&order, "exact", 1);
        order
    };
    let keys = paid(&product(&ada, json!({"info": "A"})), json!({}));
    get(&keys).expect(403);
    let file = of_file(&ada, b"x");
    let order = paid(&file, json!({}));
    get(&order).expect(200);
    world.db.change(&format!("UPDATE orders SET status = 56 WHERE id = '{order}'"));
    get(&order).expect(403);
    world.db.change(&format!("UPDATE orders SET status = 100 WHERE id = '{order}'"));
    ada.delete(&format!("/products/{file}/file")).expect(204);
    get(&order).expect(200);
    put(&ada, &file, b"y");
    get(&order).expect(200);
    let plain = id(&ada.white_label(json!({})));
    ada.simulate(&plain, "exact", 1);
    get(&plain).expect(403);
}

#[test]
fn a_look_at_a_file_is_no_download_and_fetches_nothing() {
    let world = World::new();
    let ada = world.seller();
    let order = id(&buy(&ada, &of_file(&ada, b"0123456789"), json!({})).expect(201).json());
    ada.simulate(&order, "exact", 1);
    let file = format!("{}/file", world.receipt(&order));
    world.files.opened.set(None);
    let (counts, head) =
        world.count(|| world.buyer().ask("HEAD", &file).header("range", "bytes=0-3").send().expect(200));
    assert_eq!((head.header("content-length"), head.text()), (Some("10"), String::new()));
    assert_eq!(
        (counts.commits, world.files.opened.take(), ada.order(&order)["downloads"].clone()),
        (0, None, json!(0))
    );
}

#[test]
fn a_file_that_is_fetched_in_parts_is_one_download_of_the_visit() {
    let world = World::new();
    let ada = world.seller();
    let order = id(&buy(&ada, &of_file(&ada, b"0123456789"), json!({})).expect(201).json());
    ada.simulate(&order, "exact", 1);
    let file = format!("{}/file", world.receipt(&order));
    let part = |range: &str| world.buyer().ask("GET", &file).header("range", range).send().expect(206);
    let count = || ada.order(&order)["downloads"].clone();
    // A player looks at two bytes first, and a program fetches several parts at once.
    for range in ["bytes=0-1", "bytes=0-", "bytes=5-9", "bytes=0-4"] {
        part(range);
    }
    assert_eq!(count(), 1);
    world.advance(HOUR);
    part("bytes=0-");
    assert_eq!(count(), 2, "another visit");
    world.buyer().get(&file).expect(200);
    part("bytes=4-");
    assert_eq!(count(), 3, "one that goes on where it broke off is counted already");
    world.advance(HOUR);
    part("bytes=1-");
    assert_eq!(count(), 4, "nobody has it uncounted");
    let (other, path) = (world.redeployed(&[]), file.clone());
    world.advance(HOUR);
    world
        .db
        .before_commit(1, move || drop(other.buyer().ask("GET", &path).header("range", "bytes=5-").send().expect(206)));
    part("bytes=0-4");
    assert_eq!(count(), 5, "two parts at the same time are one");
}
