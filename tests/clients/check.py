"""What tests/clients/python.test.mjs looks at: a line for each check."""

import asyncio
import base64
import hashlib
import hmac
import json
import sys
import time
import traceback
from typing import Any, Awaitable, Callable, Dict, List, Tuple, Type, cast

import pushguard
from pushguard import AsyncPushGuard, PushGuard, PushGuardError

with open(sys.argv[1]) as told:
    scene: Dict[str, Any] = json.load(told)
secret = str(scene["secret"])
wire = str(scene["wire_url"])
checks: List[Tuple[str, Callable[[], None]]] = []


def check(name: str) -> Callable[[Callable[[], None]], None]:
    return lambda function: checks.append((name, function))


def connect(base_url: str = str(scene["base_url"]), api_key: str = str(scene["api_key"]), retries: int = 2) -> PushGuard:
    return PushGuard(base_url=base_url, email=scene["email"], api_key=api_key, retries=retries)


def raises(kind: Type[Exception], function: Callable[[], Any]) -> Any:
    try:
        function()
    except kind as error:
        return error
    raise AssertionError(f"no {kind.__name__}")


shop = connect()


def order(shop: PushGuard, **more: Any) -> Any:
    return shop.pay.create(title="A book", currency="USD", value="10.00", gateway="Bitcoin", white_label=True, **more)


@check("sells a book: an order, its payment, its history")
def _() -> None:
    made = order(shop)
    assert made["status"] == 0
    shop.test.payments(order_id=made["id"], kind="exact")
    shop.test.blocks(order_id=made["id"], count=1)
    paid = shop.orders.retrieve(made["id"])
    assert (paid["status"], paid["value"]) == (100, "10.0")
    assert len(shop.orders.history(made["id"])) >= 2
    assert shop.orders.risk(made["id"])["outcome"] == "accepted"
    assert made["id"] in shop.orders.csv(status=100)


@check("makes, changes, lists and destroys things")
def _() -> None:
    made = shop.coupons.create(code="SPRING", discount_type="percent", discount="10")
    assert shop.coupons.update(made["id"], discount="20")["discount"] == "20.0"
    page = shop.coupons.list(per_page=10)
    assert (len(page), page.page, page.per_page, page.total_pages, page.total_count) == (1, 1, 10, 1, 1)
    shop.coupons.destroy(made["id"])
    assert shop.coupons.list() == []


@check("walks all pages of a list")
def _() -> None:
    for number in range(12):
        shop.blacklist.create(blacklist_type=1, blocked_data=f"buyer{number}@example.com")
    assert len({entry["blocked_data"] for entry in shop.blacklist.each(per_page=10)}) == 12


@check("uploads and downloads files, and adds serials")
def _() -> None:
    product = shop.products.create(title="Guide", description="x", price="1", currency="USD", product_type=1, gateways=["bitcoin"])
    shop.products.upload_file(product["id"], b"a guide", filename="guide.txt", content_type="text/plain")
    assert shop.products.download_file(product["id"]) == b"a guide"
    keys = shop.products.create(title="Key", description="x", price="1", currency="USD", product_type=2, gateways=["bitcoin"], info="A,B")
    assert shop.products.add_serials(keys["id"], "C\nD")["added"] == 2
    assert shop.products.retrieve(keys["id"])["stock"] == 4


@check("tells what is wrong")
def _() -> None:
    refused = raises(pushguard.ValidationError, lambda: shop.pay.create(title="x"))  # type: ignore[call-arg]
    assert refused.status == 400 and len(refused.errors) >= 3 and all(one in str(refused) for one in refused.errors)
    assert refused.request_id
    raises(pushguard.AuthenticationError, lambda: connect(api_key="wrong").account.retrieve())
    raises(pushguard.NotFoundError, lambda: shop.orders.retrieve("../account"))
    assert raises(pushguard.NoAnswerError, lambda: connect("http://127.0.0.1:9", retries=0).account.retrieve()).status == 0
    raises(ValueError, lambda: connect(api_key=""))


@check("does a POST once, whose answer was lost")
def _() -> None:
    before = shop.orders.list().total_count
    made = order(connect(wire + "/lose"))
    page = shop.orders.list()
    assert (page.total_count, page[0]["id"]) == (before + 1, made["id"])
    assert order(shop, idempotency_key="mine")["id"] == order(shop, idempotency_key="mine")["id"]
    assert shop.orders.list().total_count == before + 2


