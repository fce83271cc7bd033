"""Following a session over lines that break, against a WebSocket server that breaks them."""

import json
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from http import HTTPStatus
from typing import Any

import anyio
import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response

from roundhouse.client.discover import Address
from roundhouse.client.live import LiveEvent, follow, read_event
from roundhouse.model.errors import NotFound, SetupError, Unauthorized
from roundhouse.model.event import Raw, Text

DEADLINE = 20.0
LAST = 10


def frame(seq: int) -> str:
    """An event as the server sends it."""
    return json.dumps(
        {
            "op": "event",
            "session_id": "s",
            "seq": seq,
            "at": "2026-01-02T03:04:05Z",
            "task_id": "1",
            "agent": "ada",
            "type": "text",
            "text": f"t{seq}",
        }
    )


@asynccontextmanager
async def breaking(*, after_each: int) -> AsyncIterator[tuple[Address, list[int]]]:
    """A server of LAST events that hangs up after so many on each line, and what it was asked for."""
    asked: list[int] = []

    async def handle(line: ServerConnection) -> None:
        wish = json.loads(await line.recv())
        assert wish["op"] == "subscribe"
        asked.append(wish["after"])
        await line.send('{"op":"summary","session":{}}')
        for seq in range(wish["after"] + 1, min(wish["after"] + after_each, LAST) + 1):
            await line.send(frame(seq))
            await line.send(frame(seq))
        line.transport.abort()

    async with serve(handle, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        yield Address(f"http://127.0.0.1:{port}", "secret"), asked


async def test_every_event_comes_once_over_lines_that_break() -> None:
    """Doubled ones are dropped; each new line begins after the last one seen; the loss is told once."""
    told: list[bool] = []
    seen: list[LiveEvent] = []
    with anyio.fail_after(DEADLINE):
        async with breaking(after_each=3) as (address, asked):
            events = follow(lambda: address, "s", after=1, on_lost=told.append)
            async with aclosing(events):
                async for event in events:
                    seen.append(event)
                    if event.seq == LAST:
                        break
    assert [event.seq for event in seen] == list(range(2, LAST + 1))
    assert seen[0].body == Text(text="t2")
    assert asked == [1, 4, 7]
    assert told == [True, False] * 2


@asynccontextmanager
async def refusing(line: Any, status: HTTPStatus | None = None) -> AsyncIterator[Address]:
    """A server that answers every subscription with one frame, or refuses the line."""

    async def handle(connection: ServerConnection) -> None:
        await connection.recv()
        await connection.send(line)
        await connection.wait_closed()

    def refuse(connection: ServerConnection, request: Request) -> Response | None:
        return None if status is None else connection.respond(status, line)

    async with serve(handle, "127.0.0.1", 0, process_request=refuse) as server:
        yield Address(f"http://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}", "t")


async def first(address: Address) -> LiveEvent:
    """The first event."""
    async with aclosing(follow(lambda: address, "s")) as events:
        return await anext(events)


async def test_an_unknown_session_is_an_error_and_no_retry() -> None:
    """The error frame's code says which."""
    with anyio.fail_after(DEADLINE):
        async with refusing('{"op":"error","code":"not_found","message":"no such"}') as address:
            with pytest.raises(NotFound, match="no such"):
                await first(address)


async def test_a_deleted_session_ends_the_following() -> None:
    """Nothing more can come of it."""
    gone = '{"op":"summary","session":{"id":"s","deleted":true}}'
    with anyio.fail_after(DEADLINE):
        async with refusing(gone) as address:
            with pytest.raises(NotFound, match="deleted"):
                await first(address)


async def test_a_server_without_an_address_for_a_while_is_waited_for() -> None:
    """Between two servers nobody is there; at the beginning somebody must be."""
    missing = SetupError("No Roundhouse is running.", code="not_running")
    with anyio.fail_after(DEADLINE):
        async with breaking(after_each=4) as (address, _):
            answers: list[Address | SetupError] = [address, missing, missing]

            def find() -> Address:
                answer = answers.pop(0) if answers else address
                if isinstance(answer, SetupError):
                    raise answer
                return answer

            seen = []
            async with aclosing(follow(find, "s")) as events:
                async for event in events:
                    seen.append(event.seq)
                    if event.seq == LAST:
                        break
            assert seen == list(range(1, LAST + 1))

            def nobody() -> Address:
                raise missing

            with pytest.raises(SetupError):
                await anext(follow(nobody, "s"))


async def test_a_wrong_token_is_an_error_and_no_retry() -> None:
    """The refusal's own words are kept."""
    body = '{"error":{"code":"unauthorized","message":"wrong token"}}'
    with anyio.fail_after(DEADLINE):
        async with refusing(body, HTTPStatus.UNAUTHORIZED) as address:
            with pytest.raises(Unauthorized, match="wrong token"):
                await first(address)


def test_an_event_of_a_newer_server_is_kept_as_it_came() -> None:
    """An unknown type, and a known one in a shape we do not know."""
    wire = {"seq": 1, "at": "2026-01-02T03:04:05Z", "task_id": None, "type": "hologram", "x": 1}
    assert read_event({"op": "event", **wire}).body == Raw(source="hologram", value=wire)
    odd = {**wire, "type": "text", "text": 7}
    assert read_event(odd).body == Raw(source="text", value=odd)
