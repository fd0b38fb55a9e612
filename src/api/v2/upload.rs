//! What the nouns' uploads share: `/products/:id/image`, `/products/:id/file`, `/categories/:id/image`, `/account/logo`. The body is
//! the file itself, or a form with it (multipart/form-data). And the way back of a file.

use serde::Serialize;

use super::{ApiResult, Call};
use crate::{
    api::{body::too_large, failure::Failure, multipart},
    http::{Method, Request, Response},
    platform::Content,
    shop::{
        blacklist, operator_list, stock,
        upload::{
            self, Place, Upload, file,
            image::{self, MAX_SIDE, Unfit},
        },
    },
};

/// Bytes of an image, of a file in a form, and of a file that comes as it is. Images and forms are read into memory, which
/// an isolate has little of; a file as it is goes through to where it is kept.
pub const IMAGE_LIMIT: usize = 1 << 20;
pub const FORM_LIMIT: usize = 8 << 20;
pub const FILE_LIMIT: u64 = 100 << 20;
/// What a form may have around its file.
const ENVELOPE: usize = 16 << 10;

/// How an upload's body comes in; `None` for other requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intake {
    /// Read, up to so many bytes.
    Read(usize),
    /// Passed on unread.
    Pass,
}

pub fn intake(method: Method, path: &str, content_type: Option<&str>) -> Option<Intake> {
    let mut parts = path.split('/').filter(|part| !part.is_empty());
    let mut next = || parts.next().unwrap_or_default();
    let (api, v2, noun, id, place, end) = (next(), next(), next(), next(), next(), next());
    let form = content_type.is_some_and(multipart::is_form);
    match (method, api, v2, noun, place, end) {
        (Method::Put, "api", "v2", "account", "", "") if id == "logo" => Some(Intake::Read(IMAGE_LIMIT + ENVELOPE)),
        (Method::Put, "api", "v2", "products" | "categories", "image", "") => {
            Some(Intake::Read(IMAGE_LIMIT + ENVELOPE))
        }
        (Method::Put, "api", "v2", "products", "serials", "") => Some(Intake::Read(stock::file::MAX_BYTES)),
        (Method::Post, "api", "v2", "blacklist", "", "") if id == "import" => {
            Some(Intake::Read(blacklist::import::MAX_BYTES))
        }
        (Method::Put, "admin", "lists", ..) => Some(Intake::Read(operator_list::MAX_BYTES)),
        (Method::Put, "api", "v2", "products", "file", "") if form => Some(Intake::Read(FORM_LIMIT + ENVELOPE)),
        (Method::Put, "api", "v2", "products", "file", "") => Some(Intake::Pass),
        _ => None,
    }
}

/// Whose upload it is, by its table.
type Noun = &'static str;

/// Takes the upload in. The noun must exist before anything is stored.
pub async fn put(call: &Call<'_>, at: (Noun, &str, Place)) -> Result<(), Failure> {
    match given(call.request, at.2) {
        Ok((given, content)) => Ok(upload::replace(call.app, call.account, at, given, content).await?),
        Err(failure) => Err(of_what_is_there(call, at, failure).await),
    }
}

/// What is wrong with a request is said of what is there alone.
pub(super) async fn of_what_is_there(call: &Call<'_>, at: (Noun, &str, Place), failure: Failure) -> Failure {
    match upload::look(call.app, call.account, at).await {
        Ok(()) => failure,
        Err(error) => error.into(),
    }
}

/// The file, or the part of it that is asked for.
pub async fn get(call: &Call<'_>, at: (Noun, &str, Place)) -> ApiResult {
    let found = upload::get(call.app, call.account, at).await?;
    let file::Download { status, headers, stream } =
        file::download(call.app, &found, call.request.head, |name| call.request.header(name)).await?;
    let sentence = match status {
        412 => "The file is another one by now",
        416 => "The range begins behind the end of the file",
        _ => return Ok(Response::passed_on(status, headers, stream)),
    };
    let mut failure = Failure::new(status, sentence);
    failure.headers = headers;
    Err(failure)
}

pub async fn destroy(call: &Call<'_>, (noun, id, place): (Noun, &str, Place)) -> ApiResult {
    upload::remove(call.app, call.account, (noun, id, place)).await?;
    Ok(Response::empty(204))
}

