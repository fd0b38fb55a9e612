//! Words of the page on which a seller lets an application act for them.

words! {
    pub struct Consent in "consent" {
        // Signing in.
        sign_in_title,
        sign_in_text,
        api_key,
        api_key_hint,
        sign_in,
        cancel,
        wrong_key,
        disabled,
        again,

        // What is asked.
        title,
        text,
        website,
        leads_to,
        take_back,
        allow,

        // A scope each.
        abandoned_cart_read,
        abandoned_cart_write,
        customer_read,
        product_read,
        product_write,
        order_read,
        order_write,
        coupon_read,
        coupon_write,
        script_write,
        script_read,
        purchase_events,
        product_events,
        account_events,

        // What ends it.
        invalid_title,
        invalid_text,
        broken_text,
    }
}
