//! A payment link before it has an order: its page, and the start.

use super::{
    Opened, Visit, access, actions, connection,
    contact::Contact,
    view::{Page, Start, State, Way},
};
use crate::{
    http::Response,
    shop::{
        Error, Refusal,
        account::Account,
        error::GatewayRefusal,
        gateway::Gateway,
        order::{self, Buyer, Order, sync},
        payment::{self, Link},
        text::{
            self,
            email::{self, BadEmail},
        },
    },
    words::{Words, fill},
};

/// The link itself: everything on it stands in its token.
pub async fn link(visit: &Visit<'_>, opened: Opened<'_>) -> Response {
    // The order may have been started in time: its page knows.
    let is_over = visit.app.now() > opened.link.expires_at;
    // Who has chosen already is not asked again.
    if is_over || (choices(opened.link).len() > 1 && access::is_admitted(visit)) {
        return Response::see_other(&visit.page);
    }
    show(visit, opened, 200, &Typed::default()).await
}

/// What the buyer pays through: where nothing is to be paid, nobody is asked.
fn choices(link: &Link) -> Vec<Gateway> {
    match link.price.minor() {
        0 => vec![link.choice.first()],
        _ => link.choice.iter().collect(),
    }
}

/// The form as it came, and what is wrong with it.
#[derive(Default)]
struct Typed {
    email: String,
    gateway: String,
    bad_email: Option<&'static str>,
    bad_gateway: Option<String>,
    /// Through this one it can't be paid, as it turned out.
    closed: Option<Gateway>,
}

impl Typed {
    fn read(visit: &Visit<'_>) -> Typed {
        let field = |name| actions::form_field(visit, name).unwrap_or_default();
        Typed { email: field("email"), gateway: field("gateway"), ..Typed::default() }
    }

    fn is_right(&self) -> bool {
        self.bad_email.is_none() && self.bad_gateway.is_none()
    }

    /// The buyer's e-mail, where it is asked for.
    fn email(&mut self, link: &Link, words: &'static Words) -> Option<String> {
        if !link.needs_email {
            return None;
        }
        let pay = &words.pay;
        let bad = match email::parse(&self.email) {
            Ok(email) => return Some(email.to_owned()),
            Err(_) if text::clean(&self.email).is_empty() => pay.email_missing,
            Err(BadEmail::Invisible(_)) => pay.email_invisible,
            Err(BadEmail::Malformed) => pay.email_malformed,
        };
        self.bad_email = Some(bad);
        None
    }

    /// What the buyer pays through; of one nobody chooses.
    fn gateway(&mut self, choices: &[Gateway], words: &'static Words) -> Option<Gateway> {
        let chosen = match choices {
            [only] => Some(*only),
            several => several.iter().copied().find(|gateway| gateway.slug() == self.gateway),
        };
        if chosen.is_none() {
            self.bad_gateway = Some(words.shop.gateway_missing.to_owned());
        }
        chosen
    }

    /// Notes that the chosen gateway opens no payment; answers the status.
    fn refused(&mut self, gateway: Gateway, refusal: &GatewayRefusal, words: &'static Words) -> u16 {
        let said = &words.shop;
        let (text, status) = match refusal {
            GatewayRefusal::NoRate { .. } | GatewayRefusal::Unavailable { .. } => (said.gateway_away, 503),
            GatewayRefusal::TooSmall { .. } | GatewayRefusal::NotQuotable => (said.gateway_amount, 422),
            GatewayRefusal::NoRateFor { .. } => (words.pay.way_no_rate, 422),
            GatewayRefusal::Refused(_) => (words.pay.way_refused, 422),
            _ => (said.gateway_closed, 422),
        };
        self.bad_gateway = Some(fill(text, &[("gateway", gateway.name())]));
        self.closed = (status == 422).then_some(gateway);
        status
    }
}

