"""Requests and answers, against a real socket that says what it is told."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import pytest

from roundhouse.client.discover import Address
from roundhouse.client.http import Client, read_answer, sendable
from roundhouse.model.errors import (
    Conflict,
    InvalidInput,
    NotFound,
    RoundhouseError,
    Unauthorized,
    Unavailable,
)


@asynccontextmanager
async def answering(*answers: str) -> AsyncIterator[tuple[Client, list[bytes]]]:
    """A client of a server that gives these JSON answers in turn, and the requests that it saw."""
    seen: list[bytes] = []
    left = list(answers)

    async def serve(stream: anyio.abc.SocketStream) -> None:
        async with stream:
            request = b""
            while b"\r\n\r\n" not in request:
                request += await stream.receive()
            seen.append(request)
            body = left.pop(0).encode()
            head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            await stream.send(head.encode() + body)

    async with (
        await anyio.create_tcp_listener(local_host="127.0.0.1") as listener,
        anyio.create_task_group() as tasks,
    ):
        port = listener.extra(anyio.abc.SocketAttribute.local_port)  # noqa: S610 - not Django
        tasks.start_soon(listener.serve, serve)
        async with Client.open(Address(f"http://127.0.0.1:{port}", "secret")) as client:
            yield client, seen
        tasks.cancel_scope.cancel()


async def test_a_list_is_read_over_all_its_pages() -> None:
    """With the cursor of each page, and no further than the limit."""
    pages = ('{"items":[{"n":1},{"n":2}],"next_cursor":"c"}', '{"items":[{"n":3}]}')
    async with answering(*pages) as (client, seen):
        found = [item["n"] async for item in client.items("/api/x", status=None)]
    assert found == [1, 2, 3]
    assert b"cursor=c" in seen[1]
    assert b"status" not in seen[0]
    assert b"Bearer secret" in seen[0]

    async with answering(pages[0]) as (client, seen):
        found = [item["n"] async for item in client.items("/api/x", limit=2)]
    assert found == [1, 2]
    assert b"limit=2" in seen[0]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, Unauthorized),
        (404, NotFound),
        (409, Conflict),
        (422, InvalidInput),
        (503, Unavailable),
        (500, RoundhouseError),
    ],
)
def test_a_refusal_becomes_our_error(status: int, kind: type[RoundhouseError]) -> None:
    """With all that the server said about it."""
    body = b'{"error":{"code":"c","message":"m","field":"f","remedy":"r"}}'
    with pytest.raises(kind) as refused:
        read_answer(status, body)
    error = refused.value
    assert (error.code, error.message, error.field, error.remedy) == ("c", "m", "f", "r")
    assert error.details is None


def test_what_else_a_refusal_tells_is_kept_for_programs() -> None:
    """Such as what conflicts."""
    body = b'{"error":{"code":"c","message":"m","conflicts":[{"path":"a"}]}}'
    with pytest.raises(Conflict) as refused:
        read_answer(409, body)
    assert refused.value.details == {"conflicts": [{"path": "a"}]}


def test_a_foreign_answer_is_told_by_its_status() -> None:
    """A proxy in between may speak HTML."""
    with pytest.raises(Unavailable, match="502"):
        read_answer(502, b"<html>")
    assert read_answer(204, b"") is None


async def test_nobody_there_is_said_with_what_to_do() -> None:
    """Not as an exception of the HTTP library."""
    async with Client.open(Address("http://127.0.0.1:1", "t")) as client:
        with pytest.raises(Unavailable, match="cannot be reached") as refused:
            await client.get("/api/health")
    assert refused.value.remedy


def test_bytes_that_are_no_text_are_sent_as_the_server_names_files() -> None:
    """Wherever they stand; all else stays."""
    value = {"files": ["lat\udce9n", "\u00fc\\x"], "line": 3, "all": None}

    assert sendable(value) == {"files": ["lat\\xe9n", "\u00fc\\x"], "line": 3, "all": None}
