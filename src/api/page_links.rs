//! The `Link` header of a list's pages.

use crate::http::Request;

/// RFC 8288: first, prev, next, last, with the request's other parameters kept. `pages`: how many there are.
pub fn links(request: &Request, page: u32, per_page: u32, pages: u64) -> String {
    let page = u64::from(page);
    let last = pages.max(1);
    let link = |rel: &str, page: u64| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(
            form_urlencoded::parse(request.query.as_bytes()).filter(|(key, _)| key != "page" && key != "per_page"),
        );
        query.append_pair("page", &page.to_string());
        query.append_pair("per_page", &per_page.to_string());
        format!("<{}{}?{}>; rel=\"{rel}\"", request.origin, request.path, query.finish())
    };
    let mut links = vec![link("first", 1)];
    if page > 1 {
        links.push(link("prev", (page - 1).min(last)));
    }
    if page < last {
        links.push(link("next", page + 1));
    }
    links.push(link("last", last));
    links.join(", ")
}
