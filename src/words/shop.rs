//! Words of the storefront: shop, category and product pages.

words! {
    pub struct Shop in "shop" {
        // Around every page.
        test_shop,
        about_shop,
        contact,
        terms,
        privacy,
        powered_by,

        // The page of a deployment with several shops.
        home_text,
        shops,
        reference,

        // Lists of products.
        categories,
        all_products,
        no_products,
        in_stock,
        left,
        sold_out,
        stars,
        reviews_one,
        reviews_few,
        reviews_many,
        pages,
        previous,
        next,
        page_of,

        // A product.
        volume,
        feedback,
        your_order,
        quantity,
        email,
        email_hint,
        pay_with,
        coupon,
        optional,
        check_price,
        choose,
        total,
        buy,
        nothing_charged,
        accept_terms,
        sold_out_text,
        closed,
        ask,

        // What is wrong with a form.
        mistakes,
        gone,
        only_left,
        quantity_between,
        quantity_least,
        quantity_exactly,
        email_blank,
        email_wrong,
        email_invisible,
        gateway_missing,
        gateway_amount,
        gateway_away,
        gateway_closed,
        coupon_wrong,
        coupon_unknown,
        answer_blank,
        answer_number,
        answer_list,
        answer_tick,
        too_long,
        turned,

        // A question to the seller.
        contact_shop,
        contact_hint,
        subject,
        message,
        send,
        help,

        // Pages that end the matter.
        to_shop,
        request,
        not_found,
        not_found_text,
        elsewhere,
        elsewhere_text,
        refused,
        refused_text,
        too_many,
        too_many_text,
        broken,
        broken_text,
    }
}
