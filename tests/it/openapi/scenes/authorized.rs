//! Applications that a seller lets in.

use serde_json::json;

use super::{Desk, id};
use crate::oauth::client;

pub fn authorizations(desk: &Desk<'_>) {
    let (app, other) = (client(desk.world, json!({})), client(desk.world, json!({"name": "Books"})));
    app.connect(&desk.seller, "order_read product_read");
    other.connect(&desk.seller, "READ:PURCHASE");
    let all = desk.get("/authorizations");
    let path = format!("/authorizations/{}", id(&all[0]));
    desk.get(&path);
    desk.delete(&path);
    desk.refused(404, "DELETE", &path, None);
}
