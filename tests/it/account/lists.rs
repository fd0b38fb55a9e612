//! The operator's lists of networks and domains.

use pushguard::shop::blacklist::Keys;
use serde_json::{Value, json};

use crate::{
    actors::Reply,
    blacklist::look,
    world::{ADMIN_TOKEN, DAY, HOUR, Landed, MINUTE, SECOND, World},
};

fn ask(world: &World, method: &str, path: &str, kind: &'static str, body: impl Into<Vec<u8>>) -> Reply {
    let ask =
        world.ask(method, &format!("/admin/lists{path}")).header("authorization", format!("Bearer {ADMIN_TOKEN}"));
    ask.header("content-type", kind).body(body).send()
}

fn put(world: &World, name: &str, file: impl Into<Vec<u8>>) -> Value {
    ask(world, "PUT", &format!("/{name}"), "text/plain", file).expect(200).json()
}

fn lists(world: &World) -> Value {
    ask(world, "GET", "", "", "").expect(200).json()
}

fn found(world: &World, email: &str, ip: &str) -> Vec<String> {
    look(world, 7, &Keys::of(Some(email), ip.parse().ok(), None)).1
}

#[test]
fn a_buyer_is_on_the_lists_that_name_their_network_or_domain() {
    let world = World::new();
    assert_eq!(lists(&world), json!([]));
    assert!(found(&world, "a@b.example", "10.0.0.1").is_empty());
    put(&world, "tor", "# exits\n10.0.0.1\n10.0.0.3 # a comment\n2001:db8::7\n");
    put(&world, "vpn", "10.0.0.0/24\r\n10.0.0.128/25\r\n2001:db8::/32");
    put(&world, "hosting", "10.0.0.3\n10.0.1.0/24");
    put(&world, "disposable", "Trash.example\nbücher.example");
    for (ip, names) in [
        ("10.0.0.1", &["tor", "vpn"][..]),
        ("::ffff:10.0.0.1", &["tor", "vpn"]),
        ("10.0.0.2", &["vpn"]),
        ("10.0.0.3", &["hosting", "tor", "vpn"]),
        ("10.0.0.255", &["vpn"]),
        ("10.0.1.0", &["hosting"]),
        ("10.0.2.0", &[]),
        ("9.255.255.255", &[]),
        ("255.255.255.255", &[]),
        ("2001:db8::7", &["tor", "vpn"]),
        ("2001:db8:ffff::", &["vpn"]),
        ("2001:db9::", &[]),
        ("::", &[]),
    ] {
        assert_eq!(found(&world, "a@b.example", ip), names, "{ip}");
    }
    for (email, is_there) in [
        ("a@TRASH.example", true),
        ("a@mx.trash.example", true),
        ("a@xn--bcher-kva.example", true),
        ("a@nottrash.example", false),
        ("a@trash.example.com", false),
        ("trash.example", false),
    ] {
        assert_eq!(found(&world, email, "x") == ["disposable"], is_there, "{email}");
    }
}

#[test]
fn a_list_is_replaced_as_a_whole_and_says_since_when() {
    let world = World::new();
    let first = put(&world, "tor", "10.0.0.1\n10.0.0.2\nnonsense\n0.0.0.0/0");
    let refused = json!([
        {"line": 3, "reason": "is not a valid IP address or range"},
        {"line": 4, "reason": "is too wide a range (a list's are /8 or narrower, of IPv6 /16)"},
    ]);
    let at = "2023-11-15T00:00:00.000+00:00";
    assert_eq!(
        first,
        json!({"name": "tor", "lines": 2, "updated_at": at, "behind": [], "refused": refused, "refused_count": 2})
    );
    world.advance(SECOND);
    put(&world, "tor", "10.0.0.2\n10.0.0.3\n10.0.0.3");
    assert_eq!([1, 2, 3].map(|n| found(&world, "", &format!("10.0.0.{n}")).len()), [0, 1, 1]);
    let tor = json!({"name": "tor", "lines": 3, "updated_at": "2023-11-15T00:00:01.000+00:00", "behind": []});
    assert_eq!(lists(&world), json!([tor]));
    assert_eq!(world.db.rows_in("operator_ranges"), 3 * (2 + 2), "the old rows go later");
    world.cron();
    assert_eq!((world.db.rows_in("operator_ranges"), world.db.rows_in("operator_revisions")), (3 * 2, 0));
    ask(&world, "DELETE", "/tor", "", "").expect(204);
    assert!(found(&world, "", "10.0.0.2").is_empty());
    world.cron();
    assert_eq!((world.db.rows_in("operator_ranges"), lists(&world)), (0, json!([])));
    ask(&world, "DELETE", "/tor", "", "").expect(404);
}

