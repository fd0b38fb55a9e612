//! The pay page in the language of whoever reads it.

use pushguard::shop::payment;
use pushguard::words::Language;
use serde_json::json;

use crate::{
    actors::{Link, Reply, Seller},
    world::{World, assets},
};

/// A page as a browser with these languages gets it.
fn page(world: &World, path: &str, languages: &str) -> Reply {
    world.buyer().ask("GET", path).header("accept-language", languages).send()
}

#[track_caller]
fn shows(page: &Reply, texts: &[&str]) {
    let page = page.text();
    for text in texts {
        assert!(page.contains(text), "{text} is not in {page}");
    }
}

fn started(world: &World) -> (Seller<'_>, Link) {
    let ada = world.seller();
    let link = ada.link(json!({"return_url": "https://ada.example/thanks"}));
    world.buyer().start(&link).expect(200);
    (ada, link)
}

#[test]
fn a_page_speaks_the_language_that_the_browser_asks_for() {
    let world = World::new();
    let (ada, link) = started(&world);
    let german = page(&world, &link.path, "de-AT, en;q=0.5").expect(200);
    shows(&german, &["<html lang=\"de\">", "Mit Bitcoin bezahlen", "10,00 USD", "<strong>Testzahlung</strong> – es"]);
    shows(&german, &["data-soon=\"Noch weniger als zwei Minuten.\"", "data-offline=\"Keine Verbindung."]);
    let waiting = page(&world, &link.order(), "de").expect(200);
    shows(&waiting, &["Warten auf die Zahlung", "1 BTC = 50.000 USD", "Adresse für Bitcoin testnet", "Genau zahlen"]);
    // What is copied or sent is read by a wallet, which wants a dot.
    shows(&waiting, &["data-copy=\"0.0002\"", "?amount=0.0002", "<p class=\"amount\">0.0002 "]);
    assert!(!waiting.text().contains("Waiting"), "{}", waiting.text());
    ada.simulate(&link.order_id, "partial", 0);
    let partial = page(&world, &link.order(), "de").expect(200);
    shows(&partial, &["<strong>0,0001 BTC</strong> sind eingegangen und werden gerade bestätigt.", "Den Rest zahlen"]);
    ada.simulate(&link.order_id, "exact", 0);
    ada.mine(1);
    let paid = page(&world, &link.order(), "de").expect(200);
    shows(&paid, &["Zahlung abgeschlossen", "✓ Bezahlt", "hat 0,0002 BTC erhalten.", " UTC</time>"]);
    shows(&paid, &["Weiter dorthin in <span data-count>5</span> Sekunden. <button", "Zurück zu ada.example"]);
}

#[test]
fn whoever_asks_for_no_language_of_ours_reads_english() {
    let world = World::new();
    let (_, link) = started(&world);
    let plain = world.buyer().get(&link.order()).expect(200);
    shows(&plain, &["<html lang=\"en\">", "Waiting for payment", "10.00 USD"]);
    for languages in ["en", "sv, fi;q=0.9", "*", "en-GB, de;q=0.9", "de;q=0", "\u{0}\u{ff}", ""] {
        let page = page(&world, &link.order(), languages).expect(200);
        assert_eq!(page.text(), plain.text(), "{languages}");
        assert_eq!(page.header("etag"), plain.header("etag"), "{languages}");
    }
}

#[test]
fn a_page_in_one_language_is_never_taken_for_the_same_in_another() {
    let world = World::new();
    let (_, link) = started(&world);
    let etag = |languages: &str| {
        let page = page(&world, &link.order(), languages).expect(200);
        assert_eq!(page.header("vary"), Some("Accept-Language"));
        let etag = page.header("etag").unwrap().to_owned();
        // The script sends it back from there.
        shows(&page, &[&format!("data-revision={etag}")]);
        etag
    };
    let (english, german) = (etag("en"), etag("de"));
    assert_ne!(english, german);
    let ask = |languages: &str, known: &str| {
        let ask = world.buyer().ask("GET", &link.order()).header("accept-language", languages);
        let reply = ask.header("if-none-match", known).send();
        assert_eq!(reply.header("vary"), Some("Accept-Language"));
        reply.status()
    };
    assert_eq!([ask("en", &english), ask("de", &german)], [304, 304]);
    assert_eq!([ask("en", &german), ask("de", &english)], [200, 200]);
}

