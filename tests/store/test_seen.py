"""What a person has looked at."""

import pytest

from roundhouse.model.errors import NotFound
from tests.store.conftest import Store


async def test_marks_are_kept_by_session(store: Store) -> None:
    """Each once, however often it is marked."""
    session, other = await store.session(), await store.session()
    await store.seen.add(session.id, ["b", "a", "a"])
    await store.seen.add(session.id, {"b", "c"})
    await store.seen.add(other.id, [])

    assert await store.seen.all(session.id) == {"a", "b", "c"}
    assert await store.seen.all(other.id) == set()
    with pytest.raises(NotFound):
        await store.seen.add("nosuchsess", ["a"])
    await store.sessions.delete(session.id)
    assert await store.seen.all(session.id) == set()
