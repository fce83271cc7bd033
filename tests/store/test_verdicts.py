"""Accepts and rejects, and the last of them."""

import pytest

from roundhouse.model.errors import Conflict, NotFound
from roundhouse.model.review import NewVerdict, VerdictKind
from tests.store.conftest import Store


def verdict(session_id: str, kind: VerdictKind = "accept") -> NewVerdict:
    """One verdict."""
    return NewVerdict(
        session_id=session_id, kind=kind, before="s1", after="s2", files=["a\udcff"], hunks=3
    )


async def test_the_last_that_is_not_undone_is_the_one_to_undo(store: Store) -> None:
    """Of either kind."""
    session, other = await store.session(), await store.session()
    first = await store.verdicts.add(verdict(session.id))
    second = await store.verdicts.add(verdict(session.id, "reject"))
    await store.verdicts.add(verdict(other.id))
    assert (first.kind, first.files, first.hunks) == ("accept", ["a�"], 3)

    assert await store.verdicts.last(session.id) == second
    await store.verdicts.undone(second.id)
    assert await store.verdicts.last(session.id) == first


async def test_a_verdict_is_undone_once(store: Store) -> None:
    """Who comes second is told."""
    session = await store.session()
    made = await store.verdicts.add(verdict(session.id))
    await store.verdicts.undone(made.id)

    with pytest.raises(Conflict) as caught:
        await store.verdicts.undone(made.id)
    assert caught.value.code == "stale"
    assert await store.verdicts.last(session.id) is None
    with pytest.raises(NotFound):
        await store.verdicts.undone("999999")
    with pytest.raises(NotFound):
        await store.verdicts.add(verdict("nosuchsess"))