#[test]
fn what_goes_wrong_is_said_in_the_same_language() {
    let world = World::new();
    let ada = world.seller();
    let (link, closed) = (ada.link(json!({"email": null})), ada.link(json!({})));
    ada.put("/account", json!({"contact_email": "ada@ada.example"})).expect(200);
    let missing = page(&world, "/pay/x/y", "de").expect(404);
    shows(&missing, &["<html lang=\"de\">", "Diesen Zahlungslink gibt es nicht"]);
    assert_eq!(missing.header("vary"), Some("Accept-Language"));
    let form = world.buyer().ask("POST", &link.path).header("accept-language", "de");
    shows(&form.body("email=x").send().expect(422), &["Das sieht nicht nach einer E-Mail-Adresse aus."]);
    ada.delete(&format!("/pay/{}", closed.id)).expect(204);
    let closed = page(&world, &closed.path, "de").expect(410);
    shows(&closed, &["Dieser Link ist geschlossen", ">Kontakt</dt>", "?subject=Bestellung%20"]);
}

#[test]
fn numbers_take_their_plural() {
    let world = World::new();
    let ada = world.seller();
    let link = ada.link(json!({"confirmations": 2}));
    world.buyer().start(&link).expect(200);
    ada.simulate(&link.order_id, "exact", 0);
    shows(&page(&world, &link.order(), "de"), &["BTC, 0 Bestätigungen", "Warten auf die erste Bestätigung."]);
    ada.mine(1);
    shows(&page(&world, &link.order(), "de"), &["BTC, 1 Bestätigung<", "1 von 2 Bestätigungen."]);
    shows(&page(&world, &link.order(), "en"), &["BTC, 1 confirmation<", "1 of 2 confirmations."]);
}

#[test]
fn a_shop_with_a_language_of_its_own_keeps_to_it() {
    let world = World::new();
    let link = world.seller().link(json!({}));
    let keys = &world.app.platform.settings.token_keys;
    let mut inside = payment::verify_link(&world.app, &link.id, &link.token).expect("a token of today");
    assert_eq!(inside.language, None);
    assert_eq!(payment::token::sign(keys, &link.id, &inside), link.token);
    inside.language = Some(Language::German);
    let path = format!("/pay/{}/{}", link.id, payment::token::sign(keys, &link.id, &inside));
    for languages in ["en", "fr", "de", ""] {
        shows(&page(&world, &path, languages).expect(200), &["<html lang=\"de\">"]);
    }
}

#[test]
fn a_page_whose_words_cannot_be_read_is_english_until_they_can() {
    // In a thread of its own, which has read no words yet.
    let reader = std::thread::spawn(|| {
        let world = World::new();
        let (_, link) = started(&world);
        assets::break_read();
        shows(&page(&world, &link.order(), "de").expect(200), &["<html lang=\"en\">", "Waiting for payment"]);
        assert!(world.log.text().contains("words.unread"), "{}", world.log.text());
        shows(&page(&world, &link.order(), "de").expect(200), &["<html lang=\"de\">", "Warten auf die Zahlung"]);
    });
    reader.join().expect("it stands");
}

#[test]
fn a_shop_that_has_a_language_keeps_to_it_on_all_pages() {
    let world = World::new();
    let ada = world.seller();
    let before = ada.link(json!({}));
    ada.put("/account", json!({"shop": {"language": "fr"}})).expect(200);
    let link = ada.link(json!({}));
    let in_french = |path: &str| shows(&page(&world, path, "de").expect(200), &["<html lang=\"fr\">"]);
    in_french(&link.path);
    world.buyer().start(&link).expect(200);
    in_french(&link.order());
    ada.simulate(&link.order_id, "exact", 1);
    let receipt = world.receipt(&link.order_id);
    in_french(&receipt);
    let wrong = world.buyer().post(&format!("{receipt}/query"), "subject=x").expect(422);
    shows(&wrong, &["<html lang=\"fr\">"]);
    let asked = world.buyer().post(&format!("{receipt}/query"), "subject=x&message=y").expect(303);
    in_french(asked.header("location").unwrap());
    shows(&page(&world, &before.path, "de").expect(200), &["<html lang=\"de\">"]);
    // A link is signed as it was made; its order's own page knows what is set now.
    ada.put("/account", json!({"shop": {"language": null}})).expect(200);
    shows(&page(&world, &receipt, "de").expect(200), &["<html lang=\"de\">"]);
}
