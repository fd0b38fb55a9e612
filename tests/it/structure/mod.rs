//! Who may import whom. The order of the `mod` lines in `src/lib.rs`, and of those in `src/shop/mod.rs`, is the layering:
//! the lowest room stands first, and a room imports only rooms that stand before it. ARCHITECTURE.md says why.

mod imports;

use std::{collections::BTreeSet, fmt::Write, fs, path::Path};

use imports::{Arrow, House};

/// Arrows that the order would allow and that must not be.
const APART: &[(&str, &str)] = &[
    ("checkout", "api"),
    ("checkout", "asked"),
    ("http", "json"),
    ("http", "platform"),
    ("http", "shop"),
    ("platform", "asked"),
    ("router", "json"),
    ("router", "asked"),
    ("shop", "asked"),
];

/// Only `src/cloudflare/` speaks to these crates.
const PLATFORM: &[&str] = &["getrandom", "js_sys", "wasm_bindgen", "wasm_bindgen_futures", "web_sys", "worker"];

/// All of `src/`, by paths from the root of the project.
fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut folders, mut files) = (vec![root.join("src")], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let name = path.strip_prefix(root).expect("below it").to_string_lossy().replace('\\', "/");
                files.push((name, fs::read_to_string(&path).expect("a text")));
            }
        }
    }
    files.sort();
    files
}

fn house() -> House {
    House::read(&sources())
}

/// Asserts that nothing was found, or says what.
fn none(found: &[String], why: &str) {
    assert!(found.is_empty(), "{why}\n  {}\n", found.join("\n  "));
}

#[test]
fn rooms_import_only_rooms_that_stand_before_them() {
    none(&upwards(&house()), "The order of the mod lines in src/lib.rs and src/shop/mod.rs does not hold:");
}

/// The arrows between rooms that run up, and an order of the rooms that would hold, if there is one.
fn upwards(house: &House) -> Vec<String> {
    let order = house.order();
    let place =
        |room: &str| order.iter().position(|known| known == room).unwrap_or_else(|| panic!("`{room}` has no mod line"));
    let between = || house.arrows.iter().filter(|arrow| arrow.from_room != arrow.to_room);
    let mut found: Vec<String> = between()
        .filter(|arrow| place(&arrow.to_room) > place(&arrow.from_room))
        .map(|arrow| format!("{arrow}: `{}` stands above `{}`", arrow.to_room, arrow.from_room))
        .collect();
    if !found.is_empty() {
        let pairs = between().map(|arrow| (arrow.from_room.as_str(), arrow.to_room.as_str())).collect();
        found.push(layers(&order, &pairs));
    }
    found
}

/// An order close to the given one, in which each name stands after all that it imports; or what is in a circle.
fn layers(names: &[String], arrows: &BTreeSet<(&str, &str)>) -> String {
    let (mut left, mut done) = (names.to_vec(), Vec::new());
    let imports = |from: &String, to: &String| from != to && arrows.contains(&(from.as_str(), to.as_str()));
    while let Some(next) = left.iter().position(|name| !left.iter().any(|other| imports(name, other))) {
        done.push(left.remove(next));
    }
    if left.is_empty() {
        return format!("An order that holds: {}", done.join(", "));
    }
    left.retain(|name| reached(name, arrows).contains(name.as_str()));
    format!("No order holds, for these are in a circle: {}", left.join(", "))
}

/// What is imported from here, and by what is imported, and so on.
fn reached<'a>(from: &'a str, arrows: &BTreeSet<(&'a str, &'a str)>) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut left = vec![from];
    while let Some(next) = left.pop() {
        let new = arrows.iter().filter(|(from, _)| *from == next).map(|(_, to)| *to);
        left.extend(new.filter(|to| reached.insert(*to)));
    }
    reached
}

/// Only a module and its own submodules may name each other: `mod.rs` has a noun's types and verbs, `sql.rs` its rows.
#[test]
fn files_of_a_room_form_no_circle() {
    none(&file_circles(&house()), "Files import each other in a circle:");
}

/// The arrows that are part of a circle in a room.
fn file_circles(house: &House) -> Vec<String> {
    let inside = |arrow: &&Arrow| arrow.from_room == arrow.to_room && !arrow.is_to_ancestor;
    let pairs: BTreeSet<(&str, &str)> =
        house.arrows.iter().filter(inside).map(|arrow| (arrow.from.as_str(), arrow.to.as_str())).collect();
    let closes = |arrow: &&Arrow| reached(&arrow.to, &pairs).contains(arrow.from.as_str());
    house.arrows.iter().filter(inside).filter(closes).map(Arrow::to_string).collect()
}

#[test]
fn some_rooms_stay_apart_in_spite_of_the_order() {
    let house = house();
    let order = house.order();
    let mut found = Vec::new();
    for (room, other) in APART {
        for name in [room, other] {
            assert!(order.iter().any(|known| known == name), "APART names {name}, and src/lib.rs has no such room");
        }
        let top = |room: &str| room.split("::").next().unwrap_or_default().to_owned();
        let between = |arrow: &&Arrow| top(&arrow.from_room) == *room && top(&arrow.to_room) == *other;
        found.extend(house.arrows.iter().filter(between).map(Arrow::to_string));
    }
    none(&found, "These rooms must not know each other:");
}

