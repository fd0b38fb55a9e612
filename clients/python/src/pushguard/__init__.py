"""The PushGuard API: ``PushGuard`` for programs that wait, ``AsyncPushGuard`` for asyncio."""

from types import TracebackType
from typing import Callable, Optional, Type

import httpx

from ._core import (
    AsyncTransport,
    AuthenticationError,
    NoAnswerError,
    NotFoundError,
    Page,
    PushGuardError,
    RateLimitError,
    Transport,
    ValidationError,
)
from ._generated import AsyncResources, Resources
from .webhooks import WebhookEvent, WebhookVerificationError, verify_return, verify_signature, verify_webhook

__all__ = [
    "AsyncPushGuard",
    "AuthenticationError",
    "NoAnswerError",
    "NotFoundError",
    "Page",
    "PushGuard",
    "PushGuardError",
    "RateLimitError",
    "ValidationError",
    "WebhookEvent",
    "WebhookVerificationError",
    "verify_return",
    "verify_signature",
    "verify_webhook",
]


class PushGuard(Resources):
    """The API of one account of a deployment."""

    def __init__(self, *, email: str, api_key: str, base_url: str, retries: int = 2, timeout: float = 30.0, client: Optional[Callable[..., httpx.Client]] = None) -> None:
        self._transport = Transport(email, api_key, base_url, retries=retries, timeout=timeout, client=client)
        super().__init__(self._transport)

    def close(self) -> None:
        self._transport.client.close()

    def __enter__(self) -> "PushGuard":
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]) -> None:
        self.close()


class AsyncPushGuard(AsyncResources):
    """The same for asyncio."""

    def __init__(self, *, email: str, api_key: str, base_url: str, retries: int = 2, timeout: float = 30.0, client: Optional[Callable[..., httpx.AsyncClient]] = None) -> None:
        self._transport = AsyncTransport(email, api_key, base_url, retries=retries, timeout=timeout, client=client)
        super().__init__(self._transport)

    async def close(self) -> None:
        await self._transport.client.aclose()

    async def __aenter__(self) -> "AsyncPushGuard":
        return self

    async def __aexit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]) -> None:
        await self.close()
