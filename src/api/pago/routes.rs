//! The route table: for the requests, for their scopes, for `Allow`, and for the specification. A line names the method, the scope
//! that it needs (`Topics`: those of the topics that are asked for), the verb, what it takes, the status and what it answers.

use super::{ApiResult, Call, cart, coupon, customer, not_allowed, order, product, script, webhook};
use crate::{api::failure::Failure, http::Method, platform::LocalBoxFuture, shop::oauth::Scope};

/// Each verb's future stands alone: as parts of one, all of them together weigh more.
fn boxed<'a>(future: LocalBoxFuture<'a, ApiResult>) -> LocalBoxFuture<'a, ApiResult> {
    future
}

routes! {
    "Products" ["products"] {
        /// List products
        ///
        /// The newest comes first.
        Get ProductRead: product::list -> 200 [product::Body];
        /// Create a product
        ///
        /// Serials and what else a buyer gets are written in `info`, and never shown here.
        Post ProductWrite: product::create(Product) -> 201 product::Body;
    }
    "Products" ["products", id] {
        /// Get a product
        ///
        /// Answers with the product, without what its buyers get.
        Get ProductRead: product::get -> 200 product::Body;
        /// Update a product
        ///
        /// Changes only what is sent.
        Put ProductWrite: product::update(Product) -> 200 product::Body, or 409;
        /// Delete a product
        ///
        /// Its orders stay as they are, and so does a file for those who bought it.
        Delete ProductWrite: product::destroy -> 204 ();
    }
    "Orders" ["orders"] {
        /// List orders
        ///
        /// The newest comes first. What is given in the query must all apply.
        Get OrderRead: order::list(OrderFilter) -> 200 [order::Body];
    }
    "Orders" ["orders", id] {
        /// Get an order
        ///
        /// Answers with the order, without what its buyer got.
        Get OrderRead: order::get -> 200 order::Body;
    }
    "Orders" ["orders", id, "complete"] {
        /// Complete an order by hand
        ///
        /// Takes what has come of its money, and delivers it.
        Post OrderWrite: order::complete(OrderComplete) -> 200 order::Body, or 409;
    }
    "Orders" ["orders", id, "deliver"] {
        /// Deliver an order once more
        ///
        /// For an order that is completed and whose delivery failed, waits, or is to be repeated.
        Post OrderWrite: order::deliver(OrderDeliver) -> 200 order::Body, or 409;
    }
    "Orders" ["orders", id, "refund"] {
        /// Refund an order
        ///
        /// PayPal and Stripe send the money back. Of coins you name the transaction by which you did.
        Post OrderWrite: order::refund(OrderRefund) -> 200 order::Body, or 409, or 503;
    }
    "Orders" ["orders", id, "notes"] {
        /// List an order's notes
        ///
        /// What the seller and their apps noted, the oldest first.
        Get OrderRead: order::notes -> 200 [order::Note];
        /// Add a note
        ///
        /// It stands in the order's history, which buyers don't see.
        Post OrderWrite: order::add_note(OrderNote) -> 201 order::Note;
    }
    "Coupons" ["coupons"] {
        /// List coupons
        ///
        /// The newest comes first.
        Get CouponRead: coupon::list -> 200 [coupon::Body];
        /// Create a coupon
        ///
        /// No two have one code, in whatever case.
        Post CouponWrite: coupon::create(Coupon) -> 201 coupon::Body;
    }
    "Coupons" ["coupons", id] {
        /// Get a coupon
        ///
        /// Answers with the coupon, and how often it was used.
        Get CouponRead: coupon::get -> 200 coupon::Body;
        /// Update a coupon
        ///
        /// Changes only what is sent.
        Put CouponWrite: coupon::update(Coupon) -> 200 coupon::Body, or 409;
        /// Delete a coupon
        ///
        /// Orders that were made with it keep their price.
        Delete CouponWrite: coupon::destroy -> 204 ();
    }
    "Customers" ["customers"] {
        /// List customers
        ///
        /// Whoever has ordered with an e-mail. Who ordered last for the first time comes first.
        Get CustomerRead: customer::list -> 200 [customer::Body];
    }
    "Customers" ["customers", id] {
        /// Get a customer
        ///
        /// Answers with what the orders of one e-mail come to.
        Get CustomerRead: customer::get -> 200 customer::Body;
    }
    "Abandoned carts" ["abandoned_carts"] {
        /// List abandoned carts
        ///
        /// Orders of links and of the storefront whose time was over before anything came. The latest
        /// comes first.
        Get AbandonedCartRead: cart::list -> 200 [cart::Body];
    }
    "Abandoned carts" ["abandoned_carts", id] {
        /// Get an abandoned cart
        ///
        /// By the id of its order.
        Get AbandonedCartRead: cart::get -> 200 cart::Body;
        /// Write the notes of an abandoned cart
        ///
        /// `null` takes them away.
        Put AbandonedCartWrite: cart::update(CartNotes) -> 200 cart::Body;
    }
    "Scripts" ["scripts"] {
        /// List scripts
        ///
        /// An app sees its own; the API key sees all.
        Get ScriptRead: script::list -> 200 [script::Body];
        /// Create a script
        ///
        /// It runs on the shop's lists, and never beside an order form or goods. Refused (403) unless the
        /// seller has turned scripts on.
        Post ScriptWrite: script::create(Script) -> 201 script::Body;
    }
    "Scripts" ["scripts", id] {
        /// Get a script
        ///
        /// Another app's is not found.
        Get ScriptRead: script::get -> 200 script::Body;
        /// Delete a script
        ///
        /// Pages stop to run it within a minute.
        Delete ScriptWrite: script::destroy -> 204 ();
    }
    "Webhooks" ["webhooks"] {
        /// List webhooks
        ///
        /// An app sees its own; the newest comes first.
        Get Topics: webhook::list -> 200 [webhook::Body];
        /// Create a webhook
        ///
        /// Each topic needs the scope to read what it tells.
        Post Topics: webhook::create(Webhook) -> 201 webhook::Body;
    }
    "Webhooks" ["webhooks", id] {
        /// Get a webhook
        ///
        /// Another app's is not found.
        Get Topics: webhook::get -> 200 webhook::Body;
        /// Update a webhook
        ///
        /// Changes only what is sent. One that was disabled for failing is enabled again once it accepts a
        /// test.
        Put Topics: webhook::update(Webhook) -> 200 webhook::Body;
        /// Delete a webhook
        ///
        /// Nothing is sent there any more.
        Delete Topics: webhook::destroy -> 204 ();
    }
    "Webhooks" ["webhooks", id, "test"] {
        /// Send a test
        ///
        /// Queues a sample of its first topic, or of the one that is named.
        Post Topics: webhook::test(WebhookTest) -> 202 webhook::Queued;
    }
}
