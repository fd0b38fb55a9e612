"""What a receiver of webhooks needs: is it ours, and what does it say?"""

import base64
import binascii
import hashlib
import hmac
import json
import re
import time
from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Optional, Union
from urllib.parse import parse_qs, urlsplit


class WebhookVerificationError(Exception):
    """It isn't ours, or too old: answer with 400."""


@dataclass(frozen=True)
class WebhookEvent:
    #: Such as ``order:paid``.
    event: str
    #: The same for each try of one webhook: tells a repetition.
    id: str
    #: When this try was signed, in seconds since 1970.
    timestamp: int
    #: Grows within one order, query or feedback.
    sequence: Optional[int]
    #: A sample: deliver nothing for it.
    simulated: bool
    #: The body.
    data: Dict[str, Any]


def verify_webhook(
    body: Union[bytes, str],
    headers: Mapping[str, str],
    secret: Union[str, List[str]],
    *,
    tolerance: int = 300,
    now: Optional[float] = None,
) -> WebhookEvent:
    """Whether a webhook is ours, and what it says.

    ``body`` must be the bytes as they came, before any parser. ``secret`` is the webhook secret, ``whsec_``
    included; give both while one replaces the other.
    """
    raw = body.encode() if isinstance(body, str) else bytes(body)
    given = {name.lower(): value for name, value in headers.items()}
    try:
        ident, stamp, signatures = (given[f"webhook-{name}"] for name in ("id", "timestamp", "signature"))
    except KeyError as error:
        raise WebhookVerificationError(f"The header {error} is missing") from None
    clock = time.time() if now is None else now
    if not re.fullmatch(r"[0-9]{1,15}", stamp) or abs(clock - int(stamp)) > tolerance:
        raise WebhookVerificationError("It was signed too long ago, or the clocks differ")
    signed = f"{ident}.{stamp}.".encode() + raw
    secrets = [secret] if isinstance(secret, str) else secret
    made = [hmac.new(key, signed, hashlib.sha256).digest() for key in map(_standard_key, secrets) if key]
    sent = [_decoded(one[3:]) for one in signatures.split(" ") if one.startswith("v1,")]
    # All are compared, so that the time tells nothing.
    if not any([hmac.compare_digest(one, other) for one in made for other in sent]):
        raise WebhookVerificationError("No signature is right")
    event = _branded(given, "event")
    if not event:
        raise WebhookVerificationError("The header that names the event is missing")
    sequence = _branded(given, "sequence")
    return WebhookEvent(
        event=event,
        id=ident,
        timestamp=int(stamp),
        sequence=int(sequence) if sequence else None,
        simulated=_branded(given, "simulated") == "true",
        data=json.loads(raw),
    )


def verify_signature(body: Union[bytes, str], signature: Optional[str], secret: str) -> bool:
    """Whether ``X-PushGuard-Signature`` is right. It says nothing of when: ``verify_webhook`` does."""
    raw = body.encode() if isinstance(body, str) else body
    return _is_hmac512(raw, signature, secret)


def verify_return(url: str, secret: str) -> bool:
    """Whether a buyer who comes back to your ``return_url`` was sent by us. Deliver on the webhook, not on this."""
    query = parse_qs(urlsplit(url).query)
    order, status, stamp, signature = (query.get(name, [""])[-1] for name in ("order_id", "status", "timestamp", "signature"))
    return _is_hmac512(f"{order}.{status}.{stamp}".encode(), signature, secret)


def _is_hmac512(signed: bytes, signature: Optional[str], secret: str) -> bool:
    if not secret:
        return False
    made = hmac.new(secret.encode(), signed, hashlib.sha512).hexdigest()
    return hmac.compare_digest(made.encode(), (signature or "").encode())


def _standard_key(secret: str) -> bytes:
    """Standard Webhooks: the key is what stands in base64 behind ``whsec_``."""
    return _decoded(secret[len("whsec_") :] if secret.startswith("whsec_") else secret)


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _branded(headers: Mapping[str, str], name: str) -> Optional[str]:
    # The operator may have given the headers another brand.
    return next((value for key, value in headers.items() if re.fullmatch(rf"x-.+-{name}", key)), None)