#[test]
fn what_is_no_list_replaces_none() {
    let world = World::new();
    put(&world, "vpn", "10.0.0.0/8");
    let refused = |path: &str, file: &str| ask(&world, "PUT", path, "text/plain", file);
    assert_eq!(refused("/vpn", "# nothing\n").errors(), ["The list can't be blank: DELETE takes it away"]);
    assert_eq!(refused("/vpn", "<html>\n<body>Not found").errors().len(), 2);
    assert_eq!(
        refused("/vpn", "\n0.0.0.0/0").errors(),
        ["Line 2 is too wide a range (a list's are /8 or narrower, of IPv6 /16)"]
    );
    assert_eq!(refused("/disposable", "10.0.0.0/8").errors(), ["Line 1 is not a domain"]);
    assert_eq!(
        refused("/vpn", &"10.0.0.1\n".repeat(100_001)).errors(),
        ["The list has too many lines (maximum is 100000)"]
    );
    assert_eq!(ask(&world, "PUT", "/vpn", "text/plain", b"\xff\xfe1\0".to_vec()).status(), 400);
    ask(&world, "PUT", "/vpn", "application/json", "[]").expect(415);
    refused("/spam", "10.0.0.1").expect(404);
    ask(&world, "DELETE", "/spam", "", "").expect(404);
    ask(&world, "POST", "/vpn", "text/plain", "10.0.0.1").expect(405);
    world.ask("PUT", "/admin/lists/vpn").body("10.0.0.1").send().expect(401);
    world.ask("GET", "/admin/lists").send().expect(401);
    assert_eq!(found(&world, "", "10.9.9.9"), ["vpn"]);
    let mut large = world.ask("PUT", "/admin/lists/vpn").header("authorization", format!("Bearer {ADMIN_TOKEN}"));
    large.request.body = None;
    large.send().expect(413);
}

#[test]
fn a_list_that_broke_off_leaves_each_database_a_whole_one() {
    let world = World::new();
    put(&world, "tor", "10.0.0.1");
    world.advance(SECOND);
    // Three commits for each of three databases: the second one's switch is lost.
    world.db.break_commit(6, Landed::No);
    ask(&world, "PUT", "/tor", "text/plain", "10.0.0.2").expect(500);
    assert_eq!(lists(&world)[0]["behind"], json!(["DB_1", "DB_2"]));
    assert_eq!(found(&world, "", "10.0.0.2"), ["tor"]);
    assert_eq!(world.db.query_in(1, "SELECT first FROM operator_ranges NATURAL JOIN operator_lists"), [["40a000001"]]);
    world.live_through(HOUR - MINUTE);
    assert_eq!(world.db.query_in(1, "SELECT COUNT(*) FROM operator_ranges"), [["2"]], "it may still be on its way");
    world.live_through(2 * MINUTE);
    assert_eq!(world.db.query_in(1, "SELECT COUNT(*) FROM operator_ranges"), [["1"]]);
    put(&world, "tor", "10.0.0.2");
    assert_eq!(lists(&world)[0]["behind"], json!([]));
    // One that took too long finds its rows gone.
    let db = world.db.clone();
    world.db.before_commit(3, move || db.change_in(0, "DELETE FROM operator_revisions"));
    ask(&world, "PUT", "/tor", "text/plain", "10.0.0.3").expect(409);
    assert_eq!(found(&world, "", "10.0.0.2"), ["tor"]);
}

#[test]
fn a_hundred_thousand_lines_are_a_few_commits_and_go_in_bounded_steps() {
    let world = World::new();
    // Every other address, so that none are merged.
    let file: String =
        (0..100_000_u32).map(|n| format!("{}\n", std::net::Ipv4Addr::from(0x0a00_0000 + 2 * n))).collect();
    let (counts, kept) = world.count(|| put(&world, "hosting", file));
    assert_eq!((&kept["lines"], counts.commits), (&json!(100_000), 3 * 12));
    let before = world.db.steps();
    assert_eq!(found(&world, "", "10.0.0.4"), ["hosting"]);
    assert!(found(&world, "", "10.0.0.5").is_empty());
    assert!(world.db.steps() - before < 8_000, "{}", world.db.steps() - before);
    put(&world, "hosting", "10.0.0.1");
    let (counts, ()) = world.count(|| world.cron());
    assert!(counts.commits <= 3 * 20 + 2, "{counts:?}");
    assert_eq!(world.db.query_in(0, "SELECT COUNT(*) FROM operator_ranges"), [["80001"]]);
    world.live_through(DAY / 24);
    assert_eq!(world.db.rows_in("operator_ranges"), 3);
}
