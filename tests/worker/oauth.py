"""requests-oauthlib and Authlib against the running module; oauth.test.mjs says where that is. Prints how many flows went well."""

import json
import os
import re
from urllib.parse import parse_qs, urlsplit

# The shop of a test is on loopback, over plain HTTP.
os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"

import requests
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session as AuthlibSession
from oauthlib.oauth2 import InvalidGrantError
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session

SHOP = os.environ["SHOP"]
SELLER, SERVER, PUBLIC = (json.loads(os.environ[name]) for name in ("SELLER", "SERVER", "PUBLIC"))
CALLBACK = "https://app.example/callback"
SCOPES = ["order_read", "product_read"]
AUTHORIZE, TOKEN, REVOKE, INTROSPECT = (f"{SHOP}/oauth/{name}" for name in ("authorize", "token", "revoke", "introspect"))


def allow(url):
    """The seller signs in and allows it. Where the browser is sent."""

    def post(fields):
        return requests.post(url, data=fields, headers={"Origin": SHOP}, allow_redirects=False, timeout=20)

    asked = post(SELLER)
    assert asked.status_code == 200, asked.text
    allowed = post({"step": re.search(r'name="step" value="([^"]+)"', asked.text).group(1)})
    assert allowed.status_code == 303, allowed.text
    return allowed.headers["location"]


def with_requests_oauthlib(app, **how):
    session = OAuth2Session(app["client_id"], redirect_uri=CALLBACK, scope=SCOPES, pkce="S256")
    url, state = session.authorization_url(AUTHORIZE)
    location = allow(url)
    assert parse_qs(urlsplit(location).query)["state"] == [state]
    first = session.fetch_token(TOKEN, authorization_response=location, **how)
    assert first["expires_in"] == 3600 and set(first["scope"]) == set(SCOPES), first
    secret = app.get("client_secret")
    if "auth" in how or how.get("include_client_id") is False:
        again = {"auth": HTTPBasicAuth(app["client_id"], secret)}
    else:
        again = {"client_id": app["client_id"], **({"client_secret": secret} if secret else {})}
    second = session.refresh_token(TOKEN, refresh_token=first["refresh_token"], **again)
    assert second["refresh_token"] != first["refresh_token"]
    fields = {"token": second["refresh_token"], "client_id": app["client_id"], "client_secret": secret or ""}
    assert requests.post(REVOKE, data=fields, timeout=20).status_code == 200
    try:
        session.refresh_token(TOKEN, refresh_token=second["refresh_token"], **again)
    except InvalidGrantError:
        return
    raise AssertionError("a revoked token was refreshed")


def with_authlib(app, method):
    verifier = generate_token(48)
    session = AuthlibSession(
        app["client_id"],
        app.get("client_secret"),
        scope=" ".join(SCOPES),
        redirect_uri=CALLBACK,
        token_endpoint_auth_method=method,
        revocation_endpoint_auth_method=method,
        code_challenge_method="S256",
    )
    url, state = session.create_authorization_url(AUTHORIZE, code_verifier=verifier)
    location = allow(url)
    first = session.fetch_token(TOKEN, authorization_response=location, code_verifier=verifier, state=state)
    assert first["token_type"] == "Bearer" and first["expires_in"] == 3600, first
    second = session.refresh_token(TOKEN, refresh_token=first["refresh_token"])
    assert second["refresh_token"] != first["refresh_token"]
    if method != "none":
        told = session.introspect_token(INTROSPECT, token=second["access_token"], token_type_hint="access_token").json()
        assert told["active"] and told["client_id"] == app["client_id"], told
    assert session.revoke_token(REVOKE, token=second["refresh_token"], token_type_hint="refresh_token").status_code == 200
    try:
        session.refresh_token(TOKEN, refresh_token=second["refresh_token"])
    except Exception as error:  # each version has another class for it
        assert "invalid_grant" in str(error), error
        return
    raise AssertionError("a revoked token was refreshed")


FLOWS = [
    lambda: with_requests_oauthlib(SERVER, client_secret=SERVER["client_secret"]),
    lambda: with_requests_oauthlib(SERVER, client_secret=SERVER["client_secret"], include_client_id=True),
    lambda: with_requests_oauthlib(PUBLIC, include_client_id=True),
    lambda: with_authlib(SERVER, "client_secret_basic"),
    lambda: with_authlib(SERVER, "client_secret_post"),
    lambda: with_authlib(PUBLIC, "none"),
]

for flow in FLOWS:
    flow()
print(f"{len(FLOWS)} flows")
