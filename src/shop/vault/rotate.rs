//! Sealing anew what an old key sealed, so that the key can be taken out of VAULT_KEY.

use super::{open, seal};
use crate::{
    json,
    platform::{CommitError, Fault, Statement},
    shop::App,
};

/// A column of sealed texts, or of JSON lists of them, each with a time: `[[sealed, ms], …]`.
struct Column {
    table: &'static str,
    column: &'static str,
    /// What tells the rows of one account apart, in SQL.
    row: &'static str,
    /// The place under which it is sealed, in SQL.
    place: &'static str,
}

/// All there are. Whoever seals something new adds its line here.
#[rustfmt::skip]
const SEALED: [Column; 7] = [
    Column { table: "shops", column: "webhook_secret", row: "''", place: "'webhook_secret:' || account_id" },
    Column { table: "shops", column: "webhook_secrets_old", row: "''", place: "'webhook_secret:' || account_id" },
    Column { table: "webhook_endpoints", column: "signing_key", row: "id", place: "'signing_key:' || account_id || ':' || id" },
    Column { table: "wallets", column: "xpub", row: "gateway || '/' || identity", place: "'xpub:' || account_id" },
    Column { table: "wallets", column: "branch", row: "gateway || '/' || identity", place: "'branch:' || account_id" },
    Column { table: "gateway_settings", column: "value", row: "gateway || '.' || name", place: "gateway || '.' || name || ':' || account_id" },
    // Kept for a day; while its request runs there is another text, without a dot.
    Column { table: "idempotency", column: "body", row: "key", place: "'idempotency:' || account_id || ':' || key" },
];

/// Rows that are sealed anew by one call.
const MAX: u32 = 50;
/// Rows that are looked at by one call: most are sealed anew already, and one statement must not read a whole table.
const LOOKED: u32 = 1_000;
/// Before every account: ids are not negative.
const FIRST: i64 = -1;

/// What one call has done.
#[derive(Debug, PartialEq, Eq)]
pub struct Turn {
    pub resealed: usize,
    /// Rows that no key opens, each as `shard table.column account row`, without what is in them.
    pub unopened: Vec<String>,
    /// A row in this form, behind which the next call goes on. `None`: that was all.
    pub after: Option<String>,
}

/// Seals under the first key what others sealed: of one column of one shard, fifty rows at most,
/// behind a row. A text that somebody changes meanwhile is left as they wrote it. `None`: `after`
/// names no row.
pub async fn turn(app: &App, after: Option<&str>) -> Result<Option<Turn>, Fault> {
    let shards = app.platform.databases.shards();
    let mut places = shards.iter().flat_map(|shard| SEALED.iter().map(move |column| (shard, column)));
    let mut parts = after.unwrap_or_default().splitn(4, ' ');
    let mut part = || parts.next().unwrap_or_default();
    let (named, behind, row) = ((part(), part()), part().parse(), part());
    let begun = places.find(|(shard, column)| after.is_none() || named == (shard.as_str(), &column.name()));
    let (Some((shard, column)), Ok(behind)) = (begun, if after.is_none() { Ok(FIRST) } else { behind }) else {
        return Ok(None);
    };
    let db = app.platform.databases.shard(shard)?;
    let key = app.platform.settings.vault_keys.first().0;
    let [found, looked_to] = db.batch([column.take_sealed(key, behind, row), column.looked_to(behind, row)]).await?;
    let mut turn = Turn { resealed: 0, unopened: Vec::new(), after: None };
    let mut writes = Vec::new();
    for row in &found {
        let (account_id, row, place, sealed) = row.read(|row| Ok((row.int(), row.text(), row.text(), row.text())))?;
        let name = format!("{shard} {} {account_id} {row}", column.name());
        match anew(app, &place, &sealed) {
            Some(anew) => writes.push(column.replace(account_id, &row, sealed, anew)),
            None => turn.unopened.push(name.clone()),
        }
        turn.after = Some(name);
    }
    if !writes.is_empty() {
        let written = db.commit(writes).await.map_err(CommitError::into_fault)?;
        turn.resealed = written.iter().map(Vec::len).sum();
    }
    if found.len() < MAX as usize {
        // None is left of those that were looked at. Behind them there may be more.
        turn.after = match looked_to.first() {
            Some(last) => {
                let (account_id, row) = last.read(|row| Ok((row.int(), row.text())))?;
                Some(format!("{shard} {} {account_id} {row}", column.name()))
            }
            None => None,
        };
    }
    if turn.after.is_none() {
        turn.after = places.next().map(|(shard, column)| format!("{shard} {} {FIRST}", column.name()));
    }
    Ok(Some(turn))
}

impl Column {
    fn name(&self) -> String {
        format!("{}.{}", self.table, self.column)
    }

    /// Rows with anything in them that the key of this id did not seal, of all accounts. Ids and sealed texts have no
    /// quotes in them, so that a list's own show where each of its texts begins.
    fn take_sealed(&self, id: &str, account_id: i64, row: &str) -> Statement {
        let Column { table, column, row: name, place } = self;
        Statement::new(
            format!(
                "SELECT account_id, row, place, sealed FROM (
                   SELECT account_id, {name} AS row, {place} AS place, {column} AS sealed FROM {table}
                   WHERE (account_id, {name}) > (?2, ?3) ORDER BY account_id, {name} LIMIT {LOOKED})
                 WHERE instr(sealed, '.')
                   AND CASE WHEN sealed LIKE '[%' THEN instr(replace(sealed, '[\"' || ?1 || '.', ''), '[\"')
                       ELSE sealed NOT GLOB ?1 || '.*' END
                 ORDER BY account_id, row LIMIT ?4"
            ),
            vec![id.into(), account_id.into(), row.into(), MAX.into()],
        )
    }

    /// The last row that `take_sealed` looks at, if there may be more behind it.
    fn looked_to(&self, account_id: i64, row: &str) -> Statement {
        let Column { table, row: name, .. } = self;
        Statement::new(
            format!(
                "SELECT account_id, {name} AS row FROM {table}
                 WHERE (account_id, {name}) > (?1, ?2) ORDER BY account_id, {name} LIMIT 1 OFFSET {LOOKED} - 1"
            ),
            vec![account_id.into(), row.into()],
        )
    }

    /// Of the row, if it still has the sealed text that was read.
    fn replace(&self, account_id: i64, row: &str, sealed: String, anew: String) -> Statement {
        let Column { table, column, row: name, .. } = self;
        Statement::new(
            format!(
                "UPDATE {table} SET {column} = ?4
                 WHERE account_id = ?1 AND {name} = ?2 AND {column} = ?3 RETURNING account_id"
            ),
            vec![account_id.into(), row.into(), sealed.into(), anew.into()],
        )
    }
}

/// The text, or those of a list, under the first key. `None` when one of them doesn't open.
fn anew(app: &App, place: &str, sealed: &str) -> Option<String> {
    let keys = &app.platform.settings.vault_keys;
    let again = |sealed: &str| {
        let plain = open(keys, place, sealed).ok()?;
        seal(keys, place, &plain, app.random()).ok()
    };
    if !sealed.starts_with('[') {
        return again(sealed);
    }
    let mut list: Vec<(String, i64)> = json::from_text(sealed)?;
    for (sealed, _) in &mut list {
        *sealed = again(sealed)?;
    }
    Some(json::to_text(&list))
}