/// The buyer goes ahead.
pub async fn start(visit: &Visit<'_>, opened: Opened<'_>) -> Result<Response, Error> {
    let Opened { payment_id, link } = opened;
    let choices = choices(link);
    let mut typed = Typed::read(visit);
    let (buyer_email, chosen) = (typed.email(link, visit.words), typed.gateway(&choices, visit.words));
    let Some(chosen) = chosen.filter(|_| typed.is_right()) else {
        return Ok(show(visit, opened, 422, &typed).await);
    };
    let given = buyer_email.clone();
    let short = |text: &str, most: usize| text.chars().filter(|c| !c.is_control()).take(most).collect::<String>();
    let request = visit.request;
    let buyer = Buyer {
        email: buyer_email,
        ip_address: request.header("cf-connecting-ip").map(|ip| short(ip, 64)),
        country_code: request.country.clone(),
        user_agent: request.header("user-agent").map(|agent| short(agent, 512)),
        referral: None,
    };
    let visitor = connection::visitor(request);
    let place = (actions::origin(visit), visit.page.as_str());
    let (order, made) = match payment::start(visit.app, link, payment_id, chosen, place, (buyer, visitor)).await {
        Err(Error::Refused(Refusal::Gateway(refusal))) if choices.len() > 1 => {
            let status = typed.refused(chosen, &refusal, visit.words);
            let page = show(visit, opened, status, &typed).await;
            return Ok(match refusal {
                GatewayRefusal::NoRate { retry_after } | GatewayRefusal::Unavailable { retry_after } => {
                    page.with("retry-after", retry_after.to_string())
                }
                _ => page,
            });
        }
        started => started?,
    };
    if order.is_free() {
        let account = Account::acting(link.account_id, &link.shard, link.test);
        sync::now(visit.app, &account, &order.id).await?;
    }
    // A page elsewhere is gone to at once, and only now.
    let go = if order.session.is_some() { "?go=1" } else { "" };
    let started = Response::see_other(&format!("{}{go}", visit.page));
    match given {
        _ if made => Ok(access::admit(visit, started)),
        Some(given) => Ok(start_again(visit, opened, &order, &given, typed, started).await),
        None => Ok(started),
    }
}

/// Somebody starts a link that was started already. Whoever gives the order's e-mail is its buyer: their first answer was lost,
/// or this is another browser. Anybody else is told now, because their address would not open the receipt later.
async fn start_again(
    visit: &Visit<'_>,
    opened: Opened<'_>,
    order: &Order,
    given: &str,
    typed: Typed,
    started: Response,
) -> Response {
    if !actions::may_guess(visit).await {
        return super::too_many(visit.app, visit.words, visit.request);
    }
    match &order.buyer.email {
        Some(known) if email::same(known, given) => access::admit(visit, started),
        _ => {
            let typed = Typed { bad_email: Some(visit.words.pay.email_other), ..typed };
            show(visit, opened, 422, &typed).await
        }
    }
}

/// No database is asked. Where there is a choice, the rates that are near are looked at.
async fn show(visit: &Visit<'_>, opened: Opened<'_>, status: u16, typed: &Typed) -> Response {
    let link = opened.link;
    let choices = choices(link);
    let closed = match choices.len() {
        1 => Vec::new(),
        _ => {
            let account = Account::acting(link.account_id, &link.shard, link.test);
            order::open::without_rate(visit.app, &account, &choices, link.price.currency()).await
        }
    };
    let pay = &visit.words.pay;
    let way = |gateway: Gateway| Way {
        gateway: gateway.name(),
        slug: gateway.slug(),
        means: gateway.method_label(),
        leaves: gateway.coin().is_none(),
        closed: match () {
            () if typed.closed == Some(gateway) => Some(pay.way_closed),
            () if closed.contains(&gateway) => Some(pay.way_rateless),
            () => None,
        },
    };
    let ways: Vec<_> = choices.into_iter().map(way).collect();
    let mut open = ways.iter().filter(|way| way.closed.is_none()).map(|way| way.slug);
    let chosen = open.clone().find(|slug| *slug == typed.gateway).or_else(|| open.next());
    let state = State::Start(Start {
        ways,
        chosen,
        asks: link.needs_email.then_some(text::clean(&typed.email)),
        bad_email: typed.bad_email,
        bad_gateway: typed.bad_gateway.as_deref(),
        free: link.price.minor() == 0,
    });
    let (price, contact) = (visit.words.language.money(&link.price.display()), Contact::default());
    let home = format!("{}/", link.return_origin);
    let page = Page {
        words: visit.words,
        brand: &visit.app.platform.settings.brand,
        shop: &link.shop_name,
        title: &link.title,
        price: &price,
        quantity: link.quantity,
        test: link.test,
        url: &visit.url,
        home: (!link.return_origin.is_empty()).then_some(home.as_str()),
        order_url: &visit.page,
        stays: false,
        revision: 0,
        said_at: 0,
        wrong_currency: false,
        review: false,
        // The link's own page asks no database, and says "contact" nowhere.
        contact: &contact,
        state,
        said: None,
    };
    actions::render_page(status, &page)
}
