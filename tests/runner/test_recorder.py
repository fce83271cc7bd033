"""The recorder on a real database: order, batching, back-pressure and a database that goes away."""

import anyio
import psycopg

from roundhouse.model.event import Text
from roundhouse.model.session import Session
from roundhouse.model.task import Task
from roundhouse.runner.recorder import Recorder
from roundhouse.store.database import Database
from roundhouse.store.events import Events


async def texts(db: Database, session_id: str) -> list[str]:
    """The text events of a session, checked to be gapless."""
    events = await Events(db).read(session_id, limit=10_000)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    bodies = [event.body() for event in events]
    return [body.text for body in bodies if isinstance(body, Text)]


async def test_drained_events_are_committed_in_order(db: Database, running_task: Task) -> None:
    """What was emitted before `drain` is in the log after it."""
    recorder = Recorder(Events(db))
    with anyio.fail_after(20):
        async with anyio.create_task_group() as group:
            await group.start(recorder.run)
            for number in range(500):
                await recorder.emit(
                    running_task.session_id, running_task.id, "demo", Text(text=str(number))
                )
            await recorder.drain(running_task.session_id)
            assert await texts(db, running_task.session_id) == [str(n) for n in range(500)]
            group.cancel_scope.cancel()
    assert recorder.kept_bytes == 0


async def test_events_survive_connections_that_die_under_them(
    db: Database, database_url: str, running_task: Task
) -> None:
    """All our connections are killed again and again: every event is there once, in order."""
    recorder = Recorder(Events(db))
    emitted = 0

    async def emit_many() -> None:
        nonlocal emitted
        for _ in range(200):
            await recorder.emit(
                running_task.session_id, running_task.id, "demo", Text(text=str(emitted))
            )
            emitted += 1
            if emitted % 10 == 0:
                await recorder.drain(running_task.session_id)

    with anyio.fail_after(60):
        async with (
            anyio.create_task_group() as group,
            await psycopg.AsyncConnection.connect(database_url, autocommit=True) as killer,
        ):
            await group.start(recorder.run)
            async with anyio.create_task_group() as emitting:
                emitting.start_soon(emit_many)
                for _ in range(8):
                    await killer.execute(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                    )
            await recorder.drain_all()
            group.cancel_scope.cancel()
    assert await texts(db, running_task.session_id) == [str(n) for n in range(200)]


async def test_a_full_buffer_makes_the_agent_wait(db: Database, running_task: Task) -> None:
    """With nobody writing, `emit` stops at the limit; once written, it goes on."""
    recorder = Recorder(Events(db), buffer_bytes=1_000)
    done = anyio.Event()
    emitted = 0

    async def emit_many() -> None:
        nonlocal emitted
        for _ in range(20):
            await recorder.emit(
                running_task.session_id, running_task.id, "demo", Text(text="x" * 100)
            )
            emitted += 1
        done.set()

    with anyio.fail_after(20):
        async with anyio.create_task_group() as group:
            group.start_soon(emit_many)
            await anyio.wait_all_tasks_blocked()
            assert 0 < emitted < 20
            await group.start(recorder.run)
            await done.wait()
            await recorder.drain_all()
            group.cancel_scope.cancel()
    assert len(await texts(db, running_task.session_id)) == 20


async def test_whoever_ran_a_lost_task_hears_that_its_events_are_dropped(
    db: Database, running_task: Task
) -> None:
    """A zombie's events have no number; its turn is told."""
    async with db.connection() as conn:
        await conn.execute(
            "UPDATE tasks SET status = 'lost', ended_at = now() WHERE id = %s",
            (int(running_task.id),),
        )
    dropped: list[str] = []
    recorder = Recorder(Events(db), dropped=dropped.append)
    with anyio.fail_after(20):
        async with anyio.create_task_group() as group:
            await group.start(recorder.run)
            await recorder.emit(running_task.session_id, running_task.id, "demo", Text(text="x"))
            await recorder.drain_all()
            group.cancel_scope.cancel()
    assert dropped == [running_task.id]
    assert recorder.take_seq(running_task.session_id) is None


async def test_the_last_number_is_told_once(db: Database, running_task: Task) -> None:
    """A turn asks for it when it settles."""
    recorder = Recorder(Events(db))
    with anyio.fail_after(20):
        async with anyio.create_task_group() as group:
            await group.start(recorder.run)
            await recorder.emit(running_task.session_id, running_task.id, "demo", Text(text="x"))
            await recorder.drain_all()
            group.cancel_scope.cancel()
    head = await Events(db).head(running_task.session_id)
    assert recorder.take_seq(running_task.session_id) == head
    assert recorder.take_seq(running_task.session_id) is None


async def test_an_event_of_a_deleted_session_holds_nothing_up(
    db: Database, session: Session
) -> None:
    """It is dropped; what follows is written."""
    recorder = Recorder(Events(db))
    with anyio.fail_after(20):
        async with anyio.create_task_group() as group:
            await group.start(recorder.run)
            await recorder.emit("nowhere", None, "demo", Text(text="lost"))
            await recorder.emit(session.id, None, "demo", Text(text="kept"))
            await recorder.drain_all()
            group.cancel_scope.cancel()
    assert await texts(db, session.id) == ["kept"]
