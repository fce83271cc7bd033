"""The record of which turn changed which file."""

import pytest

from roundhouse.model.errors import InvalidInput, NotFound
from roundhouse.store.changes import NewChange, PendingChanges
from tests.store.conftest import Store


def change(session_id: str, path: str, task_id: str | None = None) -> NewChange:
    """One changed file."""
    return NewChange(
        session_id=session_id,
        task_id=task_id,
        agent="demo",
        agents=["demo"],
        file_path=path,
        operation="edit",
        patch="@@ \0\udc80",
        additions=1,
        deletions=2,
    )


async def test_changed_files_are_listed_in_pages(store: Store) -> None:
    """Oldest first, whatever bytes the patch had."""
    session = await store.session()
    task = await store.task(session.id)
    changes = PendingChanges(store.db)
    await changes.add([])
    await changes.add([change(session.id, name, task.id) for name in ("a", "b\udcff", "c")])

    page, cursor = await changes.list(session.id, limit=2)
    assert [row.file_path for row in page] == ["a", "b�"]
    assert (page[0].patch, page[0].task_id, page[0].agents) == ("@@ ��", task.id, ["demo"])
    page, cursor = await changes.list(session.id, limit=2, cursor=cursor)
    assert ([row.file_path for row in page], cursor) == (["c"], None)
    with pytest.raises(InvalidInput):
        await changes.list(session.id, cursor="x")


async def test_the_tenth_row_comes_after_the_ninth(store: Store) -> None:
    """Ids are sent as text and ordered as numbers, for changes and for tasks."""
    session = await store.session()
    changes = PendingChanges(store.db)
    await changes.add([change(session.id, str(n)) for n in range(12)])
    made = [await store.task(session.id, str(n)) for n in range(12)]

    rows, _ = await changes.list(session.id)
    assert [row.file_path for row in rows] == [str(n) for n in range(12)]
    tasks, _ = await store.tasks.list(session.id)
    assert tasks == made


async def test_all_are_written_or_none(store: Store) -> None:
    """A session that is gone takes nothing."""
    session = await store.session()
    changes = PendingChanges(store.db)
    with pytest.raises(NotFound):
        await changes.add([change(session.id, "a"), change("nosuchsess", "b")])

    assert await changes.list(session.id) == ([], None)
