//! A recording of the wire, for comparing two versions of the program byte for byte: with `RECORD=<folder>` in the
//! environment every test writes there what it asked, what was answered, and what was sent to others. Clock and randomness of
//! these tests are the same in every run, so `diff -r` of two recordings shows what a change did to the wire. (Tests of
//! properties, whose cases are drawn anew each time, are left out.)

use std::{
    collections::{HashMap, HashSet},
    fmt::Write as _,
    fs::{File, OpenOptions},
    io::Write as _,
    path::PathBuf,
    sync::{LazyLock, Mutex},
    thread,
};

use pushguard::{
    http::{Body, Request, Response},
    platform::Statement,
};

use super::Sent;

static FOLDER: LazyLock<Option<PathBuf>> = LazyLock::new(|| {
    let folder = PathBuf::from(std::env::var_os("RECORD")?);
    std::fs::create_dir_all(&folder).expect("a folder for the recording");
    Some(folder)
});

/// Whether anything is recorded at all.
pub fn is_on() -> bool {
    FOLDER.is_some()
}

/// A request, as text, before it is answered.
pub fn question(request: &Request) -> String {
    let mut text = format!("{:?} {}?{}\n", request.method, request.path, request.query);
    for (name, value) in &request.headers {
        let _ = writeln!(text, "{name}: {value}");
    }
    text + &body(request.body.as_deref().unwrap_or_default())
}

pub fn answer(question: &str, response: &Response) {
    let mut text = format!("> {question}\n< {}\n", response.status);
    for (name, value) in &response.headers {
        let _ = writeln!(text, "{name}: {value}");
    }
    match &response.body {
        Body::Bytes(bytes) => text += &body(bytes),
        other => text += &format!("{other:?}"),
    }
    write(&text);
}

pub fn sent(sent: &Sent) {
    if is_on() {
        let headers = sent.headers.iter().map(|(name, value)| format!("{name}: {value}\n")).collect::<String>();
        write(&format!("= {} {}\n{headers}{}", sent.method, sent.url, sent.body));
    }
}

fn body(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => format!("{bytes:?}"),
    }
}

/// Each test has a thread of its own, which has its name.
fn write(text: &str) {
    let (Some(folder), Some(name)) = (&*FOLDER, thread::current().name().map(str::to_owned)) else { return };
    let file = folder.join(name.replace("::", "."));
    let mut file = OpenOptions::new().create(true).append(true).open(file).expect("a file of the recording");
    writeln!(file, "{text}\n").expect("a written recording");
}

/// With `STATEMENTS=<file>` every text of SQL that the shop sends is written there, once each, as a line of JSON:
/// `tests/worker/scans.test.mjs` asks D1's own SQLite how it would run them.
static STATEMENTS: LazyLock<Option<Mutex<Statements>>> = LazyLock::new(|| {
    let file = File::create(std::env::var_os("STATEMENTS")?).expect("a file for the statements");
    Some(Mutex::new(Statements { file, known: HashSet::new() }))
});

struct Statements {
    file: File,
    known: HashSet<String>,
}

pub fn statements(statements: &[Statement]) {
    let Some(all) = &*STATEMENTS else { return };
    let Statements { file, known } = &mut *all.lock().expect("nobody fails with it in hand");
    for statement in statements {
        if known.insert(statement.sql.to_string()) {
            writeln!(file, "{}", serde_json::json!(statement.sql)).expect("it is written");
        }
    }
}

/// With `EXCHANGES=<file>` the API's exchanges are written there, each as a line of JSON: `tests/api/exchanges.test.mjs` holds
/// them against the specification.
static EXCHANGES: LazyLock<Option<Mutex<Exchanges>>> = LazyLock::new(|| {
    let file = File::create(std::env::var_os("EXCHANGES")?).expect("a file for the exchanges");
    Some(Mutex::new(Exchanges { file, counts: HashMap::new() }))
});

struct Exchanges {
    file: File,
    /// By method, path without its ids, and status.
    counts: HashMap<String, u32>,
}

/// Exchanges of one method, path and status that are written: property tests have thousands.
const MAX_ALIKE: u32 = 60;

/// The request as a line of JSON begins, before it is answered; `None` where nothing is to be written.
pub fn asked(request: &Request) -> Option<serde_json::Value> {
    // The other spellings of a path are in no specification.
    let is_plain = !request.path.contains("//") && !request.path.contains("/uuid/") && !request.path.ends_with('/');
    let is_known = request.path.starts_with("/api/") || (request.path.starts_with("/organizations/") && is_plain);
    EXCHANGES.as_ref().filter(|_| is_known)?;
    let body = std::str::from_utf8(request.body.as_deref().unwrap_or_default()).ok()?;
    let (method, path, query) = (format!("{:?}", request.method).to_uppercase(), &request.path, &request.query);
    Some(serde_json::json!({"method": method, "path": path, "query": query, "headers": request.headers, "body": body}))
}

pub fn answered(mut asked: serde_json::Value, response: &Response) {
    let (Some(all), Body::Bytes(bytes)) = (&*EXCHANGES, &response.body) else { return };
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let is_id = |segment: &&str| segment.bytes().any(|b| b.is_ascii_digit()) && !["v2", "1.0"].contains(segment);
    let path = asked["path"].as_str().unwrap_or_default();
    let path: Vec<&str> = path.split('/').map(|segment| if is_id(&segment) { "*" } else { segment }).collect();
    let alike = format!("{} {} {}", asked["method"], path.join("/"), response.status);
    let Exchanges { file, counts } = &mut *all.lock().expect("nobody fails with it in hand");
    let count = counts.entry(alike).or_default();
    *count += 1;
    if *count <= MAX_ALIKE {
        asked["answer"] = serde_json::json!({"status": response.status, "headers": response.headers, "body": text});
        writeln!(file, "{asked}").expect("it is written");
    }
}
