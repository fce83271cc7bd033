"""The WebSocket and the stream, as clients see them."""

import json
from collections.abc import Callable
from itertools import pairwise

import anyio
import pytest
import websockets

from roundhouse.service import broker
from roundhouse.store.database import Database
from roundhouse.store.notifier import Notifier
from roundhouse.web import live
from tests.service.node import append, texts
from tests.web.server import BEARER, Json, Running


async def until(
    connection: websockets.ClientConnection, last: Callable[[Json], bool]
) -> list[Json]:
    """Frames up to the one that `last` accepts."""
    seen: list[Json] = []
    with anyio.fail_after(20):
        while not seen or not last(seen[-1]):
            seen.append(json.loads(await connection.recv()))
    return seen


async def converse(connection: websockets.ClientConnection, message: str) -> None:
    """Say something and wait for an answer."""
    await connection.send(message)
    await connection.recv()


def reached(seq: int) -> Callable[[Json], bool]:
    """Whether a frame is an event at or after a number."""
    return lambda frame: bool(frame.get("seq", 0) >= seq)


async def subscribe(connection: websockets.ClientConnection, session: str, after: int = 0) -> None:
    """Ask to follow."""
    await connection.send(json.dumps({"op": "subscribe", "session_id": session, "after": after}))


def events(frames: list[Json], session: str) -> list[int]:
    """The numbers of a session's events."""
    return [f["seq"] for f in frames if f["op"] == "event" and f["session_id"] == session]


async def test_a_subscriber_replays_is_told_and_follows(
    server: Running, session: str, db: Database
) -> None:
    """Event frames are flat; `caught_up` stands between what was stored and what is live."""
    await append(db, session, *texts(1, 3))
    async with server.socket() as connection:
        assert connection.subprotocol == "roundhouse.v1"
        await subscribe(connection, session, 1)
        frames = await until(connection, lambda f: f["op"] == "caught_up")
        assert frames[-1] == {"op": "caught_up", "session_id": session, "seq": 3}
        assert events(frames, session) == [2, 3]
        first = next(frame for frame in frames if frame["op"] == "event")
        assert first["type"] == "text"
        assert first["text"] == "2"
        assert first["at"].endswith("Z")
        await append(db, session, *texts(4, 5))
        frames = await until(connection, lambda f: f.get("seq") == 5)
        assert events(frames, session) == [4, 5]
        await connection.send(json.dumps({"op": "unsubscribe", "session_id": session}))
        await append(db, session, *texts(6, 6))
        await connection.send('{"op":"ping"}')
        assert events(await until(connection, lambda f: f["op"] == "pong"), session) == []


async def test_a_broken_line_gives_exactly_the_rest(
    server: Running, session: str, db: Database
) -> None:
    """Cut again and again while events are being appended; `after` continues without a gap or a double."""
    total = 300

    async def write() -> None:
        for first in range(1, total + 1, 3):
            await append(db, session, *texts(first, first + 2))

    seen: list[int] = []
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(write)
        with anyio.fail_after(60):
            while len(seen) < total:
                async with server.socket() as connection:
                    after = seen[-1] if seen else 0
                    await subscribe(connection, session, after)
                    enough = min(after + 40, total)
                    frames = await until(connection, reached(enough))
                    seen += events(frames, session)
    assert seen == list(range(1, total + 1))


