"""Each agent's own conversation in a session."""

from typing import Any

import pytest

from roundhouse.model.errors import NotFound
from roundhouse.model.session import AgentSession, AgentSessionStatus, BackendKind, Continuity
from roundhouse.model.task import Usage
from tests.store.conftest import Store


async def ready(store: Store, session_id: str, agent: str = "demo", **given: Any) -> AgentSession:
    """Say that the agent is ready, and read it back."""
    values: dict[str, Any] = {
        "agent_session_id": "a",
        "continuity": Continuity.FRESH,
        "pid": 5,
    } | given
    await store.agent_sessions.ready(session_id, agent, backend=BackendKind.ACP_WARM, **values)
    found = await store.agent_sessions.get(session_id, agent)
    assert found is not None
    return found


async def test_a_conversation_lives_through_its_turns(store: Store) -> None:
    """Usage adds up; what it has seen moves."""
    session = await store.session()
    assert await store.agent_sessions.get(session.id, "demo") is None
    made = await ready(store, session.id)
    assert (made.status, made.pid) == (AgentSessionStatus.ACTIVE, 5)

    used = Usage(tokens_in=10, cost_usd=0.5)
    for seq in (4, 9):
        await store.agent_sessions.idle(
            session.id, "demo", usage=used, last_seen_snapshot=f"s{seq}", last_seen_seq=seq
        )
    await store.agent_sessions.idle(session.id, "demo")
    found = await store.agent_sessions.get(session.id, "demo")
    assert found is not None
    assert (found.tokens_in, found.tokens_out, found.cost_usd) == (20, 0, 1.0)
    assert (found.status, found.last_seen_snapshot, found.last_seen_seq) == (
        AgentSessionStatus.IDLE,
        "s9",
        9,
    )


async def test_a_fresh_conversation_has_seen_nothing(store: Store) -> None:
    """A resumed one has seen what it had."""
    session = await store.session()
    await ready(store, session.id)
    await store.agent_sessions.idle(session.id, "demo", last_seen_snapshot="s", last_seen_seq=9)

    resumed = await ready(store, session.id, continuity=Continuity.RESUMED)
    assert (resumed.last_seen_snapshot, resumed.last_seen_seq) == ("s", 9)
    fresh = await ready(store, session.id, agent_session_id="b")
    assert (fresh.last_seen_snapshot, fresh.last_seen_seq) == (None, 0)
    assert fresh.agent_session_id == "b"


async def test_a_crashed_one_has_no_process(store: Store) -> None:
    """But keeps its memory, unless it is forgotten."""
    session = await store.session()
    await ready(store, session.id, server_port=80)
    await store.agent_sessions.set_status(session.id, "demo", AgentSessionStatus.CRASHED)
    found = await store.agent_sessions.get(session.id, "demo")
    assert found is not None
    assert (found.pid, found.server_port, found.agent_session_id) == (None, None, "a")

    await store.agent_sessions.forget(session.id, "demo")
    found = await store.agent_sessions.get(session.id, "demo")
    assert found is not None
    assert found.agent_session_id is None


async def test_a_sessions_conversations_are_listed_as_they_joined(store: Store) -> None:
    """And need a session."""
    session = await store.session()
    for agent in ("z", "a"):
        await ready(store, session.id, agent)

    assert [found.agent for found in await store.agent_sessions.list(session.id)] == ["z", "a"]
    with pytest.raises(NotFound):
        await ready(store, "nosuchsess")
