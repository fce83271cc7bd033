"""One ordered, gapless sequence a session."""

import random
from datetime import UTC, datetime

import anyio
import pytest

from roundhouse.model.errors import NotFound
from roundhouse.model.event import EventBody, Raw, Text
from roundhouse.model.task import TaskStatus
from roundhouse.store.events import NewEvent
from tests.store.conftest import Store, new_event


async def test_numbers_have_no_gaps_however_many_write(store: Store) -> None:
    """Several writers, several sessions a batch, in every order; each batch keeps its own order."""
    sessions = [(await store.session()).id for _ in range(4)]
    numbers: dict[str, list[int]] = {session: [] for session in sessions}

    async def write(writer: int) -> None:
        for n in range(20):
            batch = [
                new_event(random.choice(sessions), body=Text(text=f"{writer}:{n}:{k}"))  # noqa: S311
                for k in range(5)
            ]
            for row, seq in zip(batch, await store.events.append(batch), strict=True):
                assert seq is not None
                numbers[row.session_id].append(seq)

    async with anyio.create_task_group() as tasks:
        for writer in range(6):
            tasks.start_soon(write, writer)

    for session, seen in numbers.items():
        assert sorted(seen) == list(range(1, len(seen) + 1))
        events = await store.events.read(session)
        assert [event.seq for event in events] == sorted(seen)
        assert await store.events.head(session) == len(seen)
        for writer in range(6):
            own = [e.body().text for e in events if e.body().text.startswith(f"{writer}:")]  # type: ignore[union-attr]
            assert own == sorted(own, key=lambda t: [int(part) for part in t.split(":")])


async def test_what_comes_out_is_what_went_in(store: Store) -> None:
    """Also what PostgreSQL cannot hold comes out, replaced."""
    session = await store.session()
    bodies: list[EventBody] = [
        Text(text="ü\N{GRINNING FACE}\\u0000"),
        Text(text="a\0\ud800"),
        Raw("x", [1.5, None]),
    ]
    assert await store.events.append([]) == []
    numbers = await store.events.append([new_event(session.id, body=body) for body in bodies])

    assert numbers == [1, 2, 3]
    found = [event.body() for event in await store.events.read(session.id)]
    assert found == [bodies[0], Text(text="a��"), bodies[2]]
    assert (await store.events.read(session.id))[0].at.tzinfo is UTC


async def test_events_of_a_lost_task_are_dropped(store: Store) -> None:
    """A zombie cannot write; the others of its batch arrive."""
    session = await store.session()
    lost = await store.running(session.id)
    assert await store.nodes.reap(store.node_id) == [lost.id]
    head = await store.events.head(session.id)
    alive = await store.running(session.id)

    numbers = await store.events.append(
        [new_event(session.id, t) for t in (lost.id, alive.id, None)]
    )
    assert numbers == [None, head + 2, head + 3]


async def test_events_of_a_deleted_session_are_dropped(store: Store) -> None:
    """Its agent may still be talking."""
    gone, kept = await store.session(), await store.session()
    await store.sessions.delete(gone.id)

    assert await store.events.append([new_event(gone.id), new_event(kept.id)]) == [None, 1]


async def test_deleting_a_session_under_writers_hurts_nobody(store: Store) -> None:
    """Neither waits for the other for ever."""
    for _ in range(10):
        session, kept = await store.session(), await store.session()

        async def write(gone: str = session.id, stays: str = kept.id) -> None:
            for _ in range(5):
                await store.events.append([new_event(stays), new_event(gone)])

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(write)
            tasks.start_soon(write)
            tasks.start_soon(store.sessions.delete, session.id)

        assert await store.events.head(kept.id) == 10


async def test_one_refused_payload_does_not_hold_up_the_rest(store: Store) -> None:
    """It is replaced by an event that says so."""
    session = await store.session()
    bad = NewEvent(
        session_id=session.id, task_id=None, agent=None, payload=b"{broken", at=datetime.now(UTC)
    )
    numbers = await store.events.append([new_event(session.id), bad, new_event(session.id)])

    assert numbers == [1, 2, 3]
    body = (await store.events.read(session.id))[1].body()
    assert isinstance(body, Raw)
    assert body.value["bytes"] == 7


async def test_reading_goes_both_ways(store: Store) -> None:
    """After a number, before a number, by type."""
    session = await store.session()
    await store.events.append([new_event(session.id) for _ in range(9)])
    task = await store.running(session.id)
    await store.tasks.finish(task.id, store.node_id, TaskStatus.COMPLETED)

    assert [e.seq for e in await store.events.read(session.id, after=3, limit=2)] == [4, 5]
    assert [e.seq for e in await store.events.read_before(session.id, 8, 3)] == [5, 6, 7]
    assert await store.events.read(session.id, after=99) == []
    types = ("task_created", "task_ended")
    assert [e.seq for e in await store.events.of_tasks(session.id, 10, types)] == [11]
    assert await store.events.heads([session.id, "nosuchsess"]) == {session.id: 11}
    with pytest.raises(NotFound):
        await store.events.head("nosuchsess")
