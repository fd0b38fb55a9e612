//! What a buyer gets for a paid order, and how far that is.

use super::{Order, Status};
use crate::{
    platform::{Fault, Row, Statement},
    shop::{
        hold, product,
        product::{Kind, Product},
    },
};

/// Bytes of serials that one order is delivered, as JSON. `holds_placed` in schema/0019_holds.sql refuses more.
pub const MAX_BYTES: usize = 400_000;

/// How far the delivery of a paid order is, by the words of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    Delivered,
    /// The seller's server is asked for the goods.
    Preparing,
    /// The seller's server gave nothing that can be delivered, or the product is gone. It can be run again.
    Failed,
    /// Nothing was left when the payment came, or there was no file. It is delivered once there is.
    OutOfStock,
    /// The seller does it.
    Manual,
}

impl Delivery {
    pub const ALL: [Delivery; 5] =
        [Delivery::Delivered, Delivery::Preparing, Delivery::Failed, Delivery::OutOfStock, Delivery::Manual];

    pub fn word(self) -> &'static str {
        match self {
            Delivery::Delivered => "delivered",
            Delivery::Preparing => "preparing",
            Delivery::Failed => "failed",
            Delivery::OutOfStock => "out_of_stock",
            Delivery::Manual => "manual",
        }
    }

    pub fn parse(word: &str) -> Option<Delivery> {
        Self::ALL.into_iter().find(|delivery| delivery.word() == word)
    }
}

/// What there is to deliver for an order.
#[derive(Debug, Clone, PartialEq)]
pub struct Goods {
    /// As it is now; `None`: it is gone.
    pub product: Option<Product>,
    /// The serials that the order holds; `None`: its hold is over. Empty for other products.
    pub held: Option<Vec<String>>,
}

impl Goods {
    pub fn statements(account_id: i64, order: &Order) -> [Statement; 2] {
        [product::sql::one(account_id, &order.product_id), hold::serials(account_id, &order.id)]
    }

    pub fn read(products: &[Row], serials: &[Row]) -> Result<Goods, Fault> {
        Ok(Goods {
            product: products.first().map(product::sql::product).transpose()?,
            held: hold::read_serials(serials)?,
        })
    }
}

/// Whether the order is completed and what it is for hasn't been looked at yet.
pub fn is_due(order: &Order) -> bool {
    order.status == Status::Completed && order.item.is_some() && order.delivery.is_none()
}

/// Whether its goods must be held first: its hold is over, and it takes from the stock.
pub fn needs_hold(order: &Order, goods: &Goods) -> bool {
    goods.held.is_none() && order.item.as_ref().is_some_and(|item| item.units > 0)
}

/// Delivers what can be delivered at once. `file_link` is where the buyer of a file gets it. The order's hold must be ended in
/// the same commit (`hold::end`).
pub fn deliver(order: &mut Order, goods: &Goods, file_link: &str) {
    let Some(item) = &order.item else { return };
    let info = || goods.product.as_ref().and_then(|product| product.info.clone());
    let (delivery, delivered) = match item.kind {
        Kind::Serials => match &goods.held {
            Some(serials) => (Delivery::Delivered, Some(serials.join("\n"))),
            None => (Delivery::OutOfStock, None),
        },
        _ if item.units > 0 && goods.held.is_none() => (Delivery::OutOfStock, None),
        Kind::File if goods.product.as_ref().is_some_and(|product| product.file.is_some()) => {
            (Delivery::Delivered, Some(file_link.to_owned()))
        }
        // It is handed out once there is one.
        Kind::File if goods.product.is_some() => (Delivery::OutOfStock, None),
        Kind::File => (Delivery::Failed, None),
        Kind::Dynamic if goods.product.as_ref().is_some_and(|product| product.dynamic_url.is_some()) => {
            // What its buyer has, if it was delivered before, is theirs until there is something else.
            (Delivery::Preparing, order.delivered.clone())
        }
        // The product is gone, and nobody can be asked.
        Kind::Dynamic => (Delivery::Failed, order.delivered.clone()),
        Kind::Service => (Delivery::Manual, info()),
    };
    order.delivery = Some(delivery);
    order.delivered = delivered;
}
