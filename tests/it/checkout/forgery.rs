//! Another site's page changes nothing here.

use serde_json::json;

use crate::{actors::Link, world::World};

fn press(world: &World, path: &str, form: &str, headers: &[(&'static str, &str)]) -> u16 {
    let mut ask =
        world.buyer().ask("POST", path).header("content-type", "application/x-www-form-urlencoded").body(form);
    for (name, value) in headers {
        ask = ask.header(name, *value);
    }
    ask.send().status()
}

#[test]
fn posts_from_another_origin_are_refused_on_every_page() {
    let world = World::new();
    let ada = world.seller();
    let link: Link = ada.link(json!({}));
    world.buyer().start(&link);
    ada.simulate(&link.order_id, "exact", 1);
    let page = world.receipt(&link.order_id);
    let asked = world.buyer().post(&format!("{page}/query"), "subject=a&message=b").expect(303);
    let thread = asked.header("location").unwrap().to_owned();
    let forms = [
        (link.path.clone(), ""),
        (link.order(), ""),
        (format!("{}/test", link.path), "action=block"),
        (format!("{}/receipt", link.path), "email=bob%40example.com"),
        (page.clone(), ""),
        (format!("{page}/test"), "action=block"),
        (format!("{page}/feedback"), "stars=1"),
        (format!("{page}/query"), "subject=c&message=d"),
        (thread, "message=e"),
    ];
    let before = world.db.dump();
    for (path, form) in &forms {
        for headers in [
            &[("origin", "https://evil.example")][..],
            &[("origin", "https://desk.example.evil.example")],
            &[("origin", "http://desk.example")],
            &[("sec-fetch-site", "cross-site")],
            &[("sec-fetch-site", "same-site")],
            &[("origin", "null"), ("sec-fetch-site", "cross-site")],
            &[("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")],
        ] {
            assert_eq!(press(&world, path, form, headers), 403, "{path} {headers:?}");
        }
    }
    assert_eq!(world.db.dump(), before);
    // Our own forms; browsers that say nothing; and those that write null, as our policy on referrers has them do.
    for headers in [
        &[][..],
        &[("origin", "https://desk.example"), ("sec-fetch-site", "same-origin")],
        &[("origin", "null"), ("sec-fetch-site", "same-origin")],
        &[("origin", "null")],
        &[("sec-fetch-site", "none")],
    ] {
        for (path, form) in &forms {
            assert_eq!(press(&world, path, form, headers), 303, "{path} {headers:?}");
        }
    }
    // Reading changes nothing: a link from elsewhere opens the page.
    world.buyer().ask("GET", &page).header("sec-fetch-site", "cross-site").send().expect(200);
}
