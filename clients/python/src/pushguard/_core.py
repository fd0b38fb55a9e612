"""Requests, their retries and their errors."""

import asyncio
import random
import time
import uuid
from typing import (
    Any,
    AsyncIterator,
    Awaitable,
    Callable,
    Dict,
    Generic,
    Iterator,
    List,
    Mapping,
    Optional,
    TypeVar,
    Union,
)
from urllib.parse import quote

import httpx

T = TypeVar("T")

#: What is uploaded.
Upload = Union[bytes, str]

#: Statuses after which the same request may work.
MAY_PASS = frozenset({429, 502, 503, 504})
#: Seconds: no wait before another try is longer, whatever Retry-After says. Beyond it the caller decides.
LONGEST_WAIT = 20.0


class PushGuardError(Exception):
    """Any answer that isn't a success; ``status`` 0 means that none came."""

    def __init__(self, message: str, status: int = 0, body: Optional[Dict[str, Any]] = None, headers: Optional[Mapping[str, str]] = None) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        #: The answer's body, where it was JSON.
        self.body = body or {}
        #: The sentences of a validation that failed.
        self.errors: List[str] = [str(one) for one in self.body.get("errors", [])]
        given = headers or {}
        #: Send it along when you ask the operator.
        self.request_id = given.get("x-request-id")
        after = given.get("retry-after", "")
        #: Seconds after which it may work.
        self.retry_after: Optional[int] = int(after) if after.isdigit() else None


class ValidationError(PushGuardError):
    """400: ``errors`` says what is wrong with which field."""


class AuthenticationError(PushGuardError):
    """401: the e-mail or the API key is wrong."""


class NotFoundError(PushGuardError):
    """404: no such object in this account."""


class RateLimitError(PushGuardError):
    """429: ``retry_after`` says when."""


class NoAnswerError(PushGuardError):
    """The request may have been done, or not. Repeat it with the same ``idempotency_key``."""


_KINDS = {400: ValidationError, 401: AuthenticationError, 404: NotFoundError, 429: RateLimitError}


class Page(List[T], Generic[T]):
    """A page of a list, with where it stands."""

    page: int
    per_page: int
    total_pages: int
    total_count: int


class _Call:
    """One request, whichever way it is sent."""

    def __init__(
        self,
        method: str,
        path: str,
        answer: Optional[str],
        query: Optional[Mapping[str, Any]] = None,
        json: Any = None,
        content: Optional[Upload] = None,
        content_type: Optional[str] = None,
        keyed: bool = False,
        idempotency_key: Optional[str] = None,
    ) -> None:
        self.method = method
        self.path = path
        self.answer = answer
        self.keyed = keyed
        headers = {}
        if content is not None and content_type:
            headers["content-type"] = content_type
        if keyed:
            headers["idempotency-key"] = idempotency_key or str(uuid.uuid4())
        self.request: Dict[str, Any] = {
            "method": method,
            "url": path,
            "params": {name: value for name, value in (query or {}).items() if value is not None},
            "headers": headers,
        }
        if content is not None:
            self.request["content"] = content
        elif json is not None:
            self.request["json"] = json

    def tries(self, retries: int) -> int:
        # A POST without a key might be done twice.
        return 1 if self.method == "POST" and not self.keyed else 1 + retries

    def read(self, response: httpx.Response, tried: int) -> Any:
        """The answer, or its error."""
        if response.is_success:
            if self.answer == "json":
                return response.json()
            if self.answer == "list":
                return _page(response)
            if self.answer == "text":
                return response.text
            return response.content if self.answer == "bytes" else None
        # Destroyed by an earlier try, whose answer was lost.
        if self.method == "DELETE" and response.status_code == 404 and tried > 1:
            return None
        raise _error(response)

    def no_answer(self, error: Exception) -> NoAnswerError:
        return NoAnswerError(f"No answer to {self.method} {self.path}: {error}")


def _page(response: httpx.Response) -> Page[Any]:
    page: Page[Any] = Page(response.json())

    def number(name: str) -> int:
        return int(response.headers.get(name, "0"))

    page.page, page.per_page = number("x-current-page"), number("x-items-per-page")
    page.total_pages, page.total_count = number("x-total-pages"), number("x-total-count")
    return page


