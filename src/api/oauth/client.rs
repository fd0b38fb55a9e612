//! Who a client says it is: by HTTP Basic, in the body, or by its name alone (RFC 6749, 2.3.1).

use super::{Parameters, Refused};
use crate::{api::access, http::Request, shop::oauth::application::Claim};

/// One way, never two. With Basic the name may stand in the body as well, as some libraries send it, if it is the same.
pub fn read(request: &Request, sent: &Parameters) -> Result<Claim, Refused> {
    let (id, secret) = (sent.get("client_id"), sent.get("client_secret"));
    if request.header("authorization").is_none() {
        let id = id.ok_or_else(Refused::unknown_client)?;
        return Ok(Claim { id: id.to_owned(), secret: secret.map(str::to_owned) });
    }
    let (name, password) = access::basic(request).ok_or_else(Refused::unknown_client)?;
    if secret.is_some() {
        return Err(Refused::invalid("The client's secret came twice: send it with Basic or in the body"));
    }
    // The RFC has both parts form-encoded, and many clients send them as they are. Neither of ours has a plus or a per cent sign, so
    // that both are read alike.
    let (name, password) = (decoded(&name), decoded(&password));
    if id.is_some_and(|id| id != name) {
        return Err(Refused::invalid("client_id is another than that of Basic"));
    }
    Ok(Claim { id: name, secret: Some(password).filter(|password| !password.is_empty()) })
}

fn decoded(text: &str) -> String {
    let spaced = text.replace('+', " ");
    percent_encoding::percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
}
