"""Who is alive, and what becomes of a dead node's work."""

import anyio
import pytest

from roundhouse.model.event import TaskEnded
from roundhouse.model.session import AgentSessionStatus, BackendKind, Continuity
from roundhouse.model.task import FailureCode, TaskStatus
from roundhouse.store import nodes as module
from roundhouse.store.notifier import Notifier
from tests.store.conftest import Store


async def test_a_node_keeps_its_id(store: Store) -> None:
    """A name is registered again by the next process of that node."""
    assert await store.nodes.register("here", "new\0host", 77, "1") == store.node_id

    await store.nodes.beat(store.node_id, draining=True, stats={"warm": 2})
    [node] = await store.nodes.all()
    assert (node.id, node.name, node.hostname, node.pid) == (
        str(store.node_id),
        "here",
        "new�host",
        77,
    )
    assert (node.draining, node.stats, node.alive) == (True, {"warm": 2}, False)


async def test_a_node_lives_as_long_as_its_lock(store: Store, database_url: str) -> None:
    """It is nobody's suspect and cannot be reaped."""
    session = await store.session()
    async with Notifier.open(database_url, ["requests"], lock=store.node_id, name="runner"):
        task = await store.running(session.id)
        assert [node.alive for node in await store.nodes.all()] == [True]
        assert await store.nodes.suspects() == set()
        assert await store.nodes.reap(store.node_id) == []
        assert (await store.tasks.get(task.id)).status is TaskStatus.RUNNING

    with anyio.fail_after(10):
        while (await store.nodes.all())[0].alive:
            await anyio.lowlevel.checkpoint()
    assert await store.nodes.reap(store.node_id) == [task.id]


async def test_nobody_is_blamed_for_a_restart_of_the_database(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Just after it, only long silence makes a suspect."""
    monkeypatch.setattr(module, "JUST_STARTED", 100_000)
    assert await store.nodes.suspects() == set()

    async with store.db.connection() as conn:
        await conn.execute("UPDATE nodes SET seen_at = now() - interval '20 seconds'")
    assert await store.nodes.suspects() == {store.node_id}

    await store.nodes.beat(store.node_id, draining=False, stats={})
    monkeypatch.setattr(module, "JUST_STARTED", 0)
    assert await store.nodes.suspects() == {store.node_id}


async def test_a_dead_nodes_tasks_are_lost_and_its_queue_is_held(store: Store) -> None:
    """Never run again by themselves: the agent may have acted. A person's next word lifts the hold."""
    session, idle = await store.session(), await store.session()
    task = await store.running(session.id)
    queued = await store.task(session.id)
    await store.agent_sessions.ready(
        session.id,
        "demo",
        backend=BackendKind.ACP_WARM,
        agent_session_id="a",
        continuity=Continuity.FRESH,
        pid=5,
    )

    assert await store.nodes.reap(store.node_id) == [task.id]
    assert await store.nodes.reap(store.node_id) == []
    lost = await store.tasks.get(task.id)
    assert (lost.status, lost.failure_code) == (TaskStatus.LOST, FailureCode.NODE_LOST)
    body = (await store.events.read(session.id))[-1].body()
    assert isinstance(body, TaskEnded)
    assert (body.status, body.error) == (lost.status, lost.error)
    line = await store.sessions.get(session.id)
    assert (line.running_task, line.hold_reason) == (None, "lost")
    assert (await store.sessions.get(idle.id)).hold_reason is None
    agent = await store.agent_sessions.get(session.id, "demo")
    assert agent is not None
    assert (agent.status, agent.pid) == (AgentSessionStatus.CRASHED, None)

    assert await store.tasks.claim(store.node_id, 5) == []
    await store.task(session.id, "Go on")
    assert [t.id for t in await store.tasks.claim(store.node_id, 5)] == [queued.id]


async def test_warm_agents_of_a_dead_node_have_no_process_any_more(store: Store) -> None:
    """The guard has ended them; what they were doing stays said."""
    session = await store.session()
    await store.agent_sessions.ready(
        session.id,
        "demo",
        backend=BackendKind.OPENCODE_SERVER,
        agent_session_id="a",
        continuity=Continuity.FRESH,
        pid=5,
        server_port=4096,
    )
    await store.agent_sessions.idle(
        session.id, "demo", usage=None, last_seen_snapshot=None, last_seen_seq=0
    )
    await store.nodes.reap(store.node_id)

    agent = await store.agent_sessions.get(session.id, "demo")
    assert agent is not None
    assert (agent.status, agent.pid, agent.server_port) == (AgentSessionStatus.IDLE, None, None)


async def test_a_turn_that_only_had_to_settle_is_not_lost(store: Store) -> None:
    """It has its end already; the session goes on."""
    session = await store.session()
    task = await store.running(session.id)
    await store.tasks.finish(task.id, store.node_id, TaskStatus.COMPLETED)
    queued = await store.task(session.id)

    assert await store.nodes.reap(store.node_id) == []
    line = await store.sessions.get(session.id)
    assert (line.running_task, line.hold_reason) == (None, None)
    assert [t.id for t in await store.tasks.claim(store.node_id, 5)] == [queued.id]


async def test_a_lost_task_without_a_queue_holds_nothing(store: Store) -> None:
    """Nor do failed and cancelled ones."""
    session = await store.session()
    await store.running(session.id)
    await store.nodes.reap(store.node_id)

    assert (await store.sessions.get(session.id)).hold_reason is None
