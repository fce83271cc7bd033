"""Sums over ended turns."""

from roundhouse.model.task import TaskStatus, Usage
from roundhouse.store.usage import Usages
from tests.store.conftest import Store


async def ended(store: Store, agent: str, usage: Usage | None, status: TaskStatus) -> None:
    """A turn of that agent that is over."""
    session = await store.session()
    await store.task(session.id, agent=agent)
    [task] = await store.tasks.claim(store.node_id, 1)
    assert await store.tasks.finish(task.id, store.node_id, status, usage=usage)
    await store.sessions.settled(session.id, task.id)


async def test_turns_are_summed_by_agent_and_key(store: Store) -> None:
    """What an agent does not say is no zero; a failed turn counts as one; a running turn does not."""
    usages = Usages(store.db)
    await ended(store, "ada", Usage(tokens_in=10, tokens_out=5, cost_usd=0.5), TaskStatus.COMPLETED)
    await ended(store, "ada", Usage(tokens_in=1), TaskStatus.FAILED)
    await ended(store, "bob", None, TaskStatus.COMPLETED)
    await store.task((await store.session()).id, agent="ada")

    ada, bob = await usages.sums("agent", days=1)

    assert (ada.key, ada.label, ada.turns, ada.failed) == ("ada", "ada", 2, 1)
    assert (ada.tokens_in, ada.tokens_out, ada.cost_usd) == (11, 5, 0.5)
    assert ada.ms_p50 is not None
    assert ada.ms_p95 is not None
    assert 0 <= ada.ms_p50 <= ada.ms_p95
    assert (bob.key, bob.turns, bob.tokens_in, bob.cost_usd) == ("bob", 1, None, None)
    [day, _] = await usages.sums("day", days=1)
    assert len(day.key) == len("2026-11-24")
    assert [line.key for line in await usages.sums("project", days=1)] == [store.project_id] * 2


async def test_what_ended_long_ago_is_left_out(store: Store) -> None:
    """Only the days asked for."""
    await ended(store, "ada", None, TaskStatus.COMPLETED)
    async with store.db.connection() as conn:
        await conn.execute("UPDATE tasks SET ended_at = now() - interval '40 days'")

    assert await Usages(store.db).sums("agent", days=30) == []
    assert len(await Usages(store.db).sums("agent", days=60)) == 1
