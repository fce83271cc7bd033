"""The WebSocket: what a client says, what it hears, and one connection's life.

Owns the frames of `roundhouse.v1`. Events come from the broker, lines of the list from the summaries; a client
that does not read slows down nobody but itself.
"""

from typing import Literal, TypeAlias

import anyio
import msgspec
import structlog
from anyio.abc import TaskGroup
from msgspec import Struct
from starlette.websockets import WebSocket, WebSocketDisconnect

from roundhouse.model.errors import Conflict, InvalidInput, RoundhouseError, TooLarge
from roundhouse.service.services import Services
from roundhouse.service.text import clean
from roundhouse.web.metrics import Meter

PROTOCOL = "roundhouse.v1"
MESSAGE_MAX = 64 * 1024
"""Bytes of a client's message; every one that makes sense is far below."""

SUBSCRIPTIONS_MAX = 500
"""Sessions one connection may follow at once."""


class _Op(Struct, frozen=True, tag_field="op", omit_defaults=True):
    pass


class Subscribe(_Op, frozen=True, tag="subscribe"):
    """Follow a session from after an event on; replaces an earlier one to the same session."""

    session_id: str
    after: int = 0


class Unsubscribe(_Op, frozen=True, tag="unsubscribe"):
    """Follow a session no longer."""

    session_id: str


class Ping(_Op, frozen=True, tag="ping"):
    """Ask for a pong."""


class CaughtUp(_Op, frozen=True, tag="caught_up"):
    """Everything stored up to `seq` was sent; what follows is live. Once per subscribe."""

    session_id: str
    seq: int


class Pong(_Op, frozen=True, tag="pong"):
    """The answer to a ping."""


class Refused(_Op, frozen=True, tag="error"):
    """A message was not understood or not allowed. The connection stays."""

    code: str
    message: str
    session_id: str | None = None
    field: str | None = None
    remedy: str | None = None


ClientMessage: TypeAlias = Subscribe | Unsubscribe | Ping
_decoder: msgspec.json.Decoder[ClientMessage] = msgspec.json.Decoder(ClientMessage)
_encode = msgspec.json.Encoder().encode
log = structlog.get_logger(__name__)


class Connection:
    """One WebSocket from accept to close."""

    def __init__(self, socket: WebSocket, services: Services) -> None:
        self._socket = socket
        self._services = services
        self._tasks: TaskGroup | None = None
        self._following: dict[str, anyio.CancelScope] = {}
        self._sending = anyio.Lock(fast_acquire=True)

    async def run(self) -> None:
        """Serve the connection until the client leaves."""
        offered = self._socket.scope.get("subprotocols", [])
        await self._socket.accept(subprotocol=PROTOCOL if PROTOCOL in offered else None)
        async with anyio.create_task_group() as self._tasks:
            self._tasks.start_soon(self._tell_summaries)
            await self._listen()
            self._tasks.cancel_scope.cancel()

    async def _listen(self) -> None:
        while True:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            try:
                await self._handle(message.get("text"))
            except RoundhouseError as error:
                await self._refuse(error)
            except Exception:
                # One bad message must not end the connection.
                log.exception("message_failed")
                await self._refuse(RoundhouseError())

    async def _handle(self, text: str | None) -> None:
        match _decode(text):
            case Ping():
                await self._send(_encode(Pong()))
            case Unsubscribe(session_id=session_id):
                scope = self._following.pop(session_id, None)
                if scope is None:
                    raise Conflict("This session is not being followed.", code="not_subscribed")
                scope.cancel()
            case Subscribe(session_id=session_id, after=after):
                try:
                    await self._subscribe(session_id, after)
                except RoundhouseError as error:
                    await self._refuse(error, session_id)

    async def _subscribe(self, session_id: str, after: int) -> None:
        clean(session_id, "session_id")
        if len(self._following) >= SUBSCRIPTIONS_MAX and session_id not in self._following:
            raise Conflict(
                f"A connection follows at most {SUBSCRIPTIONS_MAX} sessions.",
                code="too_many_subscriptions",
            )
        await self._services.broker.check(session_id, after)
        earlier = self._following.pop(session_id, None)
        if earlier is not None:
            earlier.cancel()
        scope = self._following[session_id] = anyio.CancelScope()
        if self._tasks is not None:
            self._tasks.start_soon(self._follow, session_id, after, scope)

    async def _follow(self, session_id: str, after: int, scope: anyio.CancelScope) -> None:
        with scope, self._services.broker.subscribe(session_id, after) as subscription:
            while (batch := await subscription.next()) is not None:
                for frame in batch.frames:
                    await self._send(frame.wire, scope)
                if batch.caught_up:
                    await self._send(_encode(CaughtUp(session_id, subscription.seq)), scope)
        if self._following.get(session_id) is scope:
            del self._following[session_id]

    async def _tell_summaries(self) -> None:
        with self._services.summaries.listen() as listener:
            while True:
                for frame in await listener.next():
                    await self._send(frame)

    async def _refuse(self, error: RoundhouseError, session_id: str | None = None) -> None:
        shown = Refused(error.code, error.message, session_id, error.field, error.remedy)
        await self._send(_encode(shown))

    async def _send(self, frame: bytes, scope: anyio.CancelScope | None = None) -> None:
        async with self._sending:
            if scope is not None and scope.cancel_called:
                # Sending need not wait, so a cancelled follower could go on and mix with its successor.
                return
            try:
                await self._socket.send({"type": "websocket.send", "text": frame.decode()})
            except (WebSocketDisconnect, RuntimeError):
                # The client is gone, and the reading side learns it too; nobody is left to tell.
                if self._tasks is not None:
                    self._tasks.cancel_scope.cancel()


def _decode(text: str | None) -> ClientMessage:
    if text is None:
        raise InvalidInput("Messages are text, not binary.", code="binary_message")
    if len(text) > MESSAGE_MAX:
        raise TooLarge(f"A message is over {MESSAGE_MAX // 1024} KB.")
    try:
        return _decoder.decode(text)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        code: Literal["invalid", "malformed_json"] = "invalid"
        if not isinstance(error, msgspec.ValidationError):
            code = "malformed_json"
        raise InvalidInput(f"The message does not fit: {error}.", code=code) from None


async def serve_socket(socket: WebSocket) -> None:
    """The endpoint of `/api/ws`."""
    meter: Meter = socket.app.state.meter
    meter.sockets += 1
    try:
        await Connection(socket, socket.app.state.services).run()
    finally:
        meter.sockets -= 1