/// A dialect is a folder of `src/api/`.
#[test]
fn dialects_stay_apart() {
    let house = house();
    assert!(house.arrows.iter().any(|arrow| house.dialect(&arrow.from).is_some()), "src/api/ has a dialect");
    none(&across_dialects(&house), "Only src/api/mod.rs and rooms above it may know a dialect:");
}

fn across_dialects(house: &House) -> Vec<String> {
    let inside = house.arrows.iter().filter(|arrow| arrow.from_room == "api" && arrow.from != "src/api/mod.rs");
    let across = |arrow: &&Arrow| house.dialect(&arrow.to).is_some_and(|to| house.dialect(&arrow.from) != Some(to));
    inside.filter(across).map(Arrow::to_string).collect()
}

#[test]
fn only_one_room_knows_the_platform() {
    none(&to_the_platform(&house()), "Only src/cloudflare/ may name the platform's crates:");
}

fn to_the_platform(house: &House) -> Vec<String> {
    let outside = house.crates.iter().filter(|named| !named.file.starts_with("src/cloudflare/"));
    let of_platform = outside.filter(|named| PLATFORM.contains(&named.name.as_str()));
    of_platform.map(|named| format!("{}:{}: `{}`", named.file, named.line, named.name)).collect()
}

/// A small house, in which every wall is missing once.
#[test]
fn each_forbidden_import_is_found_however_it_is_written() {
    let files = [
        (
            "src/lib.rs",
            "pub mod platform;\npub mod shop;\npub mod api;\n#[cfg(target_arch = \"wasm32\")]\npub mod cloudflare;",
        ),
        ("src/platform.rs", "pub struct Fault;\nfn f() { let _ = vec![crate::shop::money::least()]; }"),
        ("src/shop/mod.rs", "pub mod money;\npub mod account;\npub mod order;\npub use order::Order;"),
        ("src/shop/money.rs", "use super::{Order as Sold, account::{self}};\nuse worker as w;"),
        ("src/shop/account/mod.rs", "mod cached;\nmod secret;\nmod sql;\nuse cached::get;\npub struct Account;"),
        ("src/shop/account/sql.rs", "use super::{Account, secret::Sealed};\nfn f() { sql() }"),
        ("src/shop/account/secret.rs", "use super::sql;\npub struct Sealed;\nfn f() { sql::secrets(); }"),
        ("src/shop/account/cached.rs", "use super::sql;\nuse crate::platform::Fault;\nfn get() { super::get() }"),
        (
            "src/shop/order.rs",
            "use crate::platform;\nfn f(_: platform::Fault) {}\n#[cfg(test)]\nmod tests { use crate::api; }",
        ),
        ("src/api/mod.rs", "mod fields;\npub mod v2;\npub mod shoppy;\nuse v2::answer;"),
        ("src/api/fields.rs", "use crate::api::v2::x;\n#[derive(Serialize)]\nstruct A(js_sys::Array);"),
        ("src/api/v2/mod.rs", "macro_rules! m { () => { super::shoppy::y() } }"),
        ("src/api/shoppy.rs", "use crate::shop::order::Order;"),
        ("src/api/shoppy/x.rs", ""),
        ("src/cloudflare/mod.rs", "use worker::Env;\nuse crate::api::v2;"),
    ];
    let files = files.map(|(name, text)| (name.to_owned(), text.to_owned()));
    let house = House::read(&files);
    assert_eq!(house.order(), ["platform", "shop", "shop::money", "shop::account", "shop::order", "api", "cloudflare"]);
    let mut said = String::new();
    for (found, of) in [
        (upwards(&house), "up"),
        (file_circles(&house), "circle"),
        (across_dialects(&house), "dialects"),
        (to_the_platform(&house), "platform"),
    ] {
        for line in found {
            writeln!(said, "{of}: {line}").expect("a text grows");
        }
    }
    assert_eq!(
        said,
        "\
up: src/platform.rs:2 → src/shop/money.rs (crate::shop::money::least): `shop::money` stands above `platform`
up: src/shop/money.rs:1 → src/shop/order.rs (super::Order): `shop::order` stands above `shop::money`
up: src/shop/money.rs:1 → src/shop/account/mod.rs (super::account): `shop::account` stands above `shop::money`
up: No order holds, for these are in a circle: platform, shop::money, shop::account, shop::order
circle: src/shop/account/sql.rs:1 → src/shop/account/secret.rs (super::secret::Sealed)
circle: src/shop/account/secret.rs:1 → src/shop/account/sql.rs (super::sql)
dialects: src/api/fields.rs:1 → src/api/v2/mod.rs (crate::api::v2::x)
dialects: src/api/v2/mod.rs:1 → src/api/shoppy.rs (super::shoppy::y)
platform: src/shop/money.rs:2: `worker`
platform: src/api/fields.rs:3: `js_sys`
"
    );
}
