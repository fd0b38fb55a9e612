//! `/products`: list, get, create, update, destroy, and the uploads of a product.

use super::{ApiResult, Call, again, page::Wanted, upload, wire::values};
use crate::{
    api::{fields::Fields, product_fields},
    http::Response,
    shop::{
        product::{self, Kind, Product, Restock, StockChange},
        upload::Place,
    },
};

mod body;
mod serials;
mod volume_discount;

#[cfg(not(target_arch = "wasm32"))]
pub use super::upload::Binary;
#[cfg(not(target_arch = "wasm32"))]
pub use body::Body;
pub use body::object;
#[cfg(not(target_arch = "wasm32"))]
pub use serials::SerialsBody;

pub async fn list(call: &Call<'_>) -> ApiResult {
    let wanted = Wanted::read(call)?;
    let page = product::list(call.app, call.account, wanted.page, wanted.per_page).await?;
    Ok(wanted.answer(call, page.rows.iter().map(|product| object(product, call.origin())), page.total))
}

pub async fn get(call: &Call<'_>, id: &str) -> ApiResult {
    let product = product::get(call.app, call.account, id).await?;
    Ok(Response::json(200, object(&product, call.origin())))
}

pub async fn create(call: &Call<'_>) -> ApiResult {
    let mut fields = Fields::read(call.request, "product")?;
    let mut product = Product::blank()?;
    let serials = product_fields::read(&call.app.platform.settings, &mut fields, &mut product, None);
    fields.finish()?;
    let serials = serials.unwrap_or_default();
    let created = product::create(call.app, call.account, product, &serials).await?;
    let body = object(&created.value, call.origin());
    let (product, rows) = created.commit(call.app, call.keep(201, &body)?).await?;
    let duplicates = product::duplicates(&product, &serials, rows.first())?;
    Ok(reported(Response::json(201, body), duplicates))
}

/// Serials that are there twice are taken, since sellers repeat a line on purpose, and their number is told.
fn reported(response: Response, duplicates: u32) -> Response {
    match duplicates {
        0 => response,
        _ => response.with("x-duplicate-serials", duplicates.to_string()),
    }
}

/// Changes what is sent. The serials in stock are replaced when others are sent, and read anew when they are to be told
/// apart in another way.
pub async fn update(call: &Call<'_>, id: &str) -> ApiResult {
    again(async || change(call, id).await).await
}

async fn change(call: &Call<'_>, id: &str) -> ApiResult {
    let before = product::get(call.app, call.account, id).await?;
    let mut fields = Fields::read(call.request, "product")?;
    let mut product = before.clone();
    let serials = product_fields::read(&call.app.platform.settings, &mut fields, &mut product, Some(&before));
    let from_stock = fields.value("info").is_none() && before.kind == Kind::Serials;
    fields.finish()?;
    let restock = serials.map(|serials| Restock { serials, from_stock });
    let amount = product.stock_amount != before.stock_amount;
    let change = StockChange { restock, amount };
    let (product, duplicates) = product::update(call.app, call.account, &before, product, change).await?;
    Ok(reported(Response::json(200, object(&product, call.origin())), duplicates))
}

pub async fn destroy(call: &Call<'_>, id: &str) -> ApiResult {
    product::destroy(call.app, call.account, id).await?;
    Ok(Response::empty(204))
}

pub async fn put_image(call: &Call<'_>, id: &str) -> ApiResult {
    upload::put(call, (product::sql::TABLE, id, Place::Image)).await?;
    get(call, id).await
}

pub async fn destroy_image(call: &Call<'_>, id: &str) -> ApiResult {
    upload::destroy(call, (product::sql::TABLE, id, Place::Image)).await
}

pub async fn get_file(call: &Call<'_>, id: &str) -> ApiResult {
    upload::get(call, (product::sql::TABLE, id, Place::File)).await
}

pub async fn put_file(call: &Call<'_>, id: &str) -> ApiResult {
    upload::put(call, (product::sql::TABLE, id, Place::File)).await?;
    get(call, id).await
}

pub async fn destroy_file(call: &Call<'_>, id: &str) -> ApiResult {
    upload::destroy(call, (product::sql::TABLE, id, Place::File)).await
}

pub async fn put_serials(call: &Call<'_>, id: &str) -> ApiResult {
    serials::put(call, id).await
}

values! {
    ProductType(i64) = {"type": "integer", "enum": [1, 2, 3, 4]}

    /// Of a gateway, as products name it.
    GatewaySlug<'a>(&'a str) = {"type": "string", "enum": product::GATEWAYS}
}
