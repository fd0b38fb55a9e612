//! What lists know of an address, a visitor's network and an e-mail domain. The lists in `data/` here are made by
//! tests/worker/data.test.mjs, of addresses and numbers that are kept for documents (RFC 5737, 3849, 5398).

use pushguard::shop::network::{self, Connection, Network};

use crate::world::{World, assets, block_on};

fn look_up(world: &World, ip: &str) -> Network {
    block_on(network::look_up(&world.app, ip.parse().expect("an address")))
}

fn is_disposable(world: &World, domain: &str) -> Option<bool> {
    block_on(network::is_disposable(&world.app, domain))
}

/// Number, name and country, and whether it is hosting, a VPN, Tor.
type Told<'a> = (Option<u32>, Option<&'a str>, Option<&'a str>, Option<bool>, Option<bool>, Option<bool>);

fn told(network: &Network) -> Told<'_> {
    let Network { asn, name, country, is_hosting, is_vpn, is_tor } = network;
    (*asn, name.as_deref(), country.as_deref(), *is_hosting, *is_vpn, *is_tor)
}

const HOME: Told<'static> = (Some(64496), Some("Example \"Lines\", Ltd"), Some("SE"), Some(false), Some(false), None);
const HOSTING: Told<'static> = (Some(64497), Some("Example Hosting"), Some("NL"), Some(true), Some(false), None);
const VPN: Told<'static> = (Some(64498), Some("PacketHub S.A."), Some("PA"), Some(true), Some(true), None);
const TOR: Told<'static> = (Some(64499), Some("Emerald Onion"), Some("US"), Some(true), Some(false), Some(true));
const NOTHING: Told<'static> = (None, None, None, None, None, None);

#[test]
fn an_address_has_a_network_and_a_country_as_far_as_they_are_listed() {
    let world = World::new();
    let no_country = (Some(64500), Some("Télé Network"), None, Some(false), Some(false), None);
    let no_network = (None, None, Some("DE"), None, None, None);
    for (ip, expected) in [
        ("203.0.113.0", HOME),
        ("203.0.113.7", HOME),
        ("203.0.113.255", HOME),
        ("203.0.114.0", NOTHING),
        ("203.0.112.255", NOTHING),
        ("198.51.100.0", HOSTING),
        ("198.51.100.77", HOSTING),
        ("198.18.0.1", VPN),
        ("198.18.1.1", TOR),
        ("198.18.2.1", no_country),
        ("192.0.2.1", no_network),
        ("0.0.0.0", NOTHING),
        ("255.255.255.255", NOTHING),
        ("127.0.0.1", NOTHING),
        ("::ffff:203.0.113.7", HOME),
        ("2001:db8::1", HOME),
        ("2001:db8:0:ffff:ffff:ffff:ffff:ffff", HOME),
        ("2001:db8:1::1", HOSTING),
        ("2001:db8:2::1", VPN),
        ("2001:db8:3::1", NOTHING),
        ("::", NOTHING),
        ("::1", NOTHING),
        ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NOTHING),
    ] {
        assert_eq!(told(&look_up(&world, ip)), expected, "{ip}");
    }
    assert_eq!(world.log.text(), "");
}

#[test]
fn a_look_up_reads_one_file_and_the_next_one_of_that_file_reads_none() {
    let world = World::new();
    let reads = |ip: &str| {
        assets::read();
        look_up(&world, ip);
        assets::read().len()
    };
    assert_eq!(reads("203.0.113.7"), 2, "the index, once an isolate");
    assert_eq!(reads("203.0.113.200"), 0);
    assert_eq!(reads("2001:db8::1"), 1);
    is_disposable(&world, "tempmail.example");
    assert_eq!(assets::read().len(), 1);
    is_disposable(&world, "a.b.c.tempmail.example");
    assert_eq!(assets::read(), [""; 0], "what is above a domain is in the same file");
}

