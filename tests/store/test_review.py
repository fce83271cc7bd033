"""What a review changes: together, and only from what the caller saw."""

from collections.abc import Awaitable, Callable
from functools import partial

import anyio
import pytest

from roundhouse.model.errors import Conflict, NotFound
from roundhouse.model.event import AppliedToCheckout
from roundhouse.model.review import NewApplied, NewCheckpoint, NewVerdict
from tests.store.conftest import Store, new_change


async def snapshots(store: Store, session_id: str) -> tuple[str | None, ...]:
    """Base, reviewed and head."""
    worktree = await store.sessions.worktree(session_id)
    assert worktree is not None
    return worktree.base_snapshot, worktree.reviewed_snapshot, worktree.head_snapshot


def applied(session_id: str) -> NewApplied:
    """An apply of everything."""
    return NewApplied(
        session_id=session_id,
        project_path="/repo",
        before_tree="t1",
        after_tree="t2",
        base_before="base",
        base_after="head",
        reviewed_before="base",
        reviewed_after="head",
        files=["a"],
    )


def state(session_id: str, snapshot: str) -> NewCheckpoint:
    """A state that a reject leaves."""
    return NewCheckpoint(session_id=session_id, kind="reject", title="No", snapshot=snapshot)


async def test_a_turn_an_apply_and_its_undo(store: Store) -> None:
    """Snapshots, sums, rows and the event move together, and the session's line with them."""
    session = await store.with_worktree()
    change = partial(store.review.persist, session.id)
    turn = await change(
        expect={"head": "base"},
        head="head",
        additions=5,
        deletions=1,
        new_changes=[new_change(session.id, "a"), new_change(session.id, "b")],
        resolve=(["a"], "reverted"),
    )
    line = await store.sessions.get(session.id)
    assert (turn.resolved, line.additions, line.deletions) == (1, 5, 1)
    assert line.updated_at > session.updated_at

    done = await change(
        expect={"base": "base", "reviewed": "base", "head": "head"},
        base="head",
        reviewed="head",
        additions=0,
        deletions=0,
        applied=applied(session.id),
        resolve=([], "applied"),
        event=AppliedToCheckout(files=[]),
    )
    assert done.applied is not None
    assert done.applied == await store.applies.last(session.id)
    assert await snapshots(store, session.id) == ("head", "head", "head")
    assert await store.statuses(session.id) == [("a", "applied"), ("b", "reverted")]
    assert await store.types(session.id) == ["applied"]

    undo = partial(
        change,
        expect={"base": "head"},
        base="base",
        reviewed="base",
        undone_apply=done.applied.id,
        resolve=(["a"], "reverted"),
    )
    assert not (await undo()).already
    assert await store.applies.last(session.id) is None
    assert await store.statuses(session.id) == [("a", "pending"), ("b", "reverted")]
    assert (await undo()).already


async def test_a_reject_and_its_undo(store: Store) -> None:
    """The verdict and its state come back from the call."""
    session = await store.with_worktree()
    done = await store.review.persist(
        session.id,
        expect={"head": "base"},
        head="without",
        checkpoint=state(session.id, "without"),
        verdict=NewVerdict(
            session_id=session.id, kind="reject", before="base", after="without", files=[], hunks=1
        ),
    )
    assert done.verdict is not None
    assert done.verdict == await store.verdicts.last(session.id)
    assert (await store.checkpoints.list(session.id))[0] == [done.checkpoint]

    await store.review.persist(
        session.id, expect={"head": "without"}, head="back", undone_verdict=done.verdict.id
    )
    assert await store.verdicts.last(session.id) is None


async def test_who_saw_an_older_state_writes_nothing(store: Store) -> None:
    """None of what it gives."""
    session = await store.with_worktree()
    await store.review.persist(session.id, expect={"head": "base"}, head="turn")
    moves: list[Callable[[], Awaitable[object]]] = [
        partial(store.review.persist, session.id, expect={"head": "base"}, head="other"),
        partial(store.review.persist, session.id, expect={"reviewed": "x"}, reviewed="turn"),
        partial(store.review.persist, session.id, expect={"head": None}),
        partial(
            store.review.persist,
            session.id,
            expect={"head": "turn"},
            head="new",
            checkpoint=state(session.id, "new"),
            undone_apply="999999",
        ),
    ]
    for move in moves:
        with pytest.raises(Conflict) as caught:
            await move()
        assert caught.value.code == "stale"

    assert await snapshots(store, session.id) == ("base", "base", "turn")
    assert await store.checkpoints.list(session.id) == ([], None)


@pytest.mark.parametrize("seen", ["base", "without"])
async def test_what_was_written_before_a_crash_is_not_written_twice(
    store: Store, seen: str
) -> None:
    """The second call finds its snapshots there, and the checkpoint that the first made, whatever it looked at."""
    session = await store.with_worktree()
    write = partial(
        store.review.persist,
        session.id,
        head="without",
        checkpoint=state(session.id, "without"),
        verdict=NewVerdict(
            session_id=session.id, kind="reject", before="base", after="without", files=[], hunks=1
        ),
        event=AppliedToCheckout(files=[]),
    )
    first, second = await write(expect={"head": "base"}), await write(expect={"head": seen})

    assert (first.already, second.already) == (False, True)
    assert second.checkpoint == first.checkpoint
    assert await store.types(session.id) == ["applied"]
    assert first.verdict == await store.verdicts.last(session.id)


async def test_of_many_at_once_one_wins(store: Store) -> None:
    """A settling turn and a verdict cannot overwrite each other."""
    session = await store.with_worktree()
    outcomes: list[str] = []

    async def move(name: str) -> None:
        try:
            await store.review.persist(session.id, expect={"head": "base"}, head=name)
            outcomes.append(name)
        except Conflict as conflict:
            outcomes.append(conflict.code)

    async with anyio.create_task_group() as tasks:
        for n in range(6):
            tasks.start_soon(move, f"snap{n}")

    [winner] = [name for name in outcomes if name != "stale"]
    assert outcomes.count("stale") == 5
    assert await snapshots(store, session.id) == ("base", "base", winner)


async def test_a_session_without_a_worktree_has_nothing_to_review(store: Store) -> None:
    """Nor has one that is not there."""
    session = await store.session()
    for session_id in (session.id, "nosuchsess"):
        with pytest.raises(NotFound):
            await store.review.persist(session_id, expect={}, head="x")
