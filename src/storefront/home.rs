//! `/`: the deployment's only shop, or the shops that there are.

use maud::html;

use super::{Visit, list};
use crate::{
    checkout::layout::name,
    http::Response,
    shop::{Error, catalog},
    words,
};

pub async fn home(visit: &Visit<'_>) -> Result<Response, Error> {
    let shops = catalog::shops(visit.app).await?;
    if let [only] = shops.as_slice()
        && only.listed
        && let Some(shop) = catalog::by_slug(visit.app, &only.slug).await?
    {
        return list::shop(&visit.of(&shop).await, &shop);
    }
    let (said, brand) = (&visit.words.shop, visit.app.platform.settings.brand.as_str());
    let listed: Vec<_> = shops.iter().filter(|shop| shop.listed).collect();
    let mut frame = visit.frame(None, brand);
    frame.path = Some("/".into());
    let main = html! {
        main.lone {
            section.card aria-labelledby="title" {
                h1 #title { (brand) }
                p { (words::fill(said.home_text, &[("brand", brand)])) }
                @if !listed.is_empty() {
                    h2 { (said.shops) }
                    ul.links {
                        @for shop in listed { li { a href={ "/shop/" (shop.slug) } { (name(&shop.name)) } } }
                    }
                }
                a.button.plain href="/docs" { (said.reference) }
            }
        }
    };
    Ok(visit.page(200, &frame, main))
}