#[test]
fn a_visitor_has_the_network_that_the_platform_tells_with_the_marks_of_our_lists() {
    let world = World::new();
    let visitor = |asn: Option<u32>, is_tor: bool| {
        let seen = Connection { asn, name: asn.map(|_| "As told".into()), country: Some("SE".into()), is_tor };
        block_on(network::of_visitor(&world.app, seen))
    };
    let (name, country) = (Some("As told"), Some("SE"));
    for (asn, is_tor, hosting, vpn, tor) in [
        (Some(64496), false, Some(false), Some(false), Some(false)),
        (Some(64497), false, Some(true), Some(false), Some(false)),
        (Some(64498), false, Some(true), Some(true), Some(false)),
        (Some(64499), false, Some(true), Some(false), Some(true)),
        (Some(64496), true, Some(false), Some(false), Some(true)),
        (Some(4_200_000_000), false, Some(false), Some(false), Some(false)),
    ] {
        let network = visitor(asn, is_tor);
        assert_eq!(told(&network), (asn, name, country, hosting, vpn, tor), "{asn:?} {is_tor}");
    }
    assert_eq!(told(&visitor(None, false)), (None, None, country, None, None, None));
    assert_eq!(told(&visitor(None, true)), (None, None, country, None, None, Some(true)));
    assert_eq!(assets::read(), ["/data/marked.bin"], "once");
}

#[test]
fn a_domain_is_disposable_when_it_or_one_above_it_is_listed() {
    let world = World::new();
    for listed in [
        "tempmail.example",
        "TempMail.Example",
        "tempmail.example.",
        "mail.tempmail.example",
        "a.b.tempmail.example",
        "trash.co.uk",
        "x.trash.co.uk",
        "wild.example",
        "any.wild.example",
        "bücher-müll.example",
        "BÜCHER-MÜLL.example",
        "xn--bcher-mll-q9ag.example",
        "deep.below.wild2.example",
    ] {
        assert_eq!(is_disposable(&world, listed), Some(true), "{listed}");
    }
    for other in [
        "example.com",
        "nottempmail.example",
        "tempmail.example.com",
        "co.uk",
        "shop.co.uk",
        "gmail.com",
        "below.wild2.example",
        "example",
        "",
        ".",
        "a b",
        "..",
    ] {
        assert_eq!(is_disposable(&world, other), Some(false), "{other}");
    }
    assert_eq!(world.log.text(), "");
}

#[test]
fn data_that_cannot_be_read_is_told_once_and_tells_nothing() {
    let world = World::new();
    assets::break_read();
    assert_eq!(told(&look_up(&world, "203.0.113.7")), NOTHING);
    let line = world.log.last("network.data_unread");
    assert_eq!((&line["level"], &line["file"]), (&"warn".into(), &"/data/index.json".into()));
    // It is left alone for a minute.
    assets::read();
    assert_eq!(told(&look_up(&world, "203.0.113.7")), NOTHING);
    assert_eq!((assets::read().len(), world.log.lines().len()), (0, 1));
    world.advance(60_000);
    assert_eq!(told(&look_up(&world, "203.0.113.7")), HOME);
    for ask in [
        |world: &World| look_up(world, "2001:db8::1").asn.is_none(),
        |world: &World| is_disposable(world, "tempmail.example").is_none(),
    ] {
        assets::break_read();
        assert!(ask(&world));
        assert!(!ask(&world), "and is there the next time");
    }
    assert_eq!(world.log.lines().len(), 3);
}