@check("destroys a thing whose first answer was lost")
def _() -> None:
    made = shop.coupons.create(code="GONE", discount_type="percent", discount="10")
    connect(wire + "/lose").coupons.destroy(made["id"])
    raises(pushguard.NotFoundError, lambda: shop.coupons.retrieve(made["id"]))


@check("waits as it is told, and not for an hour")
def _() -> None:
    assert connect(wire + "/busy").account.retrieve()["email"] == scene["email"]
    start = time.monotonic()
    connect(wire + "/limit").account.retrieve()
    assert time.monotonic() - start >= 0.99
    closed = raises(PushGuardError, lambda: connect(wire + "/closed").account.retrieve())
    assert (closed.status, closed.retry_after) == (503, 3600)


async def asynchronous() -> None:
    async with AsyncPushGuard(base_url=scene["base_url"], email=scene["email"], api_key=scene["api_key"]) as shop:
        made = await asyncio.gather(*(shop.pay.create(title="Tea", currency="EUR", value=3, gateway="Bitcoin", white_label=True) for _ in range(3)))
        assert len({cast(Any, one)["id"] for one in made}) == 3
        seen = [one async for one in shop.orders.each(gateway="bitcoin", per_page=10)]
        assert len(seen) == (await shop.orders.list()).total_count
        try:
            await shop.orders.retrieve("00000000-0000-4000-8000-000000000000")
        except pushguard.NotFoundError:
            pass
        else:
            raise AssertionError("it is there")
    async with AsyncPushGuard(base_url=wire + "/lose", email=scene["email"], api_key=scene["api_key"]) as lossy:
        await lossy.pay.create(title="Tea", currency="EUR", value=3, gateway="Bitcoin", white_label=True)


@check("does the same under asyncio")
def _() -> None:
    asyncio.run(asynchronous())


@check("believes a webhook that is ours, and no other")
def _() -> None:
    body, headers = base64.b64decode(scene["body"]), dict(scene["headers"])
    webhook = pushguard.verify_webhook(body, headers, secret)
    assert (webhook.event, webhook.simulated) == ("order:created", False)
    assert webhook.data["product_title"] == 'Tom & "Jerry" <3 a/b ü😀 1.10'
    assert webhook.sequence and webhook.sequence >= 1
    assert pushguard.verify_webhook(body, headers, ["whsec_b3RoZXI=", secret]).id == webhook.id
    wrong: List[Callable[[], Any]] = [
        lambda: pushguard.verify_webhook(body.replace(b"10", b"11"), headers, secret),
        lambda: pushguard.verify_webhook(body, headers, "whsec_b3RoZXI="),
        lambda: pushguard.verify_webhook(body, headers, ""),
        lambda: pushguard.verify_webhook(body, {**headers, "webhook-id": "other"}, secret),
        lambda: pushguard.verify_webhook(body, {name: value for name, value in headers.items() if name != "webhook-signature"}, secret),
        lambda: pushguard.verify_webhook(body, {**headers, "webhook-signature": "v1,%%% v2,x"}, secret),
        lambda: pushguard.verify_webhook(body, {**headers, "webhook-timestamp": "²"}, secret),
        lambda: pushguard.verify_webhook(body, headers, secret, now=webhook.timestamp + 301),
        lambda: pushguard.verify_webhook(body, headers, secret, now=webhook.timestamp - 301),
    ]
    for one in wrong:
        raises(pushguard.WebhookVerificationError, one)
    assert pushguard.verify_signature(body, headers["x-pushguard-signature"], secret)
    for bad in ("", None, "zz", "ü", "00" * 64):
        assert not pushguard.verify_signature(body, bad, secret)


@check("believes a buyer who comes back, and none who changed the status")
def _() -> None:
    signature = hmac.new(secret.encode(), b"an-order.100.1700000000", hashlib.sha512).hexdigest()
    url = "https://seller.example/thanks?status=5&order_id=an-order&status={}&timestamp=1700000000&signature=" + signature
    assert pushguard.verify_return(url.format(100), secret)
    assert not pushguard.verify_return(url.format(0), secret)


for name, function in checks:
    try:
        function()
        print(f"ok {name}")
    except Exception as error:  # noqa: BLE001
        print(f"not ok {name}: {error!r} {traceback.format_exc().splitlines()[-3].strip()}")
