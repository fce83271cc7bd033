"""Following a session: every event once and in order, over as many connections as it takes."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from datetime import datetime
from typing import Any

import anyio
import msgspec
from msgspec import Struct
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus, InvalidURI, WebSocketException
from websockets.typing import Subprotocol

from roundhouse.client.discover import Address
from roundhouse.client.http import read_answer
from roundhouse.model.errors import InvalidInput, NotFound, RoundhouseError, SetupError, Unavailable
from roundhouse.model.event import EventBody, Raw

SUBPROTOCOL = Subprotocol("roundhouse.v1")
RECONNECT = (0.05, 2.0)
"""Seconds between attempts: the first and, doubling, the longest."""

GIVE_UP = 60.0
"""Seconds without a server after which following ends with an error."""

OPEN_TIMEOUT = 10.0
PING_EVERY = 10.0
REFUSED = range(400, 500)

Quiet = Callable[[bool], None]


class LiveEvent(Struct, frozen=True):
    """One event as a subscriber sees it; `wire` is all of its fields, `op` left out."""

    seq: int
    at: datetime
    task_id: str | None
    agent: str | None
    body: EventBody
    wire: dict[str, Any]


def read_event(frame: dict[str, Any]) -> LiveEvent:
    """An event from its flat wire form. A type or shape unknown here becomes Raw: servers may be newer."""
    wire = {name: value for name, value in frame.items() if name != "op"}
    try:
        body = msgspec.convert(wire, EventBody)
    except msgspec.ValidationError:
        body = Raw(source=str(wire.get("type")), value=wire)
    return LiveEvent(
        seq=wire["seq"],
        at=msgspec.convert(wire["at"], datetime),
        task_id=wire.get("task_id"),
        agent=wire.get("agent"),
        body=body,
        wire=wire,
    )


async def follow(
    address: Callable[[], Address],
    session_id: str,
    *,
    after: int = 0,
    on_lost: Quiet = lambda lost: None,
) -> AsyncGenerator[LiveEvent]:
    """The events after `after`, then each new one, exactly once; never ends by itself.

    `address` is asked before each connection: a server that comes back may be elsewhere. `on_lost` hears True
    when the line breaks and False when it is back. Raises NotFound when there is no such session, Unauthorized
    and the like when refused, Unavailable when the server stays away.
    """
    seen = after
    delay, longest = RECONNECT
    last_heard = anyio.current_time()
    lost = known = False
    while True:
        async with aclosing(_one_line(_find(address, known), session_id, seen)) as events:
            async for event in events:
                known = True
                if lost:
                    on_lost(lost := False)
                delay, last_heard = RECONNECT[0], anyio.current_time()
                if event is not None and event.seq > seen:
                    seen = event.seq
                    yield event
        if not lost:
            last_heard = anyio.current_time()
            on_lost(lost := True)
        if anyio.current_time() - last_heard > GIVE_UP:
            raise Unavailable(
                "The server went away and did not come back.",
                code="unreachable",
                remedy="Look whether `roundhouse up` is running.",
            )
        await anyio.sleep(delay)
        delay = min(delay * 2, longest)


def _find(address: Callable[[], Address], known: bool) -> Address | None:
    """The address, which must be there the first time; later a server may be away for a while."""
    try:
        return address()
    except SetupError:
        if known:
            return None
        raise


async def _one_line(
    address: Address | None, session_id: str, after: int
) -> AsyncGenerator[LiveEvent | None]:
    """One connection's events, and None for what else shows that it works; ends when it breaks."""
    if address is None:
        return
    try:
        async with _connection(address) as connection:
            await connection.send(_subscribe(session_id, after))
            async for message in connection:
                yield _read(msgspec.json.decode(message), session_id)
    except InvalidStatus as refusal:
        if refusal.response.status_code in REFUSED:
            read_answer(refusal.response.status_code, bytes(refusal.response.body or b""))
    except InvalidURI as error:
        raise InvalidInput(f"That is not a server's address: {error}") from error
    except (WebSocketException, OSError):
        return


def _connection(address: Address) -> connect:
    return connect(
        "ws" + address.url.removeprefix("http") + "/api/ws",
        additional_headers={"Authorization": f"Bearer {address.token}"},
        subprotocols=[SUBPROTOCOL],
        open_timeout=OPEN_TIMEOUT,
        close_timeout=1.0,
        ping_interval=PING_EVERY,
        compression=None,
        max_size=None,
        proxy=None,
    )


def _subscribe(session_id: str, after: int) -> str:
    frame = {"op": "subscribe", "session_id": session_id, "after": after}
    return msgspec.json.encode(frame).decode()


def _read(frame: dict[str, Any], session_id: str) -> LiveEvent | None:
    match frame.get("op"):
        case "event" if frame.get("session_id") == session_id:
            return read_event(frame)
        case "error":
            kind = NotFound if frame.get("code") == "not_found" else RoundhouseError
            raise kind(frame.get("message"), code=frame.get("code"))
        case "summary" if frame["session"] == {"id": session_id, "deleted": True}:
            raise NotFound("The session was deleted.")
        case _:
            return None