#[test]
fn spoilt_data_is_told_and_tells_nothing() {
    let spoilt = |path: &str, bytes: &[u8]| {
        let world = World::new();
        assets::replace(path, bytes.to_vec());
        let seen = Connection { asn: Some(64497), ..Connection::default() };
        let network = block_on(network::of_visitor(&world.app, seen));
        let all = (look_up(&world, "0.0.0.1"), network.is_hosting, is_disposable(&world, "tempmail.example"));
        // Not in a file of its own, as its path in the fixture says.
        assert_eq!(world.log.last("network.data_unread")["file"], path);
        all
    };
    let index = br#"{"sources":[],"v4":[-1],"v6":[]}"#;
    assert_eq!(told(&spoilt("/data/index.json", index).0), NOTHING);
    assets::replace("/data/index.json", br#"{"sources":[],"v4":[0],"v6":[0]}"#.to_vec());
    for bytes in [&b""[..], b"PGN4", b"PGN6\0\0\0\0\0\0\0\0", b"PGN4\0\0\0\0\xff\xff\xff\xff", &[0; 300_000]] {
        assert_eq!(told(&spoilt("/data/v4/0.bin", bytes).0), NOTHING);
    }
    assets::replace("/data/v4/0.bin", b"PGN4\0\0\0\0\x01\0\0\0\0\0\0\0\xff\xff\0\0".to_vec());
    for bytes in [&b""[..], b"PGM2", b"PGM1\0\0"] {
        assert_eq!(spoilt("/data/marked.bin", bytes).1, None);
    }
    assets::replace("/data/marked.bin", b"PGM1".to_vec());
    let path = {
        assets::read();
        is_disposable(&World::new(), "tempmail.example");
        assets::read().pop().expect("a file of domains")
    };
    for bytes in [&b""[..], b"PGD1abc"] {
        assert_eq!(spoilt(&path, bytes).2, None);
    }
}

#[test]
fn health_tells_what_the_data_is_made_of() {
    let world = World::new();
    let reply = world.ask("GET", "/healthz").send().expect(200);
    let sources = reply.json()["data"].as_array().expect("a list").clone();
    assert!(sources.len() > 2);
    for source in &sources {
        let text = |name: &str| source[name].as_str().expect("a text").to_owned();
        assert!(text("date").len() == 10 && text("date").starts_with("20"), "{source}");
        assert!(!text("package").is_empty() && !text("version").is_empty() && !text("licence").is_empty());
    }
    world.ask("GET", "/healthz").send().expect(200);
    assert_eq!(assets::read(), ["/data/index.json"], "once an isolate");
    let world = World::new();
    assets::break_read();
    assert_eq!(world.ask("GET", "/healthz").send().expect(200).json()["data"], serde_json::Value::Null);
}

/// `npm test` makes the real data, and says where it is.
#[test]
fn the_real_data_knows_well_known_networks() {
    let Some(folder) = std::env::var_os("DATA") else { return };
    assets::read_data_in(folder.into());
    let world = World::new();
    for (ip, number, name, country, is_hosting) in [
        ("8.8.8.8", 15169, "Google", "US", true),
        ("5.9.1.1", 24940, "Hetzner", "DE", true),
        ("2a01:4f8::1", 24940, "Hetzner", "DE", true),
        ("3.5.140.1", 16509, "Amazon", "US", true),
        ("104.248.1.1", 14061, "DigitalOcean", "US", true),
        ("217.91.0.1", 3320, "Deutsche Telekom", "DE", false),
        ("2003::1", 3320, "Deutsche Telekom", "DE", false),
        ("92.33.1.1", 8434, "Telenor", "SE", false),
        ("24.48.0.1", 5769, "Videotron", "CA", false),
        ("133.1.1.1", 4730, "Osaka", "JP", false),
        ("1.1.1.1", 13335, "Cloudflare", "AU", false),
    ] {
        let network = look_up(&world, ip);
        assert_eq!((network.asn, network.country.as_deref()), (Some(number), Some(country)), "{ip}");
        assert!(network.name.as_deref().is_some_and(|known| known.starts_with(name)), "{ip}: {network:?}");
        assert_eq!(network.is_hosting, Some(is_hosting), "{ip}");
    }
    assert_eq!(look_up(&world, "193.138.218.1").is_vpn, Some(true));
    assert_eq!(look_up(&world, "185.220.101.1").is_tor, Some(true));
    for private in ["10.0.0.1", "192.168.1.1", "127.0.0.1", "100.64.0.1", "fd00::1", "fe80::1"] {
        assert_eq!(told(&look_up(&world, private)), NOTHING, "{private}");
    }
    for listed in ["mailinator.com", "yopmail.com", "guerrillamail.com", "x.mailinator.com"] {
        assert_eq!(is_disposable(&world, listed), Some(true), "{listed}");
    }
    for lasting in ["gmail.com", "outlook.com", "proton.me", "duck.com", "mail.ru", "example.com", "co.uk"] {
        assert_eq!(is_disposable(&world, lasting), Some(false), "{lasting}");
    }
    assert_eq!(world.log.text(), "");
}
