"""The record of which turn changed which file."""

import pytest

from roundhouse.model.change import ChangeStatus
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


async def test_rows_follow_what_differs(store: Store) -> None:
    """Those of files that differ no more are resolved; the history stays."""
    session, other = await store.session(), await store.session()
    await store.changed(session.id, "kept", "done", "odd\udcff")
    await store.changed(other.id, "done")

    assert await store.changes.resolve(session.id, ["kept", "odd\udcff"], "applied") == 1
    assert await store.changes.resolve(session.id, ["kept", "odd\udcff"], "rejected") == 0

    assert await store.statuses(session.id) == [
        ("kept", "pending"),
        ("done", "applied"),
        ("odd\ufffd", "pending"),
    ]
    assert await store.statuses(other.id) == [("done", "pending")]
    rows, _ = await store.changes.list(session.id)
    assert [row.resolved_at is None for row in rows] == [True, False, True]
    assert await store.changes.resolve(session.id, [], ChangeStatus.REVERTED) == 2
    with pytest.raises(NotFound):
        await store.changes.resolve("nosuchsess", [], "applied")


async def test_a_moved_file_is_kept_by_either_name(store: Store) -> None:
    """Its row has both."""
    session = await store.session()
    await store.changed(session.id, "new", operation="rename", old_path="old")

    assert await store.changes.resolve(session.id, {"old"}, "reverted") == 0
    assert await store.changes.resolve(session.id, {"new"}, "reverted") == 0
    assert await store.changes.resolve(session.id, {"else"}, "reverted") == 1


async def test_a_file_that_differs_again_is_pending_again(store: Store) -> None:
    """As after the undo of an apply: by the rows that were resolved last, not by those of before."""
    session = await store.session()
    await store.changed(session.id, "a", "b")
    await store.changes.resolve(session.id, [], "applied")
    await store.changed(session.id, "a", "b")
    await store.changes.resolve(session.id, ["b"], "rejected")

    assert await store.changes.resolve(session.id, ["a", "b", "new"], "reverted") == 0

    assert await store.statuses(session.id) == [
        ("a", "applied"),
        ("b", "applied"),
        ("a", "pending"),
        ("b", "pending"),
    ]


async def test_files_of_several_sessions_overlap(store: Store) -> None:
    """Those pending in two or more of one project, also under the name they had; archived sessions do not count."""
    one, two, three, gone = [await store.session(f"S{n}") for n in range(4)]
    elsewhere = await store.projects.create(name="b", path="/b", node_id=store.node_id)
    foreign = await store.sessions.create(project_id=elsewhere.id, title="Foreign")
    await store.changed(one.id, "a", "a", "b", "mine", "done")
    await store.changed(two.id, "a", "done")
    await store.changed(three.id, "moved", operation="rename", old_path="b")
    for session in (gone, foreign):
        await store.changed(session.id, "mine")
    await store.sessions.update(gone.id, archived=True)
    await store.changes.resolve(two.id, ["a"], "applied")

    found = await store.changes.overlaps(store.project_id)

    assert {o.path: {(s.id, s.title) for s in o.sessions} for o in found} == {
        "a": {(one.id, "S0"), (two.id, "S1")},
        "b": {(one.id, "S0"), (three.id, "S2")},
    }
    assert [len(o.sessions) for o in found] == [2, 2]
    assert await store.changes.overlaps(elsewhere.id) == []
