//! Uploads: images and files that sellers give. The object is put first, then the row that shows it is committed, then the
//! object that it replaces is deleted: whatever fails in between leaves an object that nobody names, never a row without one.

use super::{App, Outcome, Refusal, account::Account, id};
use crate::platform::{Content, Fault, LogLine, Reader};

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

/// An image's type by its first bytes, whatever it is called. SVG is none: it is a program that a browser would run.
pub fn image_type(bytes: &[u8]) -> Option<&'static str> {
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        Some("image/png")
    } else if bytes.starts_with(b"\xff\xd8\xff") {
        Some("image/jpeg")
    } else if bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a") {
        Some("image/gif")
    } else if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        Some("image/webp")
    } else {
        None
    }
}

/// Reads an upload's four columns.
pub fn read(row: &mut Reader<'_>) -> Result<Option<Upload>, Fault> {
    match (row.maybe_text(), row.maybe_int(), row.maybe_text(), row.maybe_text()) {
        (Some(id), Some(size), Some(mime), Some(name)) => Ok(Some(Upload { id, size, mime, name })),
        (None, ..) => Ok(None),
        _ => Err(Fault("an upload's row is not whole".into())),
    }
}

/// Where an upload goes: a table, a row's id, a place in that row.
pub type At<'a> = (&'a str, &'a str, Place);

/// Refused when there is no such row.
pub async fn look(app: &App, account: &Account, (table, id, place): At<'_>) -> Outcome<()> {
    let row = account.db(app)?.row(sql::one(account.id, table, id, place.column())).await?;
    if row.is_some() { Ok(()) } else { Err(Refusal::NotFound.into()) }
}

/// Puts an upload in its place. What was there is deleted.
pub async fn replace(app: &App, account: &Account, at: At<'_>, mut upload: Upload, content: Content) -> Outcome<()> {
    let place = at.2;
    let part = || id::hex(&app.random::<20>());
    upload.id = format!("{}/{}", part(), part());
    // A file's type is the seller's word. It is told, and never given to a browser as the truth.
    let mime = if place == Place::Image { &upload.mime } else { "application/octet-stream" };
    app.platform.files.put(&place.key(&upload.id), mime, content).await?;
    match write(app, account, at, Some(&upload)).await {
        Err(error) => {
            // After a fault it may be in its row all the same.
            if matches!(error, super::Error::Refused(_)) {
                discard(app, place, Some(upload)).await;
            }
            Err(error)
        }
        Ok(old) => {
            discard(app, place, old).await;
            Ok(())
        }
    }
}

/// Refused when nothing is there.
pub async fn remove(app: &App, account: &Account, at: At<'_>) -> Outcome<()> {
    let old = write(app, account, at, None).await?.ok_or(Refusal::NotFound)?;
    discard(app, at.2, Some(old)).await;
    Ok(())
}

/// Answers what was there: read in the commit that replaces it, so that of two at once the second deletes the first one's.
async fn write(
    app: &App,
    account: &Account,
    (table, id, place): At<'_>,
    upload: Option<&Upload>,
) -> Outcome<Option<Upload>> {
    let column = place.column();
    let statements =
        [sql::one(account.id, table, id, column), sql::write(account.id, table, id, column, upload, app.now())];
    let [before, _] = account.db(app)?.commit_batch(statements).await?;
    Ok(before.first().ok_or(Refusal::NotFound)?.read(read)?)
}

/// Deletes an object that no row names any more. If that fails it lies there and harms nobody.
pub async fn discard(app: &App, place: Place, upload: Option<Upload>) {
    let Some(upload) = upload else { return };
    if let Err(fault) = app.platform.files.delete(&place.key(&upload.id)).await {
        app.platform.log.write(LogLine::warn("files.not_deleted").with("id", upload.id.as_str()).because(fault));
    }
}

/// The bytes of a file that was sold. Who may have it, the caller knows.
pub async fn file(app: &App, id: &str) -> Outcome<Vec<u8>> {
    let found = app.platform.files.get(&Place::File.key(id)).await?;
    Ok(found.map(|(_, bytes)| bytes).ok_or(Refusal::NotFound)?)
}

/// A public image and its type. Files lie under other keys and can't be named here.
pub async fn image(app: &App, id: &str) -> Outcome<(String, Vec<u8>)> {
    let found = app.platform.files.get(&Place::Image.key(id)).await?;
    Ok(found.ok_or(Refusal::NotFound)?)
}
