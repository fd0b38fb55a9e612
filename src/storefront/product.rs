//! A product's page: what it is, what buyers say of it, and the form that orders it.

use maud::{Markup, PreEscaped, html};

use super::{
    form::{Form, is_ticked},
    list::{picture, rating, stock},
    terms,
};
use crate::{
    checkout::layout::{name, shield},
    shop::{
        catalog::{Item, Remark, Shop},
        gateway::Gateway,
        money::Decimal,
        product::input::{Input, InputKind, MAX_ANSWER},
        time,
    },
    words::{self, Words},
};

pub struct Sale<'a> {
    pub words: &'static Words,
    pub shop: &'a Shop,
    pub item: &'a Item,
    /// What can be bought now; `None` is without end.
    pub stock: Option<i64>,
    pub gateways: &'a [Gateway],
    pub inputs: &'a [Input],
}

pub fn main(sale: &Sale<'_>, form: &Form) -> Markup {
    let (item, said) = (sale.item, &sale.words.shop);
    let product = &item.product;
    html! {
        main.detail {
            div.about {
                (picture(product.image.as_ref(), &product.title, &product.title, false))
                h1 dir="auto" { (product.title) }
                (rating(sale.words, item.rating))
                p.line {
                    span.price { (sale.words.language.money(&product.price.display())) }
                    (stock(sale.words, sale.stock, product.minimum_quantity))
                }
                @if !product.volume_discounts.is_empty() {
                    ul.discounts {
                        @for discount in &product.volume_discounts {
                            @let percent = Decimal::new(discount.percent.into(), 2).map(Decimal::to_text).unwrap_or_default();
                            @let percent = sale.words.language.grouped(&percent);
                            li { (words::fill(said.volume, &[("quantity", &discount.quantity.to_string()), ("percent", &percent)])) }
                        }
                    }
                }
            }
            section.card aria-labelledby="buy" {
                h2 #buy { (said.your_order) }
                (order(sale, form))
            }
            div.told {
                @if !item.description_html.is_empty() {
                    div.prose dir="auto" { (PreEscaped(&item.description_html)) }
                }
                @if !item.feedbacks.is_empty() {
                    section.feedback aria-labelledby="feedback" {
                        h2 #feedback { (said.feedback) }
                        ul { @for remark in &item.feedbacks { li { (self::remark(sale, remark)) } } }
                    }
                }
            }
        }
    }
}

fn remark(sale: &Sale<'_>, remark: &Remark) -> Markup {
    let said = &sale.words.shop;
    let stars = remark.stars.min(5) as usize;
    html! {
        p.rating {
            span aria-hidden="true" { ("★".repeat(stars)) span.off { ("★".repeat(5 - stars)) } }
            span.unseen { (words::fill(said.stars, &[("stars", &stars.to_string())])) }
            " · " time datetime=(time::wire(remark.created_at)) { (sale.words.moment(remark.created_at)) }
        }
        @if !remark.comment.is_empty() { p.comment dir="auto" { (remark.comment) } }
        @if !remark.response.is_empty() {
            p.response dir="auto" { strong { (name(&sale.shop.name)) } ": " (remark.response) }
        }
    }
}

fn order(sale: &Sale<'_>, form: &Form) -> Markup {
    let (said, product) = (&sale.words.shop, &sale.item.product);
    let contact = format!("/shop/{}/contact", sale.shop.appearance.slug);
    let is_free = form.total.is_some_and(|total| total.minor() == 0);
    let is_sold_out = sale.stock.is_some_and(|stock| stock < product.minimum_quantity.max(1));
    html! {
        @if let Some(wrong) = &form.wrong.whole { p.alert role="alert" { (wrong) } }
        @else if !form.wrong.is_empty() { p.alert role="alert" { (said.mistakes) } }
        @if is_sold_out {
            @if form.wrong.whole.is_none() { p.alert.care { (said.sold_out_text) } }
            a.button.plain href=(contact) { (said.ask) }
        } @else if sale.gateways.is_empty() {
            p.alert.care { (said.closed) }
            a.button.plain href=(contact) { (said.ask) }
        } @else {
            form method="post" action={ "/product/" (product.id) } {
                input type="hidden" name="once" value=(form.once);
                input type="hidden" name="seen" value=(terms::mark(product, sale.shop.appearance.terms_url.as_deref()));
                @if let Some(sum) = sum(form) { input type="hidden" name="sum" value=(sum); }
                // Enter in a field presses the form's first button, which would be the one for the price.
                button.unseen tabindex="-1" aria-hidden="true" {}
                (quantity(sale, form))
                @for (n, input) in sale.inputs.iter().enumerate() { (custom(sale, form, n, input)) }
                (email(sale, form))
                @if !is_free { (gateways(sale, form)) }
                (coupon(sale, form))
                @if let Some(total) = form.total {
                    p.total role="status" { (said.total) " " strong.price { (sale.words.language.money(&total.display())) } }
                }
                button.button { (said.buy) }
            }
            p.hint.center { (shield()) " " (if is_free { said.nothing_to_pay } else { said.nothing_charged }) }
            @if let Some(url) = &sale.shop.appearance.terms_url {
                @let terms = html! { a href=(url) rel="noopener" { (said.terms) } };
                p.hint.center { (words::rich(said.accept_terms, &[("terms", &terms)])) }
            }
        }
    }
}

