"""Remarks on lines, and when they count as answered."""

import anyio
import pytest

from roundhouse.model.errors import Conflict, NotFound
from roundhouse.model.review import Comment, NewComment
from roundhouse.model.task import TaskStatus
from tests.store.conftest import Store


async def comment(store: Store, session_id: str, text: str = "Why?\0") -> Comment:
    """A new comment."""
    return await store.comments.add(
        NewComment(
            session_id=session_id,
            path="src/app.py",
            line=3,
            side="new",
            text=text,
            agent="demo",
            task_id_of_line="77",
            hunk="@@ -1 +1 @@\n+x",
        )
    )


async def status(store: Store, one: Comment) -> str:
    """A comment's status now."""
    return (await store.comments.get(one.session_id, one.id)).status


async def test_comments_are_kept_with_their_line(store: Store) -> None:
    """Oldest first, of their session."""
    session, other = await store.session(), await store.session()
    made = [await comment(store, session.id) for _ in range(11)]
    await comment(store, other.id)

    assert await store.comments.list(session.id) == made
    assert (made[0].text, made[0].task_id_of_line, made[0].status) == ("Why?�", "77", "open")
    with pytest.raises(NotFound):
        await store.comments.get(other.id, made[0].id)
    with pytest.raises(NotFound):
        await comment(store, "nosuchsess")


@pytest.mark.parametrize(
    ("end", "then"), [("completed", "resolved"), ("failed", "open"), ("cancelled", "open")]
)
async def test_a_comment_is_resolved_when_it_is_answered(store: Store, end: str, then: str) -> None:
    """And open again when the task that carried it came to nothing; then it can be sent once more."""
    session = await store.session()
    one = await comment(store, session.id)
    task = await store.running(session.id)

    assert await store.comments.sent([one.id], task.id) == [one.id]
    assert await status(store, one) == "sent"
    assert await store.tasks.finish(task.id, store.node_id, TaskStatus(end))

    assert await status(store, one) == then
    again = await store.task(session.id)
    expected = [one.id] if then == "open" else []
    assert await store.comments.sent([one.id], again.id) == expected


async def test_a_comment_of_a_lost_task_is_open_again(store: Store) -> None:
    """Nobody knows whether it was answered."""
    session = await store.session()
    one = await comment(store, session.id)
    task = await store.running(session.id)
    await store.comments.sent([one.id], task.id)
    await store.nodes.reap(store.node_id)

    assert (await store.tasks.get(task.id)).status == "lost"
    assert await status(store, one) == "open"


async def test_a_comment_is_not_sent_twice(store: Store) -> None:
    """However many send it at the same time, one of them has it."""
    session, other = await store.session(), await store.session()
    made = [await comment(store, session.id) for _ in range(4)]
    foreign = await comment(store, other.id)
    ids = [one.id for one in [*made, foreign]]
    tasks = [await store.task(session.id) for _ in range(4)]
    marked: list[str] = []

    async def send(task_id: str) -> None:
        marked.extend(await store.comments.sent(ids, task_id))

    async with anyio.create_task_group() as group:
        for task in tasks:
            group.start_soon(send, task.id)

    assert sorted(marked, key=int) == [one.id for one in made]
    assert await status(store, foreign) == "open"
    with pytest.raises(NotFound):
        await store.comments.sent(ids, "999999")


async def test_only_open_comments_can_be_deleted(store: Store) -> None:
    """What an agent was told stays."""
    session = await store.session()
    one, two = await comment(store, session.id), await comment(store, session.id)
    await store.comments.sent([one.id], (await store.task(session.id)).id)

    with pytest.raises(Conflict) as caught:
        await store.comments.delete(session.id, one.id)
    assert caught.value.code == "comment_sent"
    await store.comments.delete(session.id, two.id)
    with pytest.raises(NotFound):
        await store.comments.delete(session.id, two.id)
    assert [c.id for c in await store.comments.list(session.id)] == [one.id]
