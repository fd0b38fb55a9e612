//! The route table: for the requests, for `Allow`, and for the specification.
//!
//! A line names a tag, a path and the verb of each method. What stands in a path without quotes goes
//! to the verb. Behind the verb stand what it takes (`openapi.rs`), the status and what it answers,
//! and refusals that are its own; the comment above is its summary and its description. What a line
//! becomes is `api/route.rs`.

use super::{
    ApiResult, Call, account, authorization, blacklist, blacklist_rule, blocked, category, coupon, feedback,
    not_allowed, order, pay, product, query, risk, rule_trial, test_mode, webhook,
};
use crate::{api::failure::Failure, http::Method, platform::LocalBoxFuture};

/// Each verb's future stands alone: as parts of one, all of them together weigh more.
fn boxed<'a>(future: LocalBoxFuture<'a, ApiResult>) -> LocalBoxFuture<'a, ApiResult> {
    future
}

routes! {
    "Account" ["account"] {
        /// Get the account
        ///
        /// Answers with the settings. API keys and secrets are masked or left out.
        Get: account::get -> 200 account::Body;
        /// Update the account
        ///
        /// Changes only what is sent, also inside of `gateways` and `payments`. Gateways, wallets
        /// and contact are used from the next order on.
        Put: account::update(Account) -> 200 account::Body;
    }
    "Account" ["account", "logo"] {
        /// Upload the shop's logo
        ///
        /// PNG, JPEG, GIF or WebP, up to 1 MiB: as the body itself, or as a file in a form. It stands
        /// beside the shop's name.
        Put: account::put_logo(Upload) -> 200 account::Body;
        /// Remove the shop's logo
        ///
        /// Takes the logo away: the first letter of the name stands there again.
        Delete: account::destroy_logo -> 204 (), or 404;
    }
    "Account" ["account", "api_key"] {
        /// Replace the API key
        ///
        /// The old key stops working within a minute. The new one is in this answer and nowhere
        /// else. Should the answer get lost, the same request with the same `Idempotency-Key` and
        /// the old key is answered again for ten minutes: make that key a random one.
        Post: account::regenerate_key -> 201 account::ApiKey, or 503;
    }
    "Account" ["account", "webhook_secret"] {
        /// Replace the webhook secret
        ///
        /// The new secret is in this answer and nowhere else. For 24 hours old and new sign both. A
        /// receiver may be changed over at any moment of them: `webhook-signature` lists both;
        /// `X-PushGuard-Signature` is the old one's at the first attempt, the new one's at the
        /// second, five seconds later, and so on in turn; `X-PushGuard-New-Signature` is the new
        /// one's. It can be replaced four times in 24 hours.
        Post: account::rotate_secret -> 201 account::WebhookSecret;
    }
    "Authorizations" ["authorizations"] {
        /// List authorizations
        ///
        /// Applications that you let act for you, the newest first.
        Get: authorization::list -> 200 [authorization::Body];
    }
    "Authorizations" ["authorizations", id] {
        /// Get an authorization
        ///
        /// Answers with the authorization.
        Get: authorization::get -> 200 authorization::Body;
        /// Revoke an authorization
        ///
        /// The application can do nothing for you any more, within a minute everywhere.
        Delete: authorization::destroy -> 204 ();
    }
    "Blacklist" ["blacklist"] {
        /// List entries
        ///
        /// The newest entry comes first.
        Get: blacklist::list -> 200 [blacklist::Body];
        /// Add an entry
        ///
        /// Adds one e-mail or domain, IP address or range, or country. What is on the list already is
        /// refused, also in another spelling of the same mailbox.
        Post: blacklist::create(BlacklistEntry) -> 201 blacklist::Body;
    }
    "Blacklist" ["blacklist", "import"] {
        /// Import entries
        ///
        /// Adds a file of entries: as `text/plain` one a line, whose type shows in its shape, or as
        /// `text/csv` (RFC 4180) whose first line names its columns, `blocked_data` and any of
        /// `blacklist_type`, `note` and `expires_at`. Up to 10,000 lines and 2 MiB, in UTF-8. What is
        /// listed already is left out, and so is a line that can't be an entry: the answer names both
        /// by their lines.
        Post: blacklist::import -> 200 blacklist::ImportedBody;
    }
    "Blacklist" ["blacklist", id] {
        /// Get an entry
        ///
        /// Answers with the entry.
        Get: blacklist::get -> 200 blacklist::Body;
        /// Update an entry
        ///
        /// A new type must fit what is blocked.
        Put: blacklist::update(BlacklistEntry) -> 200 blacklist::Body;
        /// Remove an entry
        ///
        /// Removes the entry. Orders that were made before stay as they are.
        Delete: blacklist::destroy -> 204 ();
    }
    "Blacklist rules" ["blacklist_rules"] {
        /// List rules
        ///
        /// The rules come in the order in which they are tried.
        Get: blacklist_rule::list -> 200 [blacklist_rule::Body];
        /// Add a rule
        ///
        /// Adds a rule. One that isn't right is refused: `rule_error` has the line and the column, and
        /// what was expected there.
        Post: blacklist_rule::create(BlacklistRule) -> 201 blacklist_rule::Body;
    }
    "Blacklist rules" ["blacklist_rules", "test"] {
        /// Try a rule on past orders
        ///
        /// Says how many of your newest orders the rule would have hit, and what became of them, by
        /// the facts that were known when each was begun. Nothing is changed.
        Post: rule_trial::run(RuleTrial) -> 200 rule_trial::Body;
    }
    "Blacklist rules" ["blacklist_rules", id] {
        /// Get a rule
        ///
        /// Answers with the rule.
        Get: blacklist_rule::get -> 200 blacklist_rule::Body;
        /// Update a rule
        ///
        /// A new `priority` moves the rule; the other rules keep theirs.
        Put: blacklist_rule::update(BlacklistRule) -> 200 blacklist_rule::Body;
        /// Remove a rule
        ///
        /// Removes the rule. The other rules keep their priorities.
        Delete: blacklist_rule::destroy -> 204 ();
    }
    "Blocked attempts" ["blocked"] {
        /// List blocked attempts
        ///
        /// Attempts to order that your rules, your blacklist or a product refused, the newest first.
        /// They are kept for 90 days.
        Get: blocked::list -> 200 [blocked::Body];
    }
    "Blocked attempts" ["blocked", id] {
        /// Get a blocked attempt
        ///
        /// By the number that the buyer was told.
        Get: blocked::get -> 200 blocked::Body;
    }
    "Categories" ["categories"] {
        /// List categories
        ///
        /// The newest category comes first.
        Get: category::list -> 200 [category::Body];
        /// Create a category
        ///
        /// Adds a category. Each of `product_ids` must be a product of yours.
        Post: category::create(Category) -> 201 category::Body;
    }
    "Categories" ["categories", id] {
        /// Get a category
        ///
        /// Answers with the category.
        Get: category::get -> 200 category::Body;
        /// Update a category
        ///
        /// `product_ids` is replaced as a whole, when it is sent.
        Put: category::update(Category) -> 200 category::Body;
        /// Remove a category
        ///
        /// Removes the category. Its products stay.
        Delete: category::destroy -> 204 ();
    }
    "Categories" ["categories", id, "image"] {
        /// Upload a category's image
        ///
        /// PNG, JPEG, GIF or WebP, up to 1 MiB: as the body itself, or as a file in a form.
        Put: category::put_image(Upload) -> 200 category::Body;
        /// Remove a category's image
        ///
        /// Takes the image away. Without one the answer is the same.
        Delete: category::destroy_image -> 204 ();
    }
    "Coupons" ["coupons"] {
        /// List coupons
        ///
        /// The newest coupon comes first.
        Get: coupon::list -> 200 [coupon::Body];
        /// Add a coupon
        ///
        /// Adds a coupon. A code that you have already is refused.
        Post: coupon::create(Coupon) -> 201 coupon::Body;
    }
    "Coupons" ["coupons", id] {
        /// Get a coupon
        ///
        /// Answers with the coupon.
        Get: coupon::get -> 200 coupon::Body;
        /// Update a coupon
        ///
        /// Type, number and currency must fit each other, sent or kept.
        Put: coupon::update(Coupon) -> 200 coupon::Body;
        /// Remove a coupon
        ///
        /// Removes the coupon. Orders that used it keep its `id`.
        Delete: coupon::destroy -> 204 ();
    }
    "Feedbacks" ["feedbacks"] {
        /// List feedbacks
        ///
        /// The newest feedback comes first.
        Get: feedback::list -> 200 [feedback::Body];
        /// Add a feedback
        ///
        /// Adds what a buyer says of a completed order. An order has one feedback; a second one is
        /// refused.
        Post: feedback::create(Feedback) -> 201 feedback::Body;
    }
    "Feedbacks" ["feedbacks", id] {
        /// Get a feedback
        ///
        /// Answers with the feedback.
        Get: feedback::get -> 200 feedback::Body;
    }
    "Feedbacks" ["feedbacks", id, "reply"] {
        /// Reply to a feedback
        ///
        /// Sets `response`. A later reply takes its place.
        Post: feedback::reply(FeedbackReply) -> 200 feedback::Body;
    }
    "Orders" ["orders"] {
        /// List orders
        ///
        /// The newest order comes first. Filters can be combined; the headers then count what is
        /// left.
        Get: order::list(OrderFilter) -> 200 [order::Body];
    }
    "Orders" ["orders", id] {
        /// Get an order
        ///
        /// Answers with the order as it is now. Webhooks tell the same without asking.
        Get: order::get -> 200 order::Body;
    }
    "Orders" ["orders.csv"] {
        /// List orders as a table
        ///
        /// CSV (RFC 4180) with the filters of the list, up to 1,000 rows a page. The first line names
        /// the order's fields. What a spreadsheet would run as a formula begins with an apostrophe. Of
        /// `delivered` there are at most 8,000 characters, and then an ellipsis: the order has all of it.
        Get: order::table(OrderTable) -> 200 order::Table;
    }
    "Orders" ["orders", id, "approve"] {
        /// Approve an order in review
        ///
        /// Ends the review of an order with status 52. It becomes what its payment makes of it: 0 or 53 while
        /// money is missing, 54 or 55 while it is on its way, or 100 with its goods. No risk holds it again.
        Post: order::approve(OrderApprove) -> 200 order::Body;
    }
    "Orders" ["orders", id, "blacklist"] {
        /// Blacklist an order's buyer
        ///
        /// Adds the buyer's e-mail and IP address to the blacklist, with a note that names the order.
        /// What is listed already stays as it is.
        Post: order::blacklist(OrderBlacklist) -> 200 blacklist::Listed;
    }
    "Orders" ["orders", id, "complete"] {
        /// Complete an order by hand
        ///
        /// Takes what has come of its money: an order with status 0, 52, 53 or 54 becomes 100 and is
        /// delivered. `order:paid` is told; money that comes later changes nothing.
        Post: order::complete(OrderComplete) -> 200 order::Body;
    }
    "Orders" ["orders", id, "deliver"] {
        /// Deliver an order again
        ///
        /// A dynamic product, a file that was missing, stock that had run out, or a service's new text.
        Post: order::deliver(OrderDeliver) -> 200 order::Body;
    }
    "Orders" ["orders", id, "history"] {
        /// Get an order's history
        ///
        /// What moved it, oldest first: its payment, its delivery, and what you did by hand.
        Get: order::history -> 200 [order::HistoryBody];
    }
    "Orders" ["orders", id, "refund"] {
        /// Refund an order
        ///
        /// PayPal and Stripe send the money back, and their answer decides: 56, or 100 with
        /// `partially_refunded`. Coins you send yourself; `txid` records it.
        Post: order::refund(OrderRefund) -> 200 order::Body, or 503;
    }
    "Orders" ["orders", id, "replace"] {
        /// Replace a serial
        ///
        /// The next one in stock takes the place of a bad one, which is never sold again.
        Post: order::replace(OrderReplace) -> 200 order::Body;
    }
    "Orders" ["orders", id, "risk"] {
        /// Get an order's risk
        ///
        /// Every signal, rule and entry of the blacklist that was looked at when the order was begun and
        /// when a card paid it, what each added, which one decided, and the facts they saw.
        Get: risk::of_order -> 200 risk::Body;
    }
    "Payments" ["pay"] {
        /// Create a payment
        ///
        /// Answers with the link of a payment page, which lives for 30 days. The order is made when
        /// the buyer starts to pay. With `white_label`, the order is made now and the answer is the
        /// order itself.
        Post: pay::create(Payment) -> 201 pay::Answers, or 503;
    }
    "Payments" ["pay", id] {
        /// Destroy a payment link
        ///
        /// The link stops working. A payment that has money in it can't be destroyed.
        Delete: pay::destroy -> 204 ();
    }
    "Queries" ["queries"] {
        /// List queries
        ///
        /// The query that was made last comes first.
        Get: query::list -> 200 [query::Body];
        /// Open a query
        ///
        /// Opens a query in a customer's name. An `order_id` must be an order of yours.
        Post: query::create(Query) -> 201 query::Body;
    }
    "Queries" ["queries", id] {
        /// Get a query
        ///
        /// Answers with the query and all of its replies.
        Get: query::get -> 200 query::Body;
    }
    "Queries" ["queries", id, "close"] {
        /// Close a query
        ///
        /// What is solved stays solved. There is no event for it.
        Post: query::close(QueryClose) -> 200 query::Body;
    }
    "Queries" ["queries", id, "reply"] {
        /// Reply to a query
        ///
        /// A reply opens a closed query again. A query holds at most 500 replies and 1 MB of text.
        Post: query::reply(QueryReply) -> 201 query::Body;
    }
    "Products" ["products"] {
        /// List products
        ///
        /// The serials in stock are left out: get a product to see its own.
        Get: product::list -> 200 [product::Body];
        /// Create a product
        ///
        /// Creates a product. Files and images are uploaded afterwards, each by a request of its
        /// own.
        Post: product::create(Product) -> 201 product::Body;
    }
    "Products" ["products", id] {
        /// Get a product
        ///
        /// Answers with the product, with the serials that are in stock.
        Get: product::get -> 200 product::Body;
        /// Update a product
        ///
        /// A new `stock_delimiter` without `info` tells the serials in stock apart anew. Should
        /// some be sold meanwhile, the answer is 409.
        Put: product::update(Product) -> 200 product::Body;
        /// Remove a product
        ///
        /// Its orders stay, with the title that it had, and so does its file for those who bought it:
        /// a receipt shows what was paid for.
        Delete: product::destroy -> 204 ();
    }
    "Products" ["products", id, "file"] {
        /// Get a product's file
        ///
        /// The file as it was uploaded, whole or the part that `Range` asks for. Its `ETag` changes with
        /// each upload, so that a download that broke off can go on with `If-Range`.
        Get: product::get_file -> 200 product::Binary, or 206, or 304, or 412, or 416;
        /// Upload a product's file
        ///
        /// Up to 100 MiB (104,857,600 bytes) as the body itself, whose `Content-Length` must be known,
        /// or 8 MiB in a form. The product has the new file once all of it has come, and buyers of
        /// before get it, too.
        Put: product::put_file(Upload) -> 200 product::Body, or 411, or 409;
        /// Remove a product's file
        ///
        /// Takes the file from the product. Those who bought it have it still, by their receipts, until
        /// you put another one. Without a file the answer is the same.
        Delete: product::destroy_file -> 204 ();
    }
    "Products" ["products", id, "image"] {
        /// Upload a product's image
        ///
        /// PNG, JPEG, GIF or WebP, up to 1 MiB: as the body itself, or as a file in a form.
        Put: product::put_image(Upload) -> 200 product::Body;
        /// Remove a product's image
        ///
        /// Takes the image away. Without one the answer is the same.
        Delete: product::destroy_image -> 204 ();
    }
    "Products" ["products", id, "serials"] {
        /// Add a file of serials
        ///
        /// Adds serials to those in stock: as `text/plain` one a line, or as `text/csv` the first
        /// column (RFC 4180; a first line that says `serial` is a header). Up to 50,000 lines and
        /// 4 MiB, in UTF-8. What is there already is left out, and so is a line that can't be a serial:
        /// the answer names both by their lines. Orders that wait for stock are delivered. The
        /// `Idempotency-Key` works as with `POST`.
        Put: product::put_serials -> 200 product::SerialsBody, or 409, or 422;
    }
    "Webhook endpoints" ["webhooks", "endpoints"] {
        /// List endpoints
        ///
        /// The newest endpoint comes first.
        Get: webhook::endpoints -> 200 [webhook::EndpointBody];
        /// Create an endpoint
        ///
        /// An account has at most 100 endpoints.
        Post: webhook::create_endpoint(Endpoint) -> 201 webhook::EndpointBody;
    }
    "Webhook endpoints" ["webhooks", "endpoints", id] {
        /// Get an endpoint
        ///
        /// Answers with the endpoint, and says whether it fails.
        Get: webhook::endpoint -> 200 webhook::EndpointBody;
        /// Update an endpoint
        ///
        /// One that was disabled for you is enabled again only if it answers a test webhook (a
        /// signed sample of one of its events) with a 2xx status within fifteen seconds. What it
        /// missed meanwhile was noted for thirty days, and can be sent.
        Put: webhook::update_endpoint(Endpoint) -> 200 webhook::EndpointBody;
        /// Remove an endpoint
        ///
        /// Removes the endpoint. Its logs stay; nothing is sent to it any more.
        Delete: webhook::destroy_endpoint -> 204 ();
    }
    "Webhook logs" ["webhooks", "logs"] {
        /// List deliveries
        ///
        /// The newest delivery comes first. Logs older than 90 days are removed, unless the shop
        /// keeps them for longer.
        Get: webhook::logs -> 200 [webhook::LogBody];
    }
    "Webhook logs" ["webhooks", "logs", id] {
        /// Get a delivery
        ///
        /// Answers with the delivery: what was sent, and what came back at the last attempt.
        Get: webhook::log -> 200 webhook::LogBody;
    }
    "Webhook logs" ["webhooks", "logs", id, "retry"] {
        /// Send a delivery again
        ///
        /// It is sent now, as a new log that names this one: to where the endpoint is by now, or
        /// where it went if there is none any more. While its endpoint is disabled it is refused.
        /// Attempts that this one still waits for are not made.
        Post: webhook::retry -> 201 webhook::LogBody;
    }
    "Webhook tools" ["webhooks", "replay"] {
        /// Send many again
        ///
        /// Each is sent again as a new log that names the first. One call sends 500 at most, and
        /// looks at 20,000 logs at most. What would go to an endpoint that is disabled or deleted
        /// is left alone, and so are samples and what is on its way.
        Post: webhook::replay(Replay) -> 201 webhook::ReplayBody, or 404;
    }
    "Webhook tools" ["webhooks", "simulate"] {
        /// Send a sample
        ///
        /// Signed and delivered like a real event, with `X-PushGuard-Simulated: true` beside.
        /// Nothing has happened.
        Post: webhook::simulate(Sample) -> 201 webhook::LogBody;
    }
    "Rehearsal" ["test", "payments"] {
        /// Pay an order
        ///
        /// Pays the order with a transaction that is made up, as a wallet would.
        Post: test_mode::pay(TestPayment) -> 201 test_mode::Paid, or 404;
    }
    "Rehearsal" ["test", "blocks"] {
        /// Mine blocks
        ///
        /// Unconfirmed transactions get into the first block: those of one order, or all.
        Post: test_mode::mine(TestBlocks) -> 201 test_mode::Mined, or 404;
    }
    "Rehearsal" ["test", "double_spend"] {
        /// Take a payment back
        ///
        /// The order's unconfirmed transactions are gone, as if the buyer had spent the same coins
        /// elsewhere.
        Post: test_mode::double_spend(TestDoubleSpend) -> 201 order::Body, or 404;
    }
}
