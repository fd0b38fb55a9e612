//! The one statement that reads what is known about an attempt to order.

use super::signal::{EMAIL_TIMES, NETWORK_TIMES};
use crate::{
    platform::{Fault, Row, Statement, Value},
    shop::{
        blacklist::{self, keys::Hit},
        operator_list,
        time::DAY,
    },
};

/// What the attempt is for.
#[derive(Debug, Clone, Copy)]
pub enum Subject<'a> {
    Product {
        id: &'a str,
        coupon_id: Option<&'a str>,
    },
    /// A payment link, whose product, coupon and e-mail stand in its row.
    Link {
        payment_id: &'a str,
    },
}

/// What is known of who attempts it.
pub struct Who {
    /// The e-mail in its form for comparing; `None`: none was given.
    pub email_key: Option<String>,
    /// JSON of `blacklist::Keys`.
    pub keys: String,
    pub network: Option<String>,
    /// The revision of the account's rules that this isolate knows.
    pub revision: Option<i64>,
}

/// One row. Whatever the account's blacklist, rules and orders are: it reads a few rows of each.
pub fn look(account_id: i64, subject: Subject<'_>, who: Who, now: i64) -> Statement {
    let (source, subject_id, coupon_id) = match subject {
        Subject::Product { id, coupon_id } => {
            ("SELECT ?3 AS product_id, ?4 AS coupon_id, ?5 AS email, ?6 AS keys", id, coupon_id)
        }
        // The seller's word for the e-mail counts, if there is one.
        Subject::Link { payment_id } => (
            "SELECT product_id, COALESCE(coupon_id, ?4) AS coupon_id, COALESCE(email_key, ?5) AS email,
                    json_patch(?6, COALESCE(email_keys, '{}')) AS keys
             FROM payments WHERE account_id = ?1 AND id = ?3",
            payment_id,
            None,
        ),
    };
    let hits = blacklist::sql::hits_column("attempt.keys");
    let lists = operator_list::sql::lists_column("attempt.keys");
    let day = DAY;
    let sql = format!(
        "WITH attempt AS ({source})
         SELECT
           (SELECT risk_weights FROM shops WHERE account_id = ?1),
           (SELECT revision FROM rule_sets WHERE account_id = ?1),
           (SELECT rules FROM rule_sets WHERE account_id = ?1 AND revision IS NOT ?8),
           {hits},
           {lists},
           (SELECT json_array(product_type, vpn_block, max_risk_level, custom) FROM products
            WHERE account_id = ?1 AND id = attempt.product_id),
           (SELECT json_group_array(id) FROM categories
            WHERE account_id = ?1 AND instr(product_ids, '\"' || attempt.product_id || '\"')),
           (SELECT code FROM coupons WHERE account_id = ?1 AND id = attempt.coupon_id),
           (SELECT group_concat(statuses, '') FROM order_emails WHERE account_id = ?1 AND order_emails.email = attempt.email),
           (SELECT json_group_array(created_at) FROM (
              SELECT o.created_at FROM (
                SELECT span, places FROM order_emails
                WHERE account_id = ?1 AND order_emails.email = attempt.email ORDER BY span DESC LIMIT 1) AS newest
              JOIN (WITH RECURSIVE n(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM n WHERE k < {EMAIL_TIMES}) SELECT k FROM n) AS back
                ON k <= length(places)
              CROSS JOIN orders o ON o.account_id = ?1
                AND o.seq = span * 8192 + unicode(substr(places, -k, 1)) - 47)),
           (SELECT json_group_array(created_at) FROM (
              SELECT created_at FROM orders
              WHERE account_id = ?1 AND network = ?7 AND created_at > ?2 - {day} ORDER BY created_at DESC LIMIT {NETWORK_TIMES})),
           (SELECT json_group_array(created_at) FROM (
              SELECT created_at FROM blocked
              WHERE account_id = ?1 AND network = ?7 AND created_at > ?2 - {day} ORDER BY created_at DESC LIMIT {NETWORK_TIMES}))
         FROM attempt"
    );
    let args: Vec<Value> = vec![
        account_id.into(),
        now.into(),
        subject_id.into(),
        coupon_id.into(),
        who.email_key.into(),
        who.keys.into(),
        who.network.into(),
        who.revision.into(),
    ];
    Statement::new(sql, args)
}

/// What `look` found.
pub struct Found {
    pub weights: Option<String>,
    pub revision: Option<i64>,
    /// `None`: the revision is the one that is known.
    pub rules: Option<String>,
    pub hits: Vec<Hit>,
    pub lists: Vec<String>,
    pub product: Option<Product>,
    pub category_ids: Vec<String>,
    pub coupon: Option<String>,
    /// A character for each of the e-mail's orders, as in `order_blocks`.
    pub statuses: Option<String>,
    pub email_times: Vec<i64>,
    pub network_times: Vec<i64>,
}

/// Type, whether it takes no VPNs, its limit of risk, and its inputs.
#[derive(serde::Deserialize)]
pub struct Product(pub i64, pub i64, pub i64, pub Option<String>);

pub fn read(row: &Row) -> Result<Found, Fault> {
    fn json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, Fault> {
        serde_json::from_str(text).map_err(|_| Fault("what is known of an attempt can't be read".into()))
    }
    row.read(|row| {
        let (weights, revision, rules) = (row.maybe_text(), row.maybe_int(), row.maybe_text());
        let (hits, lists) = (blacklist::keys::hits(&row.text())?, json(&row.text())?);
        let product = row.maybe_text().as_deref().map(json).transpose()?;
        let category_ids = json(&row.text())?;
        let (coupon, statuses) = (row.maybe_text(), row.maybe_text());
        let email_times = json(&row.text())?;
        let mut network_times: Vec<i64> = json(&row.text())?;
        network_times.extend(json::<Vec<i64>>(&row.text())?);
        Ok(Found {
            weights,
            revision,
            rules,
            hits,
            lists,
            product,
            category_ids,
            coupon,
            statuses,
            email_times,
            network_times,
        })
    })
}
