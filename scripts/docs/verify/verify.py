import hashlib
import hmac


# body: the bytes as they came. signature: the header. secret: whsec_…, all of it.
def is_ours(body: bytes, signature: str, secret: str) -> bool:
    made = hmac.new(secret.encode(), body, hashlib.sha512).hexdigest()
    return hmac.compare_digest(made.encode(), (signature or "").encode())
