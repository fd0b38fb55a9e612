//! The storefront: what a buyer sees of a shop, and how they buy from it.

use serde_json::{Value, json};

use crate::{
    actors::{Buyer, Reply, Seller},
    purchase,
    world::World,
};

mod agreed;
mod contact;
mod cost;
mod order;
mod page;
mod settings;

/// Ada's shop, at /shop/ada.
pub fn shop(world: &World) -> Seller<'_> {
    let ada = world.seller();
    ada.put("/account", json!({"shop": {"slug": "ada"}})).expect(200);
    ada
}

/// A product of three serials for 10.00 USD, with these fields changed.
pub fn product(seller: &Seller<'_>, changed: Value) -> String {
    let mut fields = json!({"info": "A,B,C"});
    for (name, value) in changed.as_object().expect("fields") {
        fields[name] = value.clone();
    }
    purchase::product(seller, fields)
}

/// What the hidden field of a product's page has.
pub fn once(page: &Reply) -> String {
    let text = page.text();
    let (_, after) = text.split_once("name=\"once\" value=\"").expect("a form");
    after.split('"').next().expect("a value").to_owned()
}

/// All hidden fields of a product's page, as its form sends them.
pub fn marks(page: &Reply) -> String {
    let text = page.text();
    let mut form = form_urlencoded::Serializer::new(String::new());
    for field in text.split("<input type=\"hidden\" name=\"").skip(1) {
        let (name, rest) = field.split_once("\" value=\"").expect("a value");
        form.append_pair(name, rest.split('"').next().expect("an end"));
    }
    form.finish()
}

/// Opens a product's page, fills in its form and sends it. `changed` goes behind the usual fields.
pub fn buy(buyer: &Buyer<'_>, product: &str, changed: &str) -> Reply {
    let page = buyer.get(&format!("/product/{product}")).expect(200);
    send(buyer, product, &once(&page), &format!("{}&{changed}", marks(&page)))
}

pub fn send(buyer: &Buyer<'_>, product: &str, once: &str, changed: &str) -> Reply {
    let mut fields = vec![
        ("once".to_owned(), once.to_owned()),
        ("quantity".to_owned(), "1".to_owned()),
        ("email".to_owned(), "bob@example.com".to_owned()),
        ("gateway".to_owned(), "bitcoin".to_owned()),
    ];
    for (name, value) in form_urlencoded::parse(changed.as_bytes()) {
        match fields.iter_mut().find(|(known, _)| *known == name) {
            Some(field) => field.1 = value.into_owned(),
            None => fields.push((name.into_owned(), value.into_owned())),
        }
    }
    let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    buyer.post(&format!("/product/{product}"), &form)
}

/// The id of the order whose page is next.
#[track_caller]
pub fn ordered(reply: Reply) -> String {
    let reply = reply.expect(303);
    let path = reply.header("location").expect("a location").to_owned();
    let parts: Vec<&str> = path.split('/').collect();
    let ["", "order", id, _token] = parts.as_slice() else { panic!("no order's page: {path}") };
    (*id).to_owned()
}

#[track_caller]
pub fn shows(page: &Reply, parts: &[&str]) {
    let text = page.text();
    for part in parts {
        assert!(text.contains(part), "{part:?} is not on the page: {text}");
    }
}

#[track_caller]
pub fn hides(page: &Reply, parts: &[&str]) {
    let text = page.text();
    for part in parts {
        assert!(!text.contains(part), "{part:?} is on the page: {text}");
    }
}
