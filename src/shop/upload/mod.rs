//! Uploads: images and files that sellers give. The object is put first, then the row that names it
//! is committed, then the object that it replaces is deleted. So no row names an object that isn't
//! there. An object that no row names yet, or any more, stands in `unnamed_objects`: whatever fails
//! in between, cron deletes it.

use futures_util::future::join_all;

use super::{
    App, Outcome, Refusal,
    account::Account,
    id, markdown,
    time::{DAY, MINUTE},
};
use crate::{
    json,
    platform::{CommitError, Content, Db, Fault, LogLine, Reader, Row, Statement},
};

pub mod file;
pub mod image;
mod range;
mod sql;

/// What a row tells of an upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// `<40 hex>/<40 hex>`, made anew for each upload: what lies there never changes.
    pub id: String,
    /// Bytes.
    pub size: i64,
    pub mime: String,
    /// As the seller calls it.
    pub name: String,
    /// Of an image: its width and height in pixels, as it is shown.
    pub pixels: Option<(u32, u32)>,
}

/// What an upload is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Shown to everybody.
    Image,
    /// Sold, and shown to nobody.
    File,
}

/// The column's prefix, and the folder of the keys.
impl Place {
    fn column(self) -> &'static str {
        match self {
            Place::Image => "image",
            Place::File => "file",
        }
    }

    fn key(self, id: &str) -> String {
        format!("{}s/{id}", self.column())
    }
}

/// Reads a file's four columns.
pub fn read(row: &mut Reader<'_>) -> Result<Option<Upload>, Fault> {
    match (row.maybe_text(), row.maybe_int(), row.maybe_text(), row.maybe_text()) {
        (Some(id), Some(size), Some(mime), Some(name)) => Ok(Some(Upload { id, size, mime, name, pixels: None })),
        (None, ..) => Ok(None),
        _ => Err(Fault("an upload's row is not whole".into())),
    }
}

/// Reads an image's six columns.
pub fn read_image(row: &mut Reader<'_>) -> Result<Option<Upload>, Fault> {
    let image = read(row)?;
    let side = |side: Option<i64>| side.and_then(|side| u32::try_from(side).ok());
    match (image, side(row.maybe_int()), side(row.maybe_int())) {
        (Some(image), Some(width), Some(height)) => Ok(Some(Upload { pixels: Some((width, height)), ..image })),
        (None, ..) => Ok(None),
        _ => Err(Fault("an image's row is not whole".into())),
    }
}

/// Where an upload goes: a table, a row's id, a place in that row.
pub type At<'a> = (&'a str, &'a str, Place);

/// Refused when there is no such row.
pub async fn look(app: &App, account: &Account, at: At<'_>) -> Outcome<()> {
    let row = account.db(app)?.row(sql::one(account.id, at)).await?;
    if row.is_some() { Ok(()) } else { Err(Refusal::NotFound.into()) }
}

/// What is there. Refused when nothing is.
pub async fn get(app: &App, account: &Account, at: At<'_>) -> Outcome<Upload> {
    let row = account.db(app)?.row(sql::one(account.id, at)).await?.ok_or(Refusal::NotFound)?;
    Ok(of(&row, at.2)?.ok_or(Refusal::NotFound)?)
}

fn of(row: &Row, place: Place) -> Result<Option<Upload>, Fault> {
    match place {
        Place::Image => row.read(read_image),
        Place::File => row.read(read),
    }
}

/// Puts an upload in its place. What was there is deleted. Refused when there is no such row.
pub async fn replace(app: &App, account: &Account, at: At<'_>, mut upload: Upload, content: Content) -> Outcome<()> {
    /// An upload that isn't named after this time (ms) has broken off: 100 MB take a quarter of an
    /// hour at 1 Mbit/s.
    const MAX_DURATION: i64 = DAY;
    let place = at.2;
    let part = || id::hex(&app.random::<20>());
    upload.id = format!("{}/{}", part(), part());
    let key = place.key(&upload.id);
    let announce = sql::announce(account.id, at, &key, app.now() + MAX_DURATION);
    let [announced] = account.db(app)?.commit_batch([announce]).await?;
    announced.first().ok_or(Refusal::NotFound)?;
    // A file's type is the seller's word. It is told, and never given to a browser as the truth.
    let mime = if place == Place::Image { &upload.mime } else { "application/octet-stream" };
    app.platform.files.put(&key, mime, content).await?;
    match write(app, account, at, Some(&upload)).await {
        Err(error) => {
            // After a fault it may be in its row all the same.
            if matches!(error, super::Error::Refused(_)) {
                delete(app, &place.key(&upload.id)).await;
            }
            Err(error)
        }
        Ok(_) => Ok(()),
    }
}