def _error(response: httpx.Response) -> PushGuardError:
    try:
        body = response.json()
    except ValueError:
        body = {}
    if not isinstance(body, dict):
        body = {}
    message = str(body.get("message") or f"The answer was {response.status_code}")
    if body.get("errors"):
        message += ": " + ". ".join(str(one) for one in body["errors"])
    return _KINDS.get(response.status_code, PushGuardError)(message, response.status_code, body, response.headers)


def _may_pass(error: PushGuardError) -> bool:
    return error.status in MAY_PASS and (error.retry_after or 0) <= LONGEST_WAIT


def _pause(tried: int, retry_after: Optional[int] = None) -> float:
    if retry_after is not None:
        return float(retry_after)
    return float(0.5 * 2 ** (tried - 1) * random.uniform(0.5, 1))


def _settings(email: str, api_key: str, base_url: str, timeout: float) -> Dict[str, Any]:
    for name, value in {"email": email, "api_key": api_key, "base_url": base_url}.items():
        if not value:
            raise ValueError(f"{name} is missing")
    origin = base_url.rstrip("/")
    if origin.endswith("/api/v2"):
        origin = origin[: -len("/api/v2")]
    return {
        "base_url": origin + "/api/v2",
        "auth": httpx.BasicAuth(email, api_key),
        "timeout": timeout,
        "follow_redirects": False,
        "headers": {"accept": "application/json, */*;q=0.5"},
    }


class Transport:
    def __init__(self, email: str, api_key: str, base_url: str, *, retries: int, timeout: float, client: Optional[Callable[..., httpx.Client]] = None) -> None:
        self.client = (client or httpx.Client)(**_settings(email, api_key, base_url, timeout))
        self.retries = retries

    def call(self, call: _Call) -> Any:
        tries = call.tries(self.retries)
        for tried in range(1, tries + 1):
            try:
                return call.read(self.client.request(**call.request), tried)
            except httpx.TransportError as error:
                if tried == tries:
                    raise call.no_answer(error) from error
                time.sleep(_pause(tried))
            except PushGuardError as error:
                if tried == tries or not _may_pass(error):
                    raise
                time.sleep(_pause(tried, error.retry_after))
        raise AssertionError("each try answers or raises")


class AsyncTransport:
    def __init__(self, email: str, api_key: str, base_url: str, *, retries: int, timeout: float, client: Optional[Callable[..., httpx.AsyncClient]] = None) -> None:
        self.client = (client or httpx.AsyncClient)(**_settings(email, api_key, base_url, timeout))
        self.retries = retries

    async def call(self, call: _Call) -> Any:
        tries = call.tries(self.retries)
        for tried in range(1, tries + 1):
            try:
                return call.read(await self.client.request(**call.request), tried)
            except httpx.TransportError as error:
                if tried == tries:
                    raise call.no_answer(error) from error
                await asyncio.sleep(_pause(tried))
            except PushGuardError as error:
                if tried == tries or not _may_pass(error):
                    raise
                await asyncio.sleep(_pause(tried, error.retry_after))
        raise AssertionError("each try answers or raises")


class Resource:
    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    @staticmethod
    def _id(value: Union[str, int]) -> str:
        return quote(str(value), safe="")

    def _call(self, method: str, path: str, *, answer: Optional[str], **more: Any) -> Any:
        return self._transport.call(_Call(method, path, answer, **more))


class AsyncResource:
    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    @staticmethod
    def _id(value: Union[str, int]) -> str:
        return quote(str(value), safe="")

    async def _call(self, method: str, path: str, *, answer: Optional[str], **more: Any) -> Any:
        return await self._transport.call(_Call(method, path, answer, **more))


def each(page_of: Callable[[int], Page[T]]) -> Iterator[T]:
    number = 1
    while True:
        page = page_of(number)
        yield from page
        if not page or number >= page.total_pages:
            return
        number += 1


async def each_async(page_of: Callable[[int], Awaitable[Page[T]]]) -> AsyncIterator[T]:
    number = 1
    while True:
        page = await page_of(number)
        for item in page:
            yield item
        if not page or number >= page.total_pages:
            return
        number += 1
