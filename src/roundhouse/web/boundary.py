"""The boundary of a request: its size is bounded, its end is counted, and no exception leaves it.

Sits inside the door. Knows no route.
"""

import time

import structlog
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from roundhouse.model.errors import TooLarge
from roundhouse.web.errors import refusal, unexpected
from roundhouse.web.metrics import Meter

BODY_MAX = 13 * 1024 * 1024
"""Bytes of a request. A 4 MB prompt can be three times that in JSON, as every é may come as six characters."""

log = structlog.get_logger(__name__)


class Boundary:
    """Wraps the routes."""

    def __init__(self, app: ASGIApp, *, meter: Meter) -> None:
        self._app = app
        self._meter = meter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run one request to its end."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.monotonic()
        status = 0

        async def send_noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            if _announced(scope) > BODY_MAX:
                await refusal(_too_large())(scope, receive, send_noting)
            else:
                await self._app(scope, _bounded(receive), send_noting)
        except ClientDisconnect:
            log.debug("client_left", path=scope["path"])
        except Exception:
            log.exception("request_failed", method=scope["method"], path=scope["path"])
            if status:
                # Half an answer is out: only a cut connection tells the client so.
                raise
            await unexpected()(scope, receive, send_noting)
        finally:
            route = getattr(scope.get("route"), "path", "")
            self._meter.count(scope["method"], route, status, time.monotonic() - started)


def _announced(scope: Scope) -> int:
    length = Headers(scope=scope).get("content-length", "0")
    return int(length) if length.isascii() and length.isdecimal() else 0


def _bounded(receive: Receive) -> Receive:
    taken = 0

    async def receive_bounded() -> Message:
        nonlocal taken
        message = await receive()
        if message["type"] == "http.request":
            taken += len(message.get("body", b""))
            if taken > BODY_MAX:
                # The framework lets this one through; any other it would call malformed JSON.
                raise HTTPException(413)
        return message

    return receive_bounded


def _too_large() -> TooLarge:
    return TooLarge(f"The request is over {BODY_MAX // 2**20} MB.")
