"""What a server asks of a node."""

import anyio
import psycopg
import pytest

from roundhouse.model.errors import Conflict, NotFound
from tests.store.conftest import Store


async def test_a_read_is_taken_answered_and_deleted(store: Store) -> None:
    """Whatever its result holds."""
    ref = await store.requests.ask("inspect", {"path": "/\0"}, node_id=store.node_id, read=True)
    assert ref.startswith("reads:")
    assert (await store.requests.state(ref)).status == "pending"

    [taken] = await store.requests.take(store.node_id)
    assert (taken.ref, taken.kind, taken.args) == (ref, "inspect", {"path": "/�"})
    assert await store.requests.take(store.node_id) == []

    await store.requests.done(ref, {"text": "a\ud800"})
    state = await store.requests.state(ref)
    assert (state.status, state.result) == ("done", {"text": "a�"})
    await store.requests.discard(ref)
    with pytest.raises(NotFound):
        await store.requests.state(ref)


async def test_mutations_run_one_at_a_time_per_session(store: Store) -> None:
    """In the order they came; other sessions and requests without one are not held up."""
    one, two = await store.session(), await store.session()

    async def ask(session_id: str | None) -> str:
        return await store.requests.ask(
            "close_agent", {}, node_id=str(store.node_id), session_id=session_id, by="me"
        )

    first, second, third = [await ask(one.id) for _ in range(3)]
    other, free, free_too = await ask(two.id), await ask(None), await ask(None)

    taken = {request.ref for request in await store.requests.take(store.node_id)}
    assert taken == {first, other, free, free_too}
    assert await store.requests.take(store.node_id) == []
    await store.requests.done(first, {})
    assert [request.ref for request in await store.requests.take(store.node_id)] == [second]
    busy = Conflict("A turn is running.", code="session_busy", field="agent")
    await store.requests.failed(second, busy)
    state = await store.requests.state(second)
    assert state.result == {
        "kind": "Conflict",
        "code": "session_busy",
        "message": "A turn is running.",
        "field": "agent",
    }
    assert [request.ref for request in await store.requests.take(store.node_id)] == [third]


class Odd(Conflict):
    """An error that only the node knows."""


async def test_a_failure_may_carry_facts(store: Store) -> None:
    """What conflicts, for the asker's program; its class by the nearest name that the asker knows, too."""
    ref = await store.requests.ask("apply", {}, node_id=store.node_id)
    await store.requests.take(store.node_id)
    facts = {"conflicts": [{"path": "a\0"}], "files": []}
    await store.requests.failed(ref, Odd("No.", code="apply_conflict", details=facts))

    assert (await store.requests.state(ref)).result == {
        "kind": "Conflict",
        "code": "apply_conflict",
        "message": "No.",
        "details": {"conflicts": [{"path": "a�"}], "files": []},
    }


async def test_takers_at_the_same_time_share_the_work(store: Store) -> None:
    """Nothing is taken twice, and never two of a session."""
    session = await store.session()
    for n in range(30):
        await store.requests.ask(
            "k", {"n": n}, node_id=store.node_id, session_id=session.id if n % 2 else None
        )
    taken: list[tuple[str, str | None]] = []

    async def take() -> None:
        taken.extend((r.ref, r.session_id) for r in await store.requests.take(store.node_id))

    async with anyio.create_task_group() as tasks:
        for _ in range(6):
            tasks.start_soon(take)

    assert len(taken) == len(set(taken)) == 16
    assert [session_id for _, session_id in taken].count(session.id) == 1


async def test_a_finished_mutation_rings_for_the_next(store: Store, database_url: str) -> None:
    """And for whoever waits for it."""
    ref = await store.requests.ask("k", {}, node_id=store.node_id)
    await store.requests.take(store.node_id)
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as conn:
        await conn.execute("LISTEN request_done")
        await conn.execute("LISTEN requests")
        await store.requests.done(ref, {})
        rung = {(n.channel, n.payload) async for n in conn.notifies(timeout=10, stop_after=2)}

    assert rung == {("request_done", ref), ("requests", str(store.node_id))}


async def test_what_nobody_waits_for_is_not_begun(store: Store) -> None:
    """A node that comes back does not act out of the blue; what has begun goes on."""
    waiting, begun = [await store.requests.ask("k", {}, node_id=store.node_id) for _ in range(2)]
    async with store.db.connection() as conn:
        await conn.execute("UPDATE requests SET status = 'running' WHERE id = %s", (begun[9:],))
    await store.requests.discard(waiting)
    await store.requests.discard(begun)

    assert (await store.requests.state(waiting)).status == "lost"
    assert (await store.requests.state(begun)).status == "running"
    assert await store.requests.take(store.node_id) == []


async def test_a_result_comes_once(store: Store) -> None:
    """A node that died and came back does not overwrite what was said about it."""
    refs = [await store.requests.ask("k", {}, node_id=store.node_id, read=r) for r in (True, False)]
    await store.requests.take(store.node_id)
    await store.nodes.reap(store.node_id)
    for ref in refs:
        await store.requests.done(ref, {"late": True})
        state = await store.requests.state(ref)
        assert (state.status, state.result) == ("lost", None)


async def test_a_read_whose_asker_died_is_forgotten(store: Store) -> None:
    """Nobody else would delete it."""
    ref = await store.requests.ask("k", {}, node_id=store.node_id, read=True)
    async with store.db.connection() as conn:
        await conn.execute("UPDATE reads SET created_at = now() - interval '1 hour'")

    assert await store.requests.take(store.node_id) == []
    with pytest.raises(NotFound):
        await store.requests.state(ref)


async def test_what_was_never_asked_is_not_found(store: Store) -> None:
    """Nor can it be asked of a node or about a session that does not exist."""
    for ref in ("reads:999", "requests:999", "tasks:1", "", "reads:x"):
        with pytest.raises(NotFound):
            await store.requests.state(ref)
    with pytest.raises(NotFound):
        await store.requests.ask("k", {}, node_id=9999)
    with pytest.raises(NotFound):
        await store.requests.ask("k", {}, node_id=store.node_id, session_id="nosuchsess")


async def test_a_mutation_whose_asker_died_does_not_happen_out_of_the_blue(store: Store) -> None:
    """A node that comes back after a while takes only what somebody may still wait for."""
    old = await store.requests.ask("apply", {}, node_id=store.node_id)
    async with store.db.connection() as conn:
        await conn.execute("UPDATE requests SET created_at = now() - interval '1 hour'")
    new = await store.requests.ask("apply", {}, node_id=store.node_id)

    assert [request.ref for request in await store.requests.take(store.node_id)] == [new]
    assert (await store.requests.state(old)).status == "lost"
