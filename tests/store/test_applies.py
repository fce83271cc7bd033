"""What was written into the user's checkout."""

import pytest

from roundhouse.model.errors import Conflict, NotFound
from roundhouse.model.review import NewApplied
from tests.store.conftest import Store


def apply(session_id: str, after: str) -> NewApplied:
    """One apply."""
    return NewApplied(
        session_id=session_id,
        project_path="/repo",
        before_tree="t1",
        after_tree="t2",
        base_before="base",
        base_after=after,
        reviewed_before="base",
        reviewed_after=after,
        files=["a", "b\udcff"],
    )


async def test_the_last_that_is_not_undone_is_the_one_to_undo(store: Store) -> None:
    """One after the other, until none is left."""
    session, other = await store.session(), await store.session()
    first = await store.applies.add(apply(session.id, "one"))
    second = await store.applies.add(apply(session.id, "two"))
    await store.applies.add(apply(other.id, "else"))
    assert (first.files, first.undone_at) == (["a", "b�"], None)

    assert await store.applies.last(session.id) == second
    await store.applies.undone(second.id)
    assert await store.applies.last(session.id) == first
    await store.applies.undone(first.id)
    assert await store.applies.last(session.id) is None


async def test_an_apply_is_undone_once(store: Store) -> None:
    """Who comes second is told."""
    session = await store.session()
    made = await store.applies.add(apply(session.id, "one"))
    await store.applies.undone(made.id)

    with pytest.raises(Conflict) as caught:
        await store.applies.undone(made.id)
    assert caught.value.code == "stale"
    for wrong in ("x", "999999"):
        with pytest.raises(NotFound):
            await store.applies.undone(wrong)
    with pytest.raises(NotFound):
        await store.applies.add(apply("nosuchsess", "x"))