async def test_a_second_subscribe_replaces_the_first(
    server: Running, session: str, db: Database
) -> None:
    """The replay begins anew, and nothing of the old one comes between."""
    await append(db, session, *texts(1, 500))
    async with server.socket() as connection:
        starts = (0, 100, 0, 490, 495)
        for after in starts:
            await subscribe(connection, session, after)
        await connection.send('{"op":"ping"}')
        frames = await until(connection, lambda f: f["op"] == "pong")
        await append(db, session, *texts(501, 502))
        frames += await until(connection, reached(502))
    numbers = events(frames, session)
    assert numbers[-7:] == list(range(496, 503))
    for before, number in pairwise([0, *numbers]):
        assert number == before + 1 or number - 1 in starts


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("not json", "malformed_json"),
        ("", "malformed_json"),
        ("[]", "invalid"),
        ("{}", "invalid"),
        pytest.param('{"op":"ping","x":' + "[" * 50_000, None, id="deep"),
        ('{"op":7}', "invalid"),
        ('{"op":"dance"}', "invalid"),
        ('{"op":"subscribe"}', "invalid"),
        ('{"op":"subscribe","session_id":7}', "invalid"),
        ('{"op":"subscribe","session_id":"SESSION","after":"1"}', "invalid"),
        ('{"op":"subscribe","session_id":"SESSION","after":1.5}', "invalid"),
        ('{"op":"subscribe","session_id":"nosuch"}', "not_found"),
        ('{"op":"subscribe","session_id":"SESSION","after":999999}', "out_of_range"),
        ('{"op":"subscribe","session_id":"SESSION","after":-1}', "out_of_range"),
        ('{"op":"subscribe","session_id":"SESSION","after":99999999999999999999}', None),
        ('{"op":"subscribe","session_id":"a\\u0000b"}', "unstorable_text"),
        ('{"op":"subscribe","session_id":"a\\ud800b"}', None),
        ('{"op":"unsubscribe"}', "invalid"),
        ('{"op":"unsubscribe","session_id":"SESSION"}', "not_subscribed"),
        pytest.param('{"op":"ping","x":"' + "x" * 200_000 + '"}', "too_large", id="huge"),
        (b"\x00\x01", "binary_message"),
    ],
)
async def test_a_bad_message_gets_an_error_and_the_connection_stays(
    server: Running, session: str, message: str | bytes, code: str | None
) -> None:
    """Nothing a client sends ends its connection or the server."""
    if isinstance(message, str):
        message = message.replace("SESSION", session)
    async with server.socket() as connection:
        await connection.send(message)
        frames = await until(connection, lambda f: f["op"] == "error")
        assert code in (None, frames[-1]["code"])
        assert frames[-1]["message"]
        await connection.send('{"op":"ping"}')
        await until(connection, lambda f: f["op"] == "pong")


async def test_a_gigantic_frame_ends_its_own_connection_only(server: Running) -> None:
    """It is not even read to its end."""
    async with server.socket() as connection:
        with anyio.fail_after(20), pytest.raises(websockets.ConnectionClosed):
            await converse(connection, "x" * 5_000_000)
    await server.call("GET", "/api/health")


