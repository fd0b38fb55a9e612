//! The rooms of the house: who may know whom. `ARCHITECTURE.md` says why; this file holds it.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Every file of `src/`, by its path from there, without its tests and without comments.
fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    assert!(files.len() > 40, "src/ was found");
    let is_test = |file: &&PathBuf| file.ends_with("tests.rs");
    for file in files.iter().filter(is_test) {
        let parent = file.parent().expect("a folder").with_extension("rs");
        let text = fs::read_to_string(&parent).expect("the module it belongs to");
        assert!(text.contains("#[cfg(test)]\nmod tests;"), "{} is no part of the module", file.display());
    }
    let mut all: Vec<_> = files
        .iter()
        .filter(|file| !is_test(file))
        .map(|file| {
            let name = file.strip_prefix(&root).expect("in src/").to_string_lossy().replace('\\', "/");
            (name, code(&fs::read_to_string(file).expect("a text")))
        })
        .collect();
    all.sort();
    all
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|end| end == "rs") && !path.ends_with("tests.rs") {
            files.push(path);
        }
    }
}

/// What is compiled into the module: tests stand last in their file, comments on lines of their own.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests").next().expect("a part");
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// Whether `word` stands there as a word of its own.
fn names(text: &str, word: &str) -> bool {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back().is_none_or(|c| !is_name(c));
        before && text[at + word.len()..].chars().next().is_none_or(|c| !is_name(c))
    })
}

/// The rooms of this crate that a file speaks of: `crate::room` and, in a list, `crate::{room…, other…}`.
fn rooms(text: &str) -> Vec<String> {
    let mut rooms = Vec::new();
    for (at, _) in text.match_indices("crate::") {
        let rest = &text[at + "crate::".len()..];
        if let Some(list) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut word = String::new();
            for c in list.chars() {
                match c {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => rooms.push(std::mem::take(&mut word)),
                    c if depth == 0 => word.push(c),
                    _ => {}
                }
            }
            rooms.push(word);
        } else {
            rooms.push(rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect());
        }
    }
    let first = |path: &String| path.trim().split("::").next().unwrap_or_default().trim().to_owned();
    rooms.iter().map(first).filter(|room| !room.is_empty()).collect()
}

#[test]
fn imports_are_read_however_they_are_written() {
    let text =
        "use crate::{\n    http,\n    shop::{a::{b, c}, d},\n    world::Fault,\n};\nfn f() { crate::door::answer(); }";
    assert_eq!(rooms(text), ["http", "shop", "world", "door"]);
    assert!(names("a: f64;", "f64") && !names("a: buf64;", "f64"));
}

#[test]
fn arrows_point_down_only() {
    let below: [(&str, &[&str]); 8] = [
        ("notes", &["notes"]),
        ("json", &["json", "notes"]),
        ("world", &["world"]),
        ("shop", &["world", "shop", "json"]),
        ("http", &["http", "notes"]),
        ("api", &["world", "shop", "json", "http", "notes", "api"]),
        ("checkout", &["world", "shop", "json", "http", "checkout"]),
        ("door", &["world", "shop", "http", "api", "checkout"]),
    ];
    let sources = sources();
    for (room, allowed) in below {
        let in_room = |name: &str| name == format!("{room}.rs") || name.starts_with(&format!("{room}/"));
        let files: Vec<_> = sources.iter().filter(|(name, _)| in_room(name)).collect();
        assert!(!files.is_empty(), "{room} is there");
        for (name, text) in files {
            for known in rooms(text) {
                // A capital is a type or a constant of the crate's root: there are none.
                assert!(allowed.contains(&known.as_str()), "src/{name} knows `{known}`, which is not below `{room}`");
            }
        }
    }
}

#[test]
fn only_one_room_knows_the_platform() {
    for (name, text) in sources().iter().filter(|(name, _)| !name.starts_with("cloudflare/")) {
        for platform in ["worker", "wasm_bindgen", "wasm_bindgen_futures", "js_sys", "web_sys", "getrandom"] {
            assert!(!text.contains(&format!("{platform}::")), "src/{name} speaks to {platform}");
        }
        assert!(!names(text, "SystemTime") && !names(text, "Instant"), "src/{name} asks a clock of its own");
        for print in ["println!", "eprintln!", "dbg!", "todo!", "unimplemented!"] {
            assert!(!text.contains(print), "src/{name} has a {print}");
        }
    }
}

