//! The route table, as that of `/api/v2`: for the requests, for `Allow`, and for the specification.

use super::{ApiResult, Call, feedback, not_allowed, order, pay, product, query, webhook};
use crate::{api::failure::Failure, http::Method, platform::LocalBoxFuture};

fn boxed<'a>(future: LocalBoxFuture<'a, ApiResult>) -> LocalBoxFuture<'a, ApiResult> {
    future
}

/// Whether a noun of the table is there.
pub(super) fn is_path(segments: &[&str]) -> bool {
    matches!(segments, ["orders" | "products" | "feedbacks" | "queries" | "webhooks" | "pay"])
}

routes! {
    "Orders" ["orders"] {
        /// List orders
        ///
        /// The newest order comes first.
        Get: order::list -> 200 [order::Body];
    }
    "Orders" ["orders", id] {
        /// Get an order
        ///
        /// By its number or its `invoice_id`.
        Get: order::get -> 200 order::Body;
    }
    "Products" ["products"] {
        /// List products
        ///
        /// The newest product comes first.
        Get: product::list -> 200 [product::Body];
    }
    "Products" ["products", id] {
        /// Get a product
        ///
        /// By its number or its `hashed_id`.
        Get: product::get -> 200 product::Body;
    }
    "Feedbacks" ["feedbacks"] {
        /// List feedbacks
        ///
        /// The newest feedback comes first.
        Get: feedback::list -> 200 [feedback::Body];
    }
    "Feedbacks" ["feedbacks", id] {
        /// Get a feedback
        ///
        /// By its number or its `reply_id`.
        Get: feedback::get -> 200 feedback::Body;
    }
    "Queries" ["queries"] {
        /// List queries
        ///
        /// The query that was made last comes first. Each has its newest reply.
        Get: query::list -> 200 [query::Body];
    }
    "Queries" ["queries", id] {
        /// Get a query
        ///
        /// With all of its replies, newest first.
        Get: query::get -> 200 query::Body;
    }
    "Webhooks" ["webhooks"] {
        /// List webhooks
        ///
        /// What was sent to your receivers, of all your endpoints and payments; the newest comes first.
        Get: webhook::list -> 200 [webhook::Body];
    }
    "Webhooks" ["webhooks", id] {
        /// Get a webhook
        ///
        /// By its number, or by the `id` that it has in `/api/v2`.
        Get: webhook::get -> 200 webhook::Body;
    }
    "Shoppy Pay" ["pay"] {
        /// Create a payment
        ///
        /// Answers with the page of the payment, where the buyer chooses among the gateways that you have
        /// set up. The currency is that of your settings (`shop.currency` in `/api/v2/account`).
        Post: pay::create(Payment) -> 200 pay::Link;
    }
    "Shoppy Pay" ["pay", id] {
        /// Delete a payment
        ///
        /// Its page is gone. A payment that has money in it can't be deleted. The path without `/pay` does
        /// the same.
        Delete: pay::destroy -> 200 pay::Deleted;
    }
}
