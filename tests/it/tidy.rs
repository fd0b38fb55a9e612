//! What no lint can say: money meets no float, files stay short, and each statement names its account.

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

#[test]
fn a_name_is_a_word_of_its_own() {
    assert!(names("a: f64;", "f64") && !names("a: buf64;", "f64"));
}

/// A program's text in two: its code, in which each quoted text is only `""`, and the quoted texts.
fn unquoted(text: &str) -> (String, Vec<String>) {
    let (mut code, mut quoted) = (String::new(), Vec::new());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let raw = rest.strip_prefix("r#\"");
        // A character: a quote in it begins no text. Lifetimes end in no quote.
        let letter = ["'\\''", "'\"'", "'\\\\'"].iter().find(|letter| rest.starts_with(**letter));
        if let Some(letter) = letter {
            rest = &rest[letter.len()..];
        } else if let Some((inside, after)) = raw.and_then(|raw| raw.split_once("\"#")) {
            quoted.push(inside.to_owned());
            code.push_str("\"\"");
            rest = after;
        } else if let Some(after) = rest.strip_prefix("//") {
            rest = after.find('\n').map_or("", |end| &after[end..]);
        } else if let Some(inside) = rest.strip_prefix('"') {
            let mut escaped = false;
            let end = inside.find(|c| {
                let closes = c == '"' && !escaped;
                escaped = c == '\\' && !escaped;
                closes
            });
            let end = end.expect("a text that ends");
            quoted.push(inside[..end].to_owned());
            code.push_str("\"\"");
            rest = &inside[end + 1..];
        } else {
            code.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    (code, quoted)
}

/// Whether a number with a point or an exponent stands there. A field of a pair in a pair (`x.0.1`) is none.
fn has_float_literal(code: &str) -> bool {
    let bytes = code.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let in_word = |at: usize| bytes.get(at).is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.'));
    (0..bytes.len()).any(|start| {
        if !digit(start) || (start > 0 && in_word(start - 1)) {
            return false;
        }
        let end = (start..).find(|at| !digit(*at) && bytes.get(*at) != Some(&b'_')).unwrap_or(start);
        let exponent =
            bytes.get(end) == Some(&b'e') && (digit(end + 1) || matches!(bytes.get(end + 1), Some(b'-' | b'+')));
        // `1.` is one as well, but neither `1..2` nor `1.max(2)`.
        let next = bytes.get(end + 1);
        let point =
            bytes.get(end) == Some(&b'.') && !next.is_some_and(|b| b.is_ascii_alphabetic() || matches!(b, b'.' | b'_'));
        exponent || point
    })
}

#[test]
fn floats_are_found_however_they_are_written() {
    for float in ["let a = 0.5;", "a * 1.0", "(1e3)", "2e-8", "[1.]", "1_000.25"] {
        assert!(has_float_literal(&unquoted(float).0), "{float}");
    }
    for none in
        ["x.0.1", "0..5", "1.max(2)", "0x1e3", "\"0.5\"", "r#\"1.5\"#", "b'.'", "a1.5", "'\"', 5 // 0.5", "\"\\\"1.5\""]
    {
        assert!(!has_float_literal(&unquoted(none).0), "{none}");
    }
    assert_eq!(unquoted("f(\"a\\\"b\", '\"', r#\"c\"#)").1, ["a\\\"b", "c"]);
}

/// All of `src/`: the rooms in which money is counted (`app`, `api`, `json`, `checkout`), what it
/// passes through (`http`, `platform`, `cloudflare`, where D1's numbers come in), and the statements of SQL.
#[test]
fn money_never_meets_a_float() {
    let sources = sources();
    for room in [
        "api/",
        "checkout/",
        "cloudflare/",
        "json/",
        "shop/",
        "shop/money/",
        "shop/gateway/exchange_rates/",
        "platform/",
    ] {
        assert!(sources.iter().any(|(name, _)| name.starts_with(room)), "{room} is looked through");
    }
    for (name, text) in &sources {
        let (code, quoted) = unquoted(text);
        for float in ["f32", "f64"] {
            assert!(!code.contains(float), "src/{name} has a {float}");
        }
        assert!(!has_float_literal(&code), "src/{name} has a number with a point");
        for sql in quoted.iter().filter(|text| ["SELECT", "UPDATE", "INSERT"].iter().any(|verb| names(text, verb))) {
            let computes = ["REAL", "FLOAT", "ROUND", "AVG"].iter().find(|word| names(&sql.to_uppercase(), word));
            assert!(computes.is_none() && !has_float_literal(sql), "src/{name} has a float in {sql}");
        }
    }
    for (name, text) in files_of("schema", "sql") {
        let columns =
            text.lines().map(|line| line.split("--").next().unwrap_or_default()).collect::<Vec<_>>().join("\n");
        let float = ["REAL", "FLOAT", "DOUBLE", "NUMERIC"].iter().find(|word| names(&columns.to_uppercase(), word));
        assert!(float.is_none() && !has_float_literal(&columns), "{name} has a float");
    }
}

/// JavaScript knows no other numbers than floats. What of it is in `src/` passes texts on and keeps time; it computes no
/// money, and has no words for it.
#[test]
fn no_script_computes_money() {
    let scripts = files_of("src", "js");
    let named: Vec<_> = scripts.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(named, ["src/checkout/script.js", "src/cloudflare/bindings.js"]);
    let arithmetic = ["parseFloat", "Number", "BigInt", "toFixed", "toPrecision", "NumberFormat", "toLocaleString"];
    let money =
        ["price", "amount", "rate", "rates", "coin", "coins", "crypto", "currency", "satoshi", "minor", "total", "usd"];
    for (name, text) in &scripts {
        let text: String = text.lines().filter(|line| !line.trim_start().starts_with(['/', '*'])).collect();
        for word in arithmetic.iter().chain(&money) {
            assert!(!names(&text, word), "{name} has {word}");
        }
    }
}

/// The files of a folder that end so, by their path from the root.
fn files_of(folder: &str, end: &str) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![root.join(folder)];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|known| known == end) {
                let name = path.strip_prefix(root).expect("below it").to_string_lossy().replace('\\', "/");
                found.push((name, fs::read_to_string(&path).expect("a text")));
            }
        }
    }
    found.sort();
    found
}