/// What came, checked, and what is to be told of it.
fn given(request: &Request, place: Place) -> Result<(Upload, Content), Failure> {
    let kind = request.header("content-type");
    if let Some(unread) = &request.unread {
        let size = unread.length.ok_or_else(|| Failure::new(411, "The request must have a Content-Length"))?;
        if size > FILE_LIMIT {
            return Err(too_large(FILE_LIMIT));
        }
        if size == 0 {
            return Err(Failure::invalid("File can't be blank"));
        }
        let name = name(request.param("filename").as_deref(), "file")?;
        let size = i64::try_from(size).unwrap_or(i64::MAX);
        return Ok((
            Upload { id: String::new(), size, mime: mime(kind), name, pixels: None },
            Content::Stream(unread.stream.clone()),
        ));
    }
    let limit = if place == Place::Image { IMAGE_LIMIT } else { FORM_LIMIT };
    let body = request.body().ok_or_else(|| too_large(limit as u64))?;
    let (bytes, asked, kind) = match kind.filter(|kind| multipart::is_form(kind)) {
        Some(kind) => {
            let part = multipart::file(body, kind)
                .ok_or_else(|| Failure::new(400, "The body is not multipart/form-data with a file in it"))?;
            (part.bytes, part.name, part.kind)
        }
        None => (body, request.param("filename"), kind.map(str::to_owned)),
    };
    if bytes.len() > limit {
        return Err(too_large(limit as u64));
    }
    let what = if place == Place::Image { "Image" } else { "File" };
    if bytes.is_empty() {
        return Err(Failure::invalid(&format!("{what} can't be blank")));
    }
    let (mime, fallback, pixels) = match place {
        Place::Image => {
            let image = image::read(bytes).map_err(unfit)?;
            (image.mime.to_owned(), image.mime.replace('/', "."), Some((image.width, image.height)))
        }
        Place::File => (mime(kind.as_deref()), "file".to_owned(), None),
    };
    let name = name(asked.as_deref(), &fallback)?;
    Ok((Upload { id: String::new(), size: bytes.len() as i64, mime, name, pixels }, Content::Bytes(bytes.to_vec())))
}

fn unfit(unfit: Unfit) -> Failure {
    Failure::invalid(&match unfit {
        Unfit::Unknown => "Image must be a PNG, JPEG, GIF or WebP image".to_owned(),
        Unfit::NoSize => "Image is damaged: its width and height can't be read".to_owned(),
        Unfit::TooLarge(width, height) => {
            format!("Image is too large (maximum is {MAX_SIDE} pixels a side, and it has {width} x {height})")
        }
    })
}

/// The client's word for a type, if it looks like one.
fn mime(kind: Option<&str>) -> String {
    let kind = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let fits =
        |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b));
    let is_one = kind.len() <= 100 && kind.split_once('/').is_some_and(|(kind, sub)| fits(kind) && fits(sub));
    // What programs say when nobody told them.
    match kind.as_str() {
        "application/x-www-form-urlencoded" => "application/octet-stream".into(),
        _ if is_one => kind,
        _ => "application/octet-stream".into(),
    }
}

/// A file's name without its folders.
fn name(asked: Option<&str>, fallback: &str) -> Result<String, Failure> {
    // What stands for bytes that were no UTF-8. Kept, the name would be lost for good.
    if asked.is_some_and(|name| name.contains(char::REPLACEMENT_CHARACTER)) {
        return Err(Failure::invalid("Filename is not valid UTF-8"));
    }
    let last = asked.unwrap_or_default().rsplit(['/', '\\']).next().unwrap_or_default();
    let name: String = last.chars().filter(|c| !c.is_control()).take(255).collect();
    Ok(match name.trim() {
        "" => fallback.to_owned(),
        name => name.to_owned(),
    })
}

/// `image` as the reference has it. Its address is good as long as it is.
pub(super) fn image<'a>(upload: &'a Upload, storage: &'static str, origin: &str) -> Image<'a> {
    let Upload { id, size, mime, name, pixels } = upload;
    let (width, height) = pixels.unwrap_or_default();
    let metadata = ImageMetadata { size: *size, filename: name, mime_type: mime, width, height };
    Image { id, storage, metadata, url: format!("{origin}/images/{id}") }
}

/// `file` as the reference has it. It has no address, since whoever knows it could have the file.
pub(super) fn file(upload: &Upload) -> File<'_> {
    let Upload { id, size, mime, name, .. } = upload;
    let metadata = FileMetadata { size: *size, mime_type: mime, filename: name };
    File { id, storage: "product_files", metadata, url: () }
}

#[derive(Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub(super) struct Image<'a> {
    /// Names this image; another one gets another.
    id: &'a str,
    /// Where it is kept.
    storage: &'static str,
    /// What is known of it.
    metadata: ImageMetadata<'a>,
    /// Where everybody can see it. The address never shows anything else.
    url: String,
}

/// In the reference's order, and then what is ours.
#[derive(Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(inline))]
struct ImageMetadata<'a> {
    /// In bytes.
    size: i64,
    /// As it was called when it came.
    filename: &'a str,
    /// By its first bytes.
    mime_type: &'a str,
    /// In pixels, as it is shown.
    width: u32,
    /// In pixels, as it is shown.
    height: u32,
}

#[derive(Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub(super) struct File<'a> {
    /// Names this file; another one gets another.
    id: &'a str,
    /// Where it is kept.
    storage: &'static str,
    /// What is known of it.
    metadata: FileMetadata<'a>,
    /// Always `null`: a file has no public address.
    url: (),
}

/// In the reference's order.
#[derive(Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(inline))]
struct FileMetadata<'a> {
    /// In bytes.
    size: i64,
    /// By your word.
    mime_type: &'a str,
    /// As it was called when it came.
    filename: &'a str,
}

/// A file's bytes, for the specification.
pub struct Binary;

#[cfg(not(target_arch = "wasm32"))]
impl schemars::JsonSchema for Binary {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Binary".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "contentMediaType": "application/octet-stream"})
    }
}
