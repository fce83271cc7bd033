"""The states to go back to."""

import pytest

from roundhouse.model.errors import InvalidInput, NotFound
from roundhouse.model.review import CheckpointKind, NewCheckpoint
from tests.store.conftest import Store


def checkpoint(
    session_id: str,
    snapshot: str,
    kind: CheckpointKind = "person",
    task_id: str | None = None,
) -> NewCheckpoint:
    """One state."""
    return NewCheckpoint(
        session_id=session_id,
        kind=kind,
        title=f"To {snapshot}\0",
        snapshot=snapshot,
        task_id=task_id,
        agent="demo" if task_id else None,
        files=1,
        additions=2,
        deletions=3,
    )


async def test_checkpoints_are_listed_newest_first_in_pages(store: Store) -> None:
    """A session's own only."""
    session, other = await store.session(), await store.session()
    made = [await store.checkpoints.add(checkpoint(session.id, f"snap{n}")) for n in range(11)]
    await store.checkpoints.add(checkpoint(other.id, "else"))
    assert (made[0].title, made[0].kind, made[0].files) == ("To snap0�", "person", 1)

    page, cursor = await store.checkpoints.list(session.id, limit=9)
    rest, end = await store.checkpoints.list(session.id, limit=9, cursor=cursor)
    assert page + rest == made[::-1]
    assert end is None
    with pytest.raises(InvalidInput):
        await store.checkpoints.list(session.id, cursor="x")


async def test_a_checkpoint_is_found_by_id_and_by_task(store: Store) -> None:
    """Within its session."""
    session, other = await store.session(), await store.session()
    task = await store.task(session.id)
    await store.checkpoints.add(checkpoint(session.id, "before", "safety", task.id))
    with pytest.raises(NotFound):
        await store.checkpoints.of_task(session.id, task.id)
    made = await store.checkpoints.add(checkpoint(session.id, "after", "turn", task.id))

    assert await store.checkpoints.get(session.id, made.id) == made
    assert await store.checkpoints.of_task(session.id, task.id) == made
    assert (made.task_id, made.agent) == (task.id, "demo")
    for wrong in [(other.id, made.id), (session.id, "999999"), (session.id, "x")]:
        with pytest.raises(NotFound):
            await store.checkpoints.get(*wrong)
    with pytest.raises(NotFound):
        await store.checkpoints.of_task(other.id, task.id)
    with pytest.raises(NotFound):
        await store.checkpoints.add(checkpoint("nosuchsess", "x"))


async def test_a_turn_has_one_checkpoint(store: Store) -> None:
    """Settled again, it moves; other kinds may name the task as often as they like."""
    session = await store.session()
    task = await store.task(session.id)
    first = await store.checkpoints.add(checkpoint(session.id, "one", "turn", task.id))
    again = await store.checkpoints.add(checkpoint(session.id, "two", "turn", task.id))
    for _ in range(2):
        await store.checkpoints.add(checkpoint(session.id, "three", "rewind", task.id))

    assert (again.id, again.snapshot) == (first.id, "two")
    assert len((await store.checkpoints.list(session.id))[0]) == 3


async def test_checkpoints_go_with_their_session(store: Store) -> None:
    """With the task's own too."""
    session = await store.session()
    task = await store.task(session.id)
    await store.checkpoints.add(checkpoint(session.id, "one", "turn", task.id))
    await store.sessions.delete(session.id)

    assert await store.checkpoints.list(session.id) == ([], None)