#[test]
fn money_never_meets_a_float() {
    for (name, text) in sources()
        .iter()
        .filter(|(name, _)| ["shop/", "api/", "json/", "checkout/"].iter().any(|room| name.starts_with(room)))
    {
        for float in ["f32", "f64"] {
            assert!(!names(text, float), "src/{name} has a {float}");
        }
    }
}

#[test]
fn nothing_panics_on_purpose() {
    for (name, text) in sources() {
        for word in [".unwrap()", ".expect(", "unreachable!", "assert!(", "assert_eq!("] {
            assert!(!text.contains(word), "src/{name} has {word}");
        }
        let panics = text.matches("panic!").count();
        // The platform without randomness: there is nothing else to do.
        let allowed = usize::from(name == "cloudflare/mod.rs");
        assert!(panics <= allowed, "src/{name} panics {panics} times");
    }
}

#[test]
fn nothing_is_unsafe_but_the_border() {
    for (name, text) in sources().iter().filter(|(name, _)| !name.starts_with("cloudflare/")) {
        assert!(!names(text, "unsafe"), "src/{name} has an unsafe");
    }
}

#[test]
fn files_stay_short_enough_to_read() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    collect(&root.join("src"), &mut files);
    collect(&root.join("tests"), &mut files);
    for file in files {
        // What a test needs to say stands beside what it is about, and doesn't count.
        let lines = fs::read_to_string(&file).expect("a text");
        let count = lines.split("#[cfg(test)]\nmod tests").next().expect("a part").lines().count();
        assert!(count <= 450, "{} has {count} lines", file.display());
    }
}

/// Tables whose rows are an account's own.
const OWNED: &[&str] = &[
    "shops",
    "wallets",
    "payments",
    "orders",
    "transactions",
    "webhook_endpoints",
    "webhook_logs",
    "lists",
    "list_gaps",
    "blacklist",
    "blacklist_rules",
    "coupons",
    "order_blocks",
    "idempotency",
    "feedbacks",
    "queries",
    "query_replies",
    "products",
    "serials",
    "categories",
    "gateway_settings",
];

#[test]
fn every_statement_names_the_account_it_acts_for() {
    // Walking all accounts is cron's alone, and it says so in its name. Before it is known who asks, there is an e-mail.
    let sweeps = ["take_due", "take_lapsed", "take_old", "by_email"];
    let mut seen = 0;
    for (name, text) in sources().iter().filter(|(name, _)| name.starts_with("shop/")) {
        for function in
            text.split("\npub fn ").flat_map(|part| part.split("\nfn ")).flat_map(|part| part.split("\n    fn "))
        {
            let speaks = |table: &&str| {
                ["FROM", "INTO", "UPDATE", "JOIN"].iter().any(|verb| names(function, &format!("{verb} {table}")))
            };
            if let Some(table) = OWNED.iter().find(|table| speaks(table)) {
                seen += 1;
                let title = function.lines().next().unwrap_or_default();
                let swept = sweeps.iter().any(|sweep| title.starts_with(&format!("{sweep}(")));
                let named = function.contains("account_id = ?1") || function.contains("(account_id, ");
                assert!(swept || named, "src/{name}: `{title}` reaches into {table} without an account");
                assert!(function.contains("account_id"), "src/{name}: `{title}`");
            }
        }
    }
    assert!(seen >= 25, "only {seen} statements were found");
}

#[test]
fn every_table_is_strict_and_every_owned_row_has_its_account() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema");
    let mut files: Vec<_> = fs::read_dir(folder).expect("schema/").map(|file| file.expect("a file").path()).collect();
    files.sort();
    let sql: String = files.iter().map(|file| fs::read_to_string(file).expect("a text")).collect();
    for table in sql.split("CREATE TABLE ").skip(1) {
        let name = table.split_whitespace().next().expect("a name");
        let body = table.split(';').find(|part| part.contains(") STRICT"));
        assert!(body.is_some(), "{name} is not STRICT");
        if OWNED.contains(&name) {
            assert!(table.contains("account_id INTEGER"), "{name}");
        }
    }
}
