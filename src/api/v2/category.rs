//! `/categories`: list, get, create, update, destroy, and a category's image.

use serde::Serialize;

use super::{ApiResult, Call, again, page::Wanted, upload, wire::Time};
use crate::{
    api::fields::Fields,
    http::Response,
    json::{self, Raw, Value},
    shop::{
        category::{self, Category},
        upload::Place,
    },
};

pub async fn list(call: &Call<'_>) -> ApiResult {
    let wanted = Wanted::read(call)?;
    let page = category::list(call.app, call.account, wanted.page, wanted.per_page).await?;
    Ok(wanted.answer(call, page.rows.iter().map(|category| object(category, call.origin())), page.total))
}

pub async fn get(call: &Call<'_>, id: &str) -> ApiResult {
    let category = category::get(call.app, call.account, id).await?;
    Ok(Response::json(200, object(&category, call.origin())))
}

pub async fn create(call: &Call<'_>) -> ApiResult {
    let mut fields = Fields::read(call.request, "category")?;
    let category = Category {
        id: String::new(),
        title: fields.title("title", 255).unwrap_or_default(),
        product_ids: product_ids(&mut fields),
        // The reference's created example, whose request doesn't say.
        unlisted: fields.flag("unlisted").unwrap_or(true),
        image: None,
        created_at: 0,
        updated_at: 0,
    };
    fields.finish()?;
    let created = category::create(call.app, call.account, category)?;
    call.commit(201, created, |category| object(category, call.origin())).await
}

/// Changes what is sent.
pub async fn update(call: &Call<'_>, id: &str) -> ApiResult {
    again(async || change(call, id).await).await
}

async fn change(call: &Call<'_>, id: &str) -> ApiResult {
    let mut category = category::get(call.app, call.account, id).await?;
    let mut fields = Fields::read(call.request, "category")?;
    if fields.has("title") {
        category.title = fields.title("title", 255).unwrap_or_default();
    }
    if fields.has("product_ids") {
        category.product_ids = product_ids(&mut fields);
    }
    category.unlisted = fields.flag("unlisted").unwrap_or(category.unlisted);
    fields.finish()?;
    let category = category::update(call.app, call.account, category).await?;
    Ok(Response::json(200, object(&category, call.origin())))
}

pub async fn destroy(call: &Call<'_>, id: &str) -> ApiResult {
    category::destroy(call.app, call.account, id).await?;
    Ok(Response::empty(204))
}

pub async fn put_image(call: &Call<'_>, id: &str) -> ApiResult {
    upload::put(call, (category::sql::TABLE, id, Place::Image)).await?;
    get(call, id).await
}

pub async fn destroy_image(call: &Call<'_>, id: &str) -> ApiResult {
    upload::destroy(call, (category::sql::TABLE, id, Place::Image)).await
}

/// In the seller's order, each once. An empty list is one; none at all is not.
fn product_ids(fields: &mut Fields) -> String {
    const MAX: usize = 1_000;
    let mut ids: Vec<String> = Vec::new();
    match fields.list("product_ids") {
        Some(items) => {
            for item in &items {
                if ids.len() > MAX {
                    break;
                }
                let id = match item {
                    // An id may have digits only, and some clients then send a number.
                    Value::String(text) => text.trim().to_ascii_lowercase(),
                    Value::Number(number) => number.to_string(),
                    _ => "?".into(),
                };
                if !id.is_empty() && !ids.contains(&id) {
                    ids.push(id);
                }
            }
        }
        None => fields.error("Product ids can't be blank"),
    }
    if ids.len() > MAX {
        fields.error(format!("Product ids is too long (maximum is {MAX} products)"));
    }
    json::to_text(&ids)
}

/// The reference's category object.
pub fn object(category: &Category, origin: &str) -> String {
    let image = category.image.as_ref();
    let body = Body {
        id: &category.id,
        title: &category.title,
        product_ids: Raw(&category.product_ids),
        image: image.map(|image| upload::image(image, "cdn", origin)),
        unlisted: category.unlisted,
        created_at: Time::at(category.created_at),
        updated_at: Time::at(category.updated_at),
    };
    json::to_text(&body)
}

#[derive(Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(rename = "Category"))]
pub(super) struct Body<'a> {
    /// Identifies the object for as long as it exists.
    id: &'a str,
    /// What buyers see.
    title: &'a str,
    /// The products, in your order. One that is removed is taken out.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "Vec<String>"))]
    product_ids: Raw<'a>,
    /// Its image; see the upload below.
    image: Option<upload::Image<'a>>,
    /// Whether the category is left out of the shop's listings; true unless you say.
    unlisted: bool,
    /// When it was made.
    created_at: Time,
    /// When it was last changed; the same as `created_at` until then.
    updated_at: Time,
}
