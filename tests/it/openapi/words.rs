//! Sentences of the specification that belong to no struct and to no route.

/// Statuses that operations answer.
pub const STATUSES: [(u16, &str); 20] = [
    (200, "Done."),
    (201, "Made."),
    (204, "Done; there is nothing to say."),
    (206, "The part of the file that `Range` asks for."),
    (304, "The file is still the one that `If-None-Match` names."),
    (400, "The request can't be read, or its fields are not acceptable: `errors` has a sentence for each."),
    (401, "The e-mail or the API key is missing or wrong."),
    (403, "This may not be done. Requests that don't come over HTTPS get this answer too."),
    (404, "There is no such object in this account."),
    (406, "The request's `Accept` excludes JSON, and there is nothing else."),
    (
        409,
        "A request with this `Idempotency-Key` is still running, or the stock was sold from while it changed: send it \
         again a little later. Or the order is not in a state for it: `message` says which.",
    ),
    (412, "The file is another one than `If-Match` names."),
    (411, "The upload did not announce its length in `Content-Length`."),
    (413, "The body is larger than 1 MiB, or than an upload may be."),
    (
        415,
        "The body has a `Content-Encoding` other than `identity`: send it as it is. Or a file of serials or \
         entries is neither `text/csv` nor `text/plain`, or not in UTF-8.",
    ),
    (416, "`Range` begins behind the end of the file. `Content-Range` says how long the file is."),
    (422, "This `Idempotency-Key` was used for another request."),
    (429, "Too many requests. `Retry-After` says when to ask again."),
    (500, "Something broke here. Nothing of the request was done, unless the answer to a repeated one says otherwise."),
    (
        503,
        "No exchange rate is known, a gateway does not answer, or the account was changed less than a second ago. \
         `Retry-After` says when to ask again.",
    ),
];

