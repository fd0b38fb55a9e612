//! `/products`: list, get, create, update, destroy, and the uploads of a product.

use super::{ApiResult, Call, again, page::Wanted, upload, wire::values};
use crate::{
    api::{fields::Fields, product_fields},
    http::Response,
    shop::{
        order::restock,
        product::{self, Product},
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
    let stock = product_fields::read(&call.app.platform.settings, &mut fields, &mut product, None);
    fields.finish()?;
    let serials = stock.restock.map(|restock| restock.serials).unwrap_or_default();
    let created = product::create(call.app, call.account, product, &serials).await?;
    let body = object(&created.value, call.origin());
    let (product, rows) = created.commit(call.app, call.keep(201, &body)?).await?;
    let duplicates = product::duplicates(&product, &serials, rows.first())?;
    Ok(reported(Response::json(201, body), "x-duplicate-serials", duplicates))
}

/// Serials that are there twice are taken, since sellers repeat a line on purpose, and their number is told. So is that of those
/// that were left out, because orders have them.
fn reported(response: Response, header: &'static str, serials: u32) -> Response {
    match serials {
        0 => response,
        _ => response.with(header, serials.to_string()),
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
    let stock = product_fields::read(&call.app.platform.settings, &mut fields, &mut product, Some(&before));
    fields.finish()?;
    let updated = product::update(call.app, call.account, &before, product, stock).await?;
    let response = Response::json(200, object(&updated.product, call.origin()));
    let response = reported(response, "x-duplicate-serials", updated.duplicates);
    Ok(reported(response, "x-left-out-serials", updated.left_out))
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
    // What was paid for and had no file has one now.
    call.app.enqueue(vec![(restock::message(call.account, id), 0)]).await;
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
