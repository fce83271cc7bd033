"""Requests to a running server, and its errors as ours. Knows the wire, no command and no rendering."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self

import anyio.to_thread
import httpx2
import msgspec

from roundhouse.client.discover import Address
from roundhouse.model.errors import (
    Conflict,
    Forbidden,
    InvalidInput,
    NotFound,
    RoundhouseError,
    TooLarge,
    Unauthorized,
    Unavailable,
)

TIMEOUT = 60.0
"""Seconds for one answer. The slowest reads a big session's changes on a busy node."""

CONNECT_TIMEOUT = 5.0
PAGE = 200

_OURS = {"code", "message", "field", "remedy"}
"""What every error has; the rest of one are its details."""

_CLASSES: dict[int, type[RoundhouseError]] = {
    400: InvalidInput,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    413: TooLarge,
    422: InvalidInput,
    429: Unavailable,
    502: Unavailable,
    503: Unavailable,
    504: Unavailable,
}


class Client:
    """One server. Made by `Client.open`."""

    def __init__(self, address: Address, http: httpx2.AsyncClient) -> None:
        self.address = address
        self._http = http

    @classmethod
    @asynccontextmanager
    async def open(cls, address: Address) -> AsyncIterator[Self]:
        """A client for the time of the context; connects when first asked."""
        # In a thread: the first one imports the transport, and with TLS reads the machine's certificates.
        async with await anyio.to_thread.run_sync(_make, address) as http:
            yield cls(address, http)

    async def call(self, method: str, path: str, /, *, body: Any = None, **query: Any) -> Any:
        """One request's decoded answer, None when there is none. A `query` value of None is left out.

        Raises the model's error for what the server refused, Unavailable when it cannot be reached.
        """
        parameters = {name: sendable(value) for name, value in query.items() if value is not None}
        content = None if body is None else msgspec.json.encode(sendable(body))
        try:
            answer = await self._http.request(
                method,
                sendable(path),
                params=parameters,
                content=content,
                headers={"Content-Type": "application/json"} if content is not None else None,
            )
        except httpx2.TimeoutException as error:
            raise Unavailable(
                f"The server at {self.address.url} did not answer in time.", code="timeout"
            ) from error
        except (httpx2.InvalidURL, httpx2.UnsupportedProtocol) as error:
            raise InvalidInput(f"{self.address.url} is not a server's address: {error}") from error
        except httpx2.TransportError as error:
            raise Unavailable(
                f"The server at {self.address.url} cannot be reached.",
                code="unreachable",
                remedy="Look whether `roundhouse up` is running.",
            ) from error
        return read_answer(answer.status_code, answer.content)

    async def get(self, path: str, /, **query: Any) -> Any:
        """GET; see `call`."""
        return await self.call("GET", path, **query)

    async def post(self, path: str, body: Any = None) -> Any:
        """POST; see `call`."""
        return await self.call("POST", path, body={} if body is None else body)

    async def items(
        self, path: str, /, *, limit: int | None = None, **query: Any
    ) -> AsyncIterator[dict[str, Any]]:
        """A list's items over all its pages, at most `limit`."""
        cursor: str | None = None
        left = limit
        while left is None or left > 0:
            page = await self.get(
                path, limit=PAGE if left is None else min(left, PAGE), cursor=cursor, **query
            )
            for item in page["items"]:
                yield item
            cursor = page.get("next_cursor")
            if cursor is None:
                return
            if left is not None:
                left -= len(page["items"])


def _make(address: Address) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(
        base_url=address.url,
        headers={"Authorization": f"Bearer {address.token}"},
        timeout=httpx2.Timeout(TIMEOUT, connect=CONNECT_TIMEOUT),
        trust_env=False,
        verify=address.url.startswith("https:"),
    )


def sendable(value: Any) -> Any:
    """The value with every byte of a text that is no UTF-8 written as `\\xhh`, as the server names files."""
    match value:
        case str():
            return value.encode(errors="surrogateescape").decode(errors="backslashreplace")
        case list():
            return [sendable(item) for item in value]
        case dict():
            return {name: sendable(item) for name, item in value.items()}
        case _:
            return value


def read_answer(status: int, content: bytes) -> Any:
    """The decoded body of a good answer. Raises the model's error for a bad one."""
    try:
        value = msgspec.json.decode(content) if content else None
    except msgspec.DecodeError:
        value = None
    if status < 400:  # noqa: PLR2004 - HTTP's own line
        return value
    error = value.get("error") if isinstance(value, dict) else None
    if not isinstance(error, dict):
        error = {"message": f"The server answered with status {status}."}
    raise _CLASSES.get(status, RoundhouseError)(
        error.get("message"),
        code=error.get("code"),
        field=error.get("field"),
        remedy=error.get("remedy"),
        details={name: value for name, value in error.items() if name not in _OURS} or None,
    )