/// The mark of a total that is shown, or was shown before this.
fn sum(form: &Form) -> Option<String> {
    form.total.map(|total| terms::total_mark(form, total)).or_else(|| some(&form.sum).map(str::to_owned))
}

/// A sentence below its field, which names it.
fn wrong(id: &str, text: Option<&String>) -> Markup {
    html! { @if let Some(text) = text { p.wrong id=(id) { (text) } } }
}

fn quantity(sale: &Sale<'_>, form: &Form) -> Markup {
    let (said, product) = (&sale.words.shop, &sale.item.product);
    let max = [product.maximum_quantity, sale.stock].into_iter().flatten().min();
    let bad = form.wrong.quantity.as_ref();
    html! {
        @if max == Some(product.minimum_quantity) && bad.is_none() {
            input type="hidden" name="quantity" value=(product.minimum_quantity);
        } @else {
            label for="quantity" { (said.quantity) }
            input.short #quantity name="quantity" type="number" inputmode="numeric" value=(form.quantity) required
                min=(product.minimum_quantity) max=[max] step="1"
                aria-invalid=[bad.map(|_| "true")] aria-describedby=[bad.map(|_| "quantity-wrong")];
            (wrong("quantity-wrong", bad))
        }
    }
}

fn email(sale: &Sale<'_>, form: &Form) -> Markup {
    let (said, bad) = (&sale.words.shop, form.wrong.email.as_ref());
    html! {
        label for="email" { (said.email) }
        input #email name="email" type="email" value=[some(&form.email)] required maxlength="254" inputmode="email"
            autocomplete="email" autocapitalize="none" spellcheck="false"
            aria-invalid=[bad.map(|_| "true")] aria-describedby=(if bad.is_some() { "email-wrong email-hint" } else { "email-hint" });
        (wrong("email-wrong", bad))
        p.hint #email-hint { (said.email_hint) }
    }
}

fn gateways(sale: &Sale<'_>, form: &Form) -> Markup {
    let (said, bad) = (&sale.words.shop, form.wrong.gateway.as_ref());
    html! {
        fieldset aria-describedby=[bad.map(|_| "gateway-wrong")] {
            legend { (said.pay_with) }
            div.choices {
                @for gateway in sale.gateways {
                    label.choice {
                        input type="radio" name="gateway" value=(gateway.slug()) required
                            checked[gateway.slug() == form.gateway || sale.gateways.len() == 1];
                        span { (label_of(*gateway)) }
                    }
                }
            }
            (wrong("gateway-wrong", bad))
        }
    }
}

fn label_of(gateway: Gateway) -> String {
    let method = gateway.method_label().map(|label| {
        let mut letters = label.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect::<String>()).unwrap_or_default()
    });
    method.map_or_else(|| gateway.name().to_owned(), |label| format!("{label} ({})", gateway.name()))
}

fn coupon(sale: &Sale<'_>, form: &Form) -> Markup {
    let (said, bad) = (&sale.words.shop, form.wrong.coupon.as_ref());
    html! {
        label for="coupon" { (said.coupon) " " span.optional { (said.optional) } }
        div.beside {
            input #coupon name="coupon" type="text" value=[some(&form.coupon)] maxlength="64" autocomplete="off" autocapitalize="characters"
                spellcheck="false" aria-invalid=[bad.map(|_| "true")] aria-describedby=[bad.map(|_| "coupon-wrong")];
            button.plain name="check" value="1" formnovalidate { (said.check_price) }
        }
        (wrong("coupon-wrong", bad))
    }
}

fn custom(sale: &Sale<'_>, form: &Form, n: usize, input: &Input) -> Markup {
    let said = &sale.words.shop;
    let (id, field) = (format!("custom-{n}"), format!("custom[{n}]"));
    let id_wrong = format!("{id}-wrong");
    let typed = form.answers.get(n).map(String::as_str).unwrap_or_default();
    let bad = form.wrong.answers.get(n).and_then(Option::as_ref);
    let (invalid, described) = (bad.map(|_| "true"), bad.map(|_| id_wrong.as_str()));
    let label = html! {
        (name(&input.name)) @if !input.required { " " span.optional { (said.optional) } }
    };
    html! {
        @match input.kind {
            InputKind::Checkbox => {
                label.choice {
                    input type="checkbox" name=(field) value="1" required[input.required] checked[is_ticked(input, typed)]
                        aria-invalid=[invalid] aria-describedby=[described];
                    span { (label) }
                }
            }
            InputKind::Select => {
                label for=(id) { (label) }
                select id=(id) name=(field) required[input.required] aria-invalid=[invalid] aria-describedby=[described] {
                    option value="" { (said.choose) }
                    @for option in &input.options { option value=(option) selected[option == typed] { (option) } }
                }
            }
            InputKind::Text | InputKind::Number => {
                label for=(id) { (label) }
                input id=(id) name=(field) type="text" dir="auto" value=[some(typed)] required[input.required] maxlength=(MAX_ANSWER)
                    inputmode=[(input.kind == InputKind::Number).then_some("decimal")]
                    aria-invalid=[invalid] aria-describedby=[described];
            }
        }
        (wrong(&id_wrong, bad))
    }
}

fn some(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}
