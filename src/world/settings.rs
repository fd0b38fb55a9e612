//! The operator's settings: Worker vars and secrets. README, "Configuration", lists them for people.

use base64::{Engine, engine::general_purpose::STANDARD};

/// A setting that is absent or unusable. The text names it and says what it should be; it is shown to whoever sends
/// the first request, since a deployment without it must not run on a silent default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing(pub String);

#[derive(Debug, Clone)]
pub struct Settings {
    /// Bearer token of `POST /admin/accounts`.
    pub admin_token: String,
    /// Sign payment links.
    pub token_keys: Keys,
    /// Encrypt what sellers entrust: wallets, webhook secrets.
    pub vault_keys: Keys,
    /// Origin of the links that are handed out; absent, the origin of the request that asked.
    pub public_url: Option<String>,
    /// In page titles and in webhook header names (`X-<brand>-Signature`).
    pub brand: String,
    /// Development: webhooks and return URLs may be plain http and on loopback.
    pub allow_insecure_urls: bool,
    pub bitcoin_network: Network,
    pub bitcoin_esplora_urls: Vec<String>,
    pub rates_coinbase_url: String,
    pub rates_coingecko_url: String,
    pub rates_ecb_url: String,
    /// Seconds between two looks at the chain while a buyer is expected to pay.
    pub watch_seconds: u32,
    /// Requests a minute. The platform's bindings decide; `scripts/` gives them the same numbers.
    pub rate_limit_account: u32,
    pub rate_limit_anonymous: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    Mainnet,
    Testnet,
    Regtest,
}

impl Settings {
    /// Reads them all through `get`, which answers `None` for what isn't set.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Result<Settings, Missing> {
        let get = |name: &str| get(name).map(|s| s.trim().to_owned()).filter(|s| !s.is_empty());
        let need = |name: &str, what: &str| get(name).ok_or_else(|| Missing(format!("{name} is not set: {what}")));
        let url = |name: &str, default: &str| {
            let url = get(name).unwrap_or_else(|| default.to_owned());
            base_url(name, &url)
        };
        let bitcoin_network = match get("BITCOIN_NETWORK").as_deref().unwrap_or("mainnet") {
            "mainnet" => Network::Mainnet,
            "testnet" => Network::Testnet,
            "regtest" => Network::Regtest,
            _ => {
                return Err(Missing("BITCOIN_NETWORK must be mainnet, testnet or regtest".into()));
            }
        };
        let public = match bitcoin_network {
            Network::Mainnet => "https://blockstream.info/api,https://mempool.space/api",
            Network::Testnet => "https://blockstream.info/testnet/api,https://mempool.space/testnet/api",
            // Nobody runs a public regtest. Shops without a real wallet don't miss it, so it may stay empty.
            Network::Regtest => "",
        };
        let bitcoin_esplora_urls = get("BITCOIN_ESPLORA_URLS")
            .as_deref()
            .unwrap_or(public)
            .split(',')
            .map(str::trim)
            .filter(|url| !url.is_empty())
            .map(|url| base_url("BITCOIN_ESPLORA_URLS", url))
            .collect::<Result<_, _>>()?;
        let per_minute = |name: &str, default: u32| match get(name) {
            None => Ok(default),
            Some(text) => text
                .parse()
                .ok()
                .filter(|n| *n >= 1)
                .ok_or_else(|| Missing(format!("{name} must be a number of requests a minute, 1 or more"))),
        };
        let brand = get("BRAND").unwrap_or_else(|| "PushGuard".into());
        if brand.len() > 32 || !brand.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
            return Err(Missing(
                "BRAND must be up to 32 letters, digits and hyphens: it stands in header names".into(),
            ));
        }
        let allow_insecure_urls = matches!(get("ALLOW_INSECURE_URLS").as_deref(), Some("1" | "true"));
        let admin_token = need("ADMIN_TOKEN", "a long random secret that makes accounts")?;
        if admin_token.len() < 24 && !allow_insecure_urls {
            return Err(Missing("ADMIN_TOKEN is too short: it needs 24 characters or more".into()));
        }
        Ok(Settings {
            admin_token,
            token_keys: Keys::parse("TOKEN_KEYS", &need("TOKEN_KEYS", KEYS)?)?,
            vault_keys: Keys::parse("VAULT_KEY", &need("VAULT_KEY", KEYS)?)?,
            public_url: get("PUBLIC_URL").map(|url| base_url("PUBLIC_URL", &url)).transpose()?,
            brand,
            allow_insecure_urls,
            bitcoin_network,
            bitcoin_esplora_urls,
            rates_coinbase_url: url("RATES_COINBASE_URL", "https://api.coinbase.com")?,
            rates_coingecko_url: url("RATES_COINGECKO_URL", "https://api.coingecko.com")?,
            rates_ecb_url: url("RATES_ECB_URL", "https://www.ecb.europa.eu")?,
            watch_seconds: match get("WATCH_SECONDS") {
                None => 15,
                Some(text) => text
                    .parse()
                    .ok()
                    .filter(|n| (1..=300).contains(n))
                    .ok_or_else(|| Missing("WATCH_SECONDS must be a number from 1 to 300".into()))?,
            },
            rate_limit_account: per_minute("RATE_LIMIT_ACCOUNT", 300)?,
            rate_limit_anonymous: per_minute("RATE_LIMIT_ANONYMOUS", 60)?,
        })
    }
}

const KEYS: &str = "give it as id:base64, 32 random bytes or more (openssl rand -base64 32)";

fn base_url(name: &str, url: &str) -> Result<String, Missing> {
    if url.starts_with("https://") || url.starts_with("http://") {
        Ok(url.trim_end_matches('/').to_owned())
    } else {
        Err(Missing(format!("{name} must start with https:// or http://")))
    }
}

/// Named keys, `id:base64,…`. The first is used for what is new; the others are still understood, so that a key can be
/// replaced without a minute in which links or secrets don't work.
#[derive(Clone)]
pub struct Keys(Vec<(String, Vec<u8>)>);

/// Never prints the keys.
impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(id, _)| id)).finish()
    }
}

impl Keys {
    pub fn parse(name: &str, text: &str) -> Result<Keys, Missing> {
        let mut keys: Vec<(String, Vec<u8>)> = Vec::new();
        for part in text.split(',') {
            let key = part.trim().split_once(':').and_then(|(id, key)| {
                let plain = id.bytes().all(|b| b.is_ascii_alphanumeric());
                let key = STANDARD.decode(key).ok()?;
                (plain && (1..=16).contains(&id.len()) && key.len() >= 32).then(|| (id.to_owned(), key))
            });
            match key {
                Some((id, _)) if keys.iter().any(|(known, _)| *known == id) => {
                    return Err(Missing(format!("{name} names the key {id} twice")));
                }
                Some(key) => keys.push(key),
                None => return Err(Missing(format!("{name} is not usable: {KEYS}"))),
            }
        }
        Ok(Keys(keys))
    }

    /// The key for what is made now, and its id.
    pub fn first(&self) -> (&str, &[u8]) {
        // `parse` never yields an empty list: splitting a text gives at least one part.
        self.0.first().map_or(("", &[]), |(id, key)| (id, key))
    }

    pub fn named(&self, id: &str) -> Option<&[u8]> {
        self.0.iter().find(|(known, _)| known == id).map(|(_, key)| key.as_slice())
    }
}