/// Refused when nothing is there.
pub async fn remove(app: &App, account: &Account, at: At<'_>) -> Outcome<()> {
    write(app, account, at, None).await?.ok_or(Refusal::NotFound)?;
    Ok(())
}

/// Answers what was there: read in the commit that replaces it, so that of two at once the second deletes the first one's.
/// What nobody needs any more is deleted.
async fn write(app: &App, account: &Account, at: At<'_>, upload: Option<&Upload>) -> Outcome<Option<Upload>> {
    let is_file = at.2 == Place::File;
    let mut statements = vec![sql::one(account.id, at)];
    match upload {
        // A new file serves old receipts too.
        Some(_) => {
            statements.push(sql::unname(account.id, at, false, app.now()));
            statements.extend(is_file.then(|| sql::drop_sold(account.id, at.1, app.now())).into_iter().flatten());
        }
        None => statements.extend(unname(app, account, at)),
    }
    let unnamed = statements.len();
    statements.push(sql::write(account.id, at, upload, app.now()));
    if let Some(upload) = upload {
        statements.extend(sql::name(account.id, at, &at.2.key(&upload.id)));
    }
    let rows = match account.db(app)?.commit(statements).await {
        Ok(rows) => rows,
        // It took too long, and its object may be deleted already.
        Err(no) if no.is_stale() => return Err(Refusal::Conflict.into()),
        Err(no) => return Err(no.into()),
    };
    let before = rows.first().and_then(|rows| rows.first()).ok_or(Refusal::NotFound)?;
    discard(app, rows.get(1..unnamed).unwrap_or_default()).await?;
    Ok(of(before, at.2)?)
}

/// For the commit that takes the row or its upload away: its object will be named by nobody, unless it is a file that was sold.
/// They stand before what removes it. Their answers are for `discard`.
pub fn unname(app: &App, account: &Account, at: At<'_>) -> Vec<Statement> {
    let keep = (at.2 == Place::File).then(|| sql::keep_sold(account.id, at.1));
    keep.into_iter().chain([sql::unname(account.id, at, true, app.now())]).collect()
}

/// Deletes objects that no row names any more, at once: the answers of `unname`. Should that fail, cron does it.
pub async fn discard(app: &App, unnamed: &[Vec<Row>]) -> Result<(), Fault> {
    for row in unnamed.iter().flatten() {
        delete(app, &row.text()?).await;
    }
    Ok(())
}

async fn delete(app: &App, key: &str) -> bool {
    match app.platform.files.delete(key).await {
        Ok(()) => true,
        Err(fault) => {
            app.platform.log.write(LogLine::warn("files.not_deleted").with("key", key).because(fault));
            false
        }
    }
}

/// Takes up so many of the objects that nobody names and whose time is over, of all accounts; for cron.
pub fn take_unnamed(now: i64, most: u32) -> Statement {
    sql::take_unnamed(now, now + 10 * MINUTE, most)
}

/// Deletes those that `take_unnamed` took up. What can't be deleted is taken up again later.
pub async fn delete_unnamed(app: &App, db: &dyn Db, rows: &[Row]) -> Result<(), Fault> {
    let taken = rows.iter().map(|row| row.read(|row| Ok((row.int(), row.text())))).collect::<Result<Vec<_>, _>>()?;
    let deleted = join_all(taken.iter().map(|(_, key)| delete(app, key))).await;
    let gone = taken.iter().zip(deleted).filter(|(_, deleted)| *deleted);
    let statements: Vec<_> = gone.map(|((account_id, key), _)| sql::forget(*account_id, key)).collect();
    if !statements.is_empty() {
        db.commit(statements).await.map_err(CommitError::into_fault)?;
    }
    Ok(())
}

/// Markdown as HTML, in which the account's own images are pictures. No round trip where there are none.
pub async fn rendered(app: &App, account: &Account, markdown: &str) -> Outcome<String> {
    let mut own = markdown::pictures(markdown);
    if !own.is_empty() {
        let [rows] = account.db(app)?.batch([sql::own(account.id, &json::to_text(&own))]).await?;
        own = rows.iter().map(Row::text).collect::<Result<_, _>>()?;
    }
    Ok(markdown::render(markdown, &own))
}

/// A public image and its type. Files lie under other keys and can't be named here.
pub async fn image(app: &App, id: &str) -> Outcome<(String, Vec<u8>)> {
    let found = app.platform.files.get(&Place::Image.key(id)).await?;
    Ok(found.ok_or(Refusal::NotFound)?)
}