/// What else panics (unwrap, indexing, …) is forbidden by lints, in Cargo.toml.
#[test]
fn nothing_asserts_outside_of_tests() {
    for (name, text) in sources() {
        for word in ["assert!(", "assert_eq!("] {
            assert!(!text.contains(word), "src/{name} has {word}");
        }
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
        // The table of routes is read line by line, and never as a whole.
        let most = if file.ends_with("src/api/v2/routes.rs") { 600 } else { 450 };
        assert!(count <= most, "{} has {count} lines", file.display());
    }
}

/// Tables whose rows are an account's own.
const OWNED: &[&str] = &[
    "shops",
    "logos",
    "wallets",
    "payments",
    "orders",
    "transactions",
    "webhook_endpoints",
    "webhook_logs",
    "webhook_payloads",
    "webhook_receivers",
    "webhook_scans",
    "lists",
    "list_gaps",
    "blacklist",
    "blacklist_lengths",
    "blacklist_rules",
    "coupons",
    "order_blocks",
    "order_counts",
    "order_emails",
    "idempotency",
    "feedbacks",
    "queries",
    "query_replies",
    "products",
    "serials",
    "categories",
    "gateway_settings",
    "deliveries",
    "mails",
    "order_history",
    "holds",
    "coupon_uses",
];

#[test]
fn every_statement_names_the_account_it_acts_for() {
    // Walking all accounts is cron's alone, the rotation's of VAULT_KEY, and the operator's, and it says so in its name. Before it is known who asks, there is an
    // e-mail or a key.
    let sweeps = [
        "take_due",
        "take_lapsed",
        "take_restocked",
        "take_expired",
        "take_old",
        "take_sealed",
        "take_from_owner",
        "by_email",
        "by_key",
        "next",
        "due",
        "put_off",
        "crowded",
        "shop_names",
    ];
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
                // One account, or one for each of several rows that are wanted.
                let named = [
                    "account_id = ?1",
                    "account_id = ?2",
                    "account_id = {account}",
                    "(account_id, ",
                    "account_id = wanted.",
                ];
                let named = named.iter().any(|words| function.contains(words));
                assert!(swept || named, "src/{name}: `{title}` reaches into {table} without an account");
                // What is taken up names its account; what only goes needn't.
                let goes = swept && function.contains("DELETE FROM");
                assert!(goes || function.contains("account_id"), "src/{name}: `{title}`");
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

/// The packages that this project is to stand on. A dependency under a condition that never holds stands in Cargo.toml as
/// well; what counts is what cargo compiles for the Worker, and that something calls it.
#[test]
fn the_module_stands_on_the_packages_of_the_field() {
    let tree = |edges: &str| {
        let asked = ["tree", "--locked", "--target", "wasm32-unknown-unknown", "--depth", "1", "--prefix", "none"];
        let run = std::process::Command::new(env!("CARGO"))
            .args(asked)
            .args(["--edges", edges])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .expect("cargo");
        assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
        String::from_utf8(run.stdout).expect("names")
    };
    let compiled = |tree: &str, name: &str| tree.lines().any(|line| line.split(' ').next() == Some(name));
    let (module, dev) = (tree("normal"), tree("dev"));
    let sources = sources();
    for name in ["worker", "serde", "serde_json", "hmac", "sha2", "base64", "uuid", "getrandom", "wasm-bindgen"] {
        assert!(compiled(&module, name), "{name} isn't compiled into the module:\n{module}");
        let called = format!("{}::", name.replace('-', "_"));
        assert!(sources.iter().any(|(_, text)| text.contains(&called)), "nothing in src/ uses {name}");
    }
    assert!(compiled(&dev, "wasm-bindgen-test"), "{dev}");
}