/// A header of answers: its name, its words and an example, which is a number where the header is one.
pub struct Header(pub &'static str, pub &'static str, pub &'static str);

pub const REPLAYED: Header = Header(
    "Idempotent-Replayed",
    "`true` when this is the answer of an earlier request with the same `Idempotency-Key`.",
    "true",
);
pub const DUPLICATES: Header = Header(
    "X-Duplicate-Serials",
    "How many of the serials that were sent stand there twice, or were in the account already. They were taken; the \
     header is left out when there are none.",
    "1",
);
pub const LEFT_OUT: Header = Header(
    "X-Left-Out-Serials",
    "How many of the serials that were sent are not in stock now, because orders of this product hold them or had them; \
     the header is left out when there are none.",
    "1",
);
pub const DISPOSITION: Header =
    Header("Content-Disposition", "The name of the file.", "attachment; filename=\"orders.csv\"");
pub const CONTENT_RANGE: Header = Header(
    "Content-Range",
    "Which bytes of how many these are; with 416, `bytes */` and how many there are.",
    "bytes 2-3/4",
);
pub const ETAG: Header = Header(
    "ETag",
    "Names this version of the file, for `If-Range` and `If-None-Match`.",
    "\"c82325f8cb80102d97bc19cae041984fc82325f8\"",
);
pub const ACCEPT_RANGES: Header =
    Header("Accept-Ranges", "`bytes`: a part of it can be asked for by `Range`.", "bytes");
pub const RETRY_AFTER: Header = Header("Retry-After", "In how many seconds to ask again.", "1");
pub const AUTHENTICATE: Header =
    Header("WWW-Authenticate", "How to authenticate.", "Basic realm=\"api\", charset=\"UTF-8\"");
pub const OF_LISTS: [Header; 5] = [
    Header("X-Total-Pages", "How many pages the list has; 0 when it is empty.", "1"),
    Header("X-Total-Count", "How many items the list has.", "1"),
    Header("X-Current-Page", "The page that this is.", "1"),
    Header("X-Items-Per-Page", "How many items a page has.", "20"),
    Header(
        "Link",
        "Addresses of other pages (RFC 8288) as `first`, `prev`, `next` and `last`.",
        "<https://desk.example/api/v2/blacklist?page=1&per_page=20>; rel=\"first\", \
         <https://desk.example/api/v2/blacklist?page=1&per_page=20>; rel=\"last\"",
    ),
];
pub const OF_ALL: [Header; 4] = [
    Header("X-RateLimit-Limit", "How many requests a minute you may send.", "300"),
    Header(
        "X-RateLimit-Remaining",
        "How many of them are left. As seen by the one server that answers; it may be fewer.",
        "299",
    ),
    Header("X-RateLimit-Reset", "When the count begins anew, in seconds since 1970.", "1700006460"),
    Header("X-Request-Id", "Names this answer in the logs of the shop.", "c82325f8cb80102d97bc19cae041984f"),
];

pub const IDEMPOTENCY_KEY: &str = "Any text of yours. A request that comes again with the same key and body within 24 \
                                   hours is not done again, but answered as before.";
/// Headers of a request for a file.
pub const OF_FILES: [(&str, &str); 4] = [
    (
        "Range",
        "Which bytes to send: `bytes=0-99`, `bytes=100-` or `bytes=-100`. Several ranges are answered by the whole.",
    ),
    ("If-Range", "An `ETag`: the range is of this version, and another one is sent as a whole."),
    ("If-None-Match", "An `ETag`: this version is answered by 304."),
    ("If-Match", "An `ETag`: another version is answered by 412."),
];
pub const ID: &str = "The `id` of the object. One of another account's is answered 404, like one that never was.";
pub const ID_OF_A_LINK: &str = "The first part of the link after `/pay/`.";

/// An event, what happened, and the object that is its body.
pub const EVENTS: [(&str, &str, &str); 10] = [
    ("feedback:created", "A buyer said what they think of their order.", "Feedback"),
    ("feedback:updated", "You replied to it.", "Feedback"),
    ("order:created", "An order was made.", "Order"),
    ("query:created", "A customer asks something.", "Query"),
    ("query:replied", "One of you replied.", "Query"),
    ("order:updated", "An order's payment or its delivery got further, or fell back.", "Order"),
    ("order:paid", "An order is completed: deliver.", "Order"),
    ("order:blocked", "An attempt to order was refused; no order was made.", "BlockedAttempt"),
    (
        "endpoint:failing",
        "Another endpoint of yours has only failed for half a day, and will be disabled at `disables_at`.",
        "WebhookEndpoint",
    ),
    (
        "endpoint:disabled",
        "Another endpoint of yours was disabled: it only failed for five days, or answered 410.",
        "WebhookEndpoint",
    ),
];

/// The headers of a webhook, in their order.
pub const EVENT_HEADERS: [(&str, &str); 8] = [
    ("X-PushGuard-Event", "What happened. The brand in these names is the shop's own setting."),
    ("X-PushGuard-Webhook", "The `id` of the delivery in the webhook logs; the same when it is sent again."),
    (
        "X-PushGuard-Sequence",
        "Grows from webhook to webhook of your account. Those of one order, query or feedback are sent in this order; \
         after a minute of failures later ones go on without the first.",
    ),
    ("webhook-id", "As in Standard Webhooks; the same when the event is sent again."),
    ("webhook-timestamp", "When it was sent, in seconds since 1970."),
    ("webhook-signature", "As in Standard Webhooks: `v1,` and a base64 HMAC-SHA256 of id, timestamp and body."),
    (
        "X-PushGuard-Signature",
        "HMAC-SHA512 of the exact bytes of the body under your webhook secret, in lower-case hex.",
    ),
    (
        "X-PushGuard-Unescaped-Signature",
        "The same over the body with `&`, `<` and `>` as they are: for receivers that parse and write the body again in \
         JavaScript.",
    ),
];

/// A section of `prose.md`.
pub fn prose(title: &str) -> &'static str {
    let all = include_str!("prose.md");
    let begin = format!("# {title}\n");
    let at = if all.starts_with(&begin) { Some(0) } else { all.find(&format!("\n{begin}")).map(|at| at + 1) };
    let rest = &all[at.unwrap_or_else(|| panic!("prose.md has no section {title}")) + begin.len()..];
    rest.split("\n# ").next().unwrap_or_default().trim()
}