async def test_subscriptions_of_a_connection_are_bounded(
    server: Running, session: str, project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one too many is refused; replacing one is not."""
    monkeypatch.setattr(live, "SUBSCRIPTIONS_MAX", 1)
    other = await server.call("POST", "/api/sessions", 201, json={"project_id": project})
    async with server.socket() as connection:
        await subscribe(connection, session)
        await subscribe(connection, session)
        await subscribe(connection, other["id"])
        frames = await until(connection, lambda f: f["op"] == "error")
        assert frames[-1]["code"] == "too_many_subscriptions"
        assert frames[-1]["session_id"] == other["id"]


async def test_a_client_that_does_not_read_slows_nobody(
    server: Running, session: str, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its queue is dropped and replayed later; another client has everything at once."""
    monkeypatch.setattr(broker, "QUEUE_BYTES", 50_000)
    async with (
        server.socket(max_queue=1) as slow,
        server.socket() as quick,
    ):
        for connection in (slow, quick):
            await subscribe(connection, session)
            await until(connection, lambda f: f["op"] == "caught_up")
        total = 200
        for first in range(1, total + 1, 10):
            await append(db, session, *texts(first, first + 9, size=50_000))
            await until(quick, reached(first + 9))
        counters = server.services.broker.counters
        assert counters.cuts >= 1
        frames = await until(slow, reached(total))
        assert events(frames, session) == list(range(1, total + 1))


async def test_everybody_hears_of_changed_and_deleted_sessions(
    server: Running, project: str
) -> None:
    """Without a subscription: the line as it is in the list, and at the end that it is gone."""
    async with server.socket() as connection:
        await connection.send('{"op":"ping"}')
        await until(connection, lambda f: f["op"] == "pong")
        made = await server.call("POST", "/api/sessions", 201, json={"project_id": project})
        frames = await until(connection, lambda f: f["op"] == "summary")
        assert frames[-1]["session"] == made
        url = f"/api/sessions/{made['id']}"
        await server.call("PATCH", url, json={"title": "Renamed"})
        await until(connection, lambda f: f["session"]["title"] == "Renamed")
        await server.call("DELETE", url, 204)
        frames = await until(connection, lambda f: f["op"] == "summary")
        assert frames[-1]["session"] == {"id": made["id"], "deleted": True}


async def test_with_a_muted_doorbell_everything_still_arrives(
    server: Running, project: str, session: str, notifier: Notifier, db: Database
) -> None:
    """Events, lines and deletions, by polling."""
    async with server.socket() as connection:
        await subscribe(connection, session)
        await until(connection, lambda f: f["op"] == "caught_up")
        notifier.muted = True
        await append(db, session, *texts(1, 2))
        frames = await until(connection, lambda f: f["op"] == "event" and f["seq"] == 2)
        assert events(frames, session) == [1, 2]
        await server.call("PATCH", f"/api/sessions/{session}", json={"title": "Quiet"})
        await until(
            connection, lambda f: f["op"] == "summary" and f["session"].get("title") == "Quiet"
        )
        await server.call("DELETE", f"/api/sessions/{session}", 204)
        await until(connection, lambda f: f["op"] == "summary" and "deleted" in f["session"])


async def lines_of(server: Running, url: str, last: str, **headers: str) -> list[str]:
    """The lines of a stream up to one."""
    seen: list[str] = []
    with anyio.fail_after(20):
        async with server.http.stream("GET", url, headers=headers) as answer:
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith("text/event-stream")
            async for line in answer.aiter_lines():
                seen.append(line)
                if line == last:
                    return seen
    raise AssertionError(f"the stream ended: {seen[-5:]}")


async def test_the_stream_has_the_same_numbers(server: Running, session: str, db: Database) -> None:
    """`id:` is the number, `data:` the event; Last-Event-ID counts more than `after`."""
    await append(db, session, *texts(1, 5))
    url = f"/api/sessions/{session}/stream"
    lines = await lines_of(server, f"{url}?after=1", "event: caught_up")
    assert [line for line in lines if line.startswith("id:")] == [f"id: {n}" for n in (2, 3, 4, 5)]
    event = json.loads(next(line for line in lines if line.startswith("data:"))[5:])
    assert (event["seq"], event["type"], "op" in event) == (2, "text", False)
    lines = await lines_of(server, f"{url}?after=1", "id: 5", **{"Last-Event-ID": "4"})
    assert [line for line in lines if line.startswith("id:")] == ["id: 5"]


async def test_a_stream_follows_and_lets_go_when_its_reader_leaves(
    server: Running, session: str, db: Database
) -> None:
    """Live events come through; afterwards nothing is left in the broker."""
    url = f"/api/sessions/{session}/stream"
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(lines_of, server, url, "id: 3")
        await append(db, session, *texts(1, 3))
    with anyio.fail_after(10):
        while server.services.broker.counters.subscriptions:  # noqa: ASYNC110 - a plain counter
            await anyio.sleep(0.01)


async def test_a_stream_is_checked_before_it_begins(server: Running, session: str) -> None:
    """Beyond the end, no number, no session: an ordinary refusal."""
    url = f"/api/sessions/{session}/stream"
    error = await server.refused("GET", f"{url}?after=7", 422)
    assert error["code"] == "out_of_range"
    await server.refused("GET", url, 422, headers={"Last-Event-ID": "x"})
    await server.refused("GET", "/api/sessions/nosuch/stream", 404)


async def test_a_stopping_server_ends_its_streams(server: Running, session: str) -> None:
    """They do not hold it up; a client that comes back elsewhere continues with `after`."""
    with anyio.fail_after(10):
        async with server.http.stream("GET", f"/api/sessions/{session}/stream") as answer:
            server.services.broker.close()
            lines = [line async for line in answer.aiter_lines()]
    assert "retry: 1000" in lines


async def test_an_unknown_socket_address_is_refused(server: Running) -> None:
    """As any unknown address."""
    with pytest.raises(websockets.InvalidStatus):
        async with websockets.connect(
            f"ws://127.0.0.1:{server.port}/api/nothing", additional_headers=BEARER
        ):
            pass
