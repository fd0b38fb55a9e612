//! Scopes: what a seller lets an application do. This is the one place that knows them.

/// Each stands alone: writing says nothing of reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    AbandonedCartRead,
    AbandonedCartWrite,
    CustomerRead,
    ProductRead,
    ProductWrite,
    OrderRead,
    OrderWrite,
    CouponRead,
    CouponWrite,
    ScriptWrite,
    ScriptRead,
    /// Those of the webhook subscriptions at `/organizations`.
    ReadPurchase,
    ReadProduct,
    ReadUserinfo,
}

impl Scope {
    pub const ALL: [Scope; 14] = [
        Scope::AbandonedCartRead,
        Scope::AbandonedCartWrite,
        Scope::CustomerRead,
        Scope::ProductRead,
        Scope::ProductWrite,
        Scope::OrderRead,
        Scope::OrderWrite,
        Scope::CouponRead,
        Scope::CouponWrite,
        Scope::ScriptWrite,
        Scope::ScriptRead,
        Scope::ReadPurchase,
        Scope::ReadProduct,
        Scope::ReadUserinfo,
    ];

    /// As it stands on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Scope::AbandonedCartRead => "abandoned_cart_read",
            Scope::AbandonedCartWrite => "abandoned_cart_write",
            Scope::CustomerRead => "customer_read",
            Scope::ProductRead => "product_read",
            Scope::ProductWrite => "product_write",
            Scope::OrderRead => "order_read",
            Scope::OrderWrite => "order_write",
            Scope::CouponRead => "coupon_read",
            Scope::CouponWrite => "coupon_write",
            Scope::ScriptWrite => "script_write",
            Scope::ScriptRead => "script_read",
            Scope::ReadPurchase => "READ:PURCHASE",
            Scope::ReadProduct => "READ:PRODUCT",
            Scope::ReadUserinfo => "READ:USERINFO",
        }
    }

    /// Case counts (RFC 6749, 3.3).
    pub fn parse(name: &str) -> Option<Scope> {
        Scope::ALL.into_iter().find(|scope| scope.name() == name)
    }
}

/// A set of scopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scopes(u16);

impl Scopes {
    /// What an API key can do.
    pub fn all() -> Scopes {
        Scope::ALL.into_iter().collect()
    }

    pub fn has(self, scope: Scope) -> bool {
        self.0 & bit(scope) != 0
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether these are all among the others.
    pub fn are_within(self, others: Scopes) -> bool {
        self.0 & !others.0 == 0
    }

    /// In the order of `Scope::ALL`.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.into_iter().filter(move |scope| self.has(*scope))
    }

    /// With spaces between, as the wire and the database have them.
    pub fn to_text(self) -> String {
        self.iter().map(Scope::name).collect::<Vec<_>>().join(" ")
    }

    /// `None` if one is none of ours.
    pub fn parse(text: &str) -> Option<Scopes> {
        text.split(' ').filter(|name| !name.is_empty()).map(Scope::parse).collect()
    }

    /// As the database has them. What a later version wrote is left out.
    pub fn read(text: &str) -> Scopes {
        text.split(' ').filter_map(Scope::parse).collect()
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Scopes {
        Scopes(scopes.into_iter().fold(0, |all, scope| all | bit(scope)))
    }
}

fn bit(scope: Scope) -> u16 {
    1 << scope as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_read_and_written_in_one_order() {
        let scopes = Scopes::parse("READ:PURCHASE  order_read abandoned_cart_write order_read").unwrap();
        assert_eq!(scopes.to_text(), "abandoned_cart_write order_read READ:PURCHASE");
        assert!(scopes.has(Scope::OrderRead) && !scopes.has(Scope::OrderWrite));
        assert_eq!(Scopes::read("order_read later_scope READ:PURCHASE abandoned_cart_write"), scopes);
        for text in ["order_read later_scope", "Order_read", "order_read,order_write", "read:purchase"] {
            assert_eq!(Scopes::parse(text), None, "{text}");
        }
        assert_eq!(Scopes::parse(&Scopes::all().to_text()), Some(Scopes::all()));
        assert!(Scopes::parse("").unwrap().is_empty());
    }

    #[test]
    fn scopes_are_within_others_only_if_each_is() {
        let of = |text: &str| Scopes::parse(text).unwrap();
        assert!(of("order_read").are_within(of("order_read order_write")));
        assert!(!of("order_read order_write").are_within(of("order_read")));
        assert!(Scopes::default().are_within(Scopes::default()));
        assert!(!of("READ:PRODUCT").are_within(of("product_read product_write")));
    }
}
