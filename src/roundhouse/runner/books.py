"""Keeps a session's books: snapshots of its worktree and the rows that follow from them, whoever moved the files.

Owns whose a difference is, which rows change together, and that a write which began is written down to its end, also
over a crash. Which lock is held meanwhile is `grounds`'; what files become is `workspace`'s.
"""

from functools import partial
from typing import Any

import msgspec
import structlog
from msgspec import Struct
from msgspec.structs import replace

from roundhouse.model.change import ChangeStatus
from roundhouse.model.errors import RoundhouseError, WorkspaceError
from roundhouse.model.event import Activity, ChangedFile, Changes, EventBody
from roundhouse.model.review import (
    Checkpoint,
    CheckpointKind,
    NewApplied,
    NewCheckpoint,
    NewVerdict,
)
from roundhouse.model.session import Worktree
from roundhouse.model.task import Task, TaskStatus
from roundhouse.runner.ground import Ground, Rows
from roundhouse.runner.outage import until_back
from roundhouse.runner.recorder import Recorder
from roundhouse.store.changes import NewChange
from roundhouse.workspace.delta import Entry, entries
from roundhouse.workspace.diff import shown
from roundhouse.workspace.move import Move, carry_out, finish, resume, unfinished
from roundhouse.workspace.snapshot import FileDelta, Snapshots
from roundhouse.workspace.sweep import Sweep

NO_TASK = "0"
"""An id that no task has."""

OWN_EDITS = "Your own edits"

log = structlog.get_logger(__name__)


class Writing(Struct, frozen=True, kw_only=True):
    """The rows that follow once files or snapshots moved: all it takes to write them, also in the next process.

    Only the snapshots that move are given.
    """

    event: EventBody
    base: str | None = None
    reviewed: str | None = None
    head: str | None = None
    checkpoint: NewCheckpoint | None = None
    verdict: NewVerdict | None = None
    undone_verdict: str | None = None
    applied: NewApplied | None = None
    undone_apply: str | None = None
    gone: ChangeStatus = ChangeStatus.REVERTED
    """What became of pending files that differ no more."""

    def onto(self, worktree: Worktree) -> Worktree:
        """The row as it is afterwards."""
        moved = {"base": self.base, "reviewed": self.reviewed, "head": self.head}
        return replace(
            worktree, **{f"{name}_snapshot": value for name, value in moved.items() if value}
        )


class Books:
    """The books of all sessions on this node."""

    def __init__(self, rows: Rows, recorder: Recorder, snapshots: Snapshots, sweep: Sweep) -> None:
        self._rows = rows
        self._recorder = recorder
        self._snapshots = snapshots
        self._sweep = sweep
        self.unpacked: dict[str, Worktree] = {}
        """What has snapshots that no pack holds yet."""

    async def catch_up(self, ground: Ground, before_task: str = NO_TASK) -> None:
        """Find what moved since the last look, and whose it is."""
        look = await self._sweep.scan(ground.path)
        if self._sweep.same(ground.fingerprint, look):
            return
        # After a turn that settled only the person moves files.
        if not await self.settle_leftover(ground, before_task):
            await self._take(ground, _label(ground, "person", OWN_EDITS))
        ground.fingerprint = look

    async def settle_leftover(self, ground: Ground, before_task: str = NO_TASK) -> bool:
        """Record what a turn that never settled left behind as its agent's. False: there is no such turn."""
        last = await self._leftover(ground.session.id, before_task)
        if last is None:
            return False
        look = await self._sweep.scan(ground.path)
        await self._turn(ground, last)
        ground.fingerprint = look
        after = partial(self._rows.tasks.set_snapshots, last.id, after=ground.head)
        await until_back(after)
        return True

    async def _leftover(self, session_id: str, before_task: str) -> Task | None:
        """The last turn that an agent had a part in, if it never settled."""
        while True:
            previous = partial(self._rows.tasks.previous, session_id, before_task)
            last = await until_back(previous)
            if last is None or last.snapshot_after is not None:
                return None
            # Of a runner that died not even that may have been written.
            if last.status is TaskStatus.LOST or await self._had_agent(last):
                return last
            before_task = last.id

    async def _had_agent(self, task: Task) -> bool:
        ready = partial(self._rows.events.of_tasks, task.session_id, 0, ["agent_ready"])
        return any(event.task_id == task.id for event in await until_back(ready))

    async def look_again(self, ground: Ground) -> None:
        """After we wrote the worktree's files: what is not as we wrote it is the person's, and every agent is behind."""
        ground.fingerprint = None
        ground.last_agent = None
        try:
            await self.catch_up(ground)
        except (RoundhouseError, OSError):
            # What was asked for is done; the next turn looks once more.
            log.warning(
                "the worktree was not looked at", session_id=ground.session.id, exc_info=True
            )
            ground.doubtful = True

    async def settle(self, ground: Ground, task: Task) -> None:
        """Record what the turn changed: snapshot, rows, checkpoint, event."""
        look = await self._sweep.scan(ground.path)
        await self._turn(ground, task, moved=not self._sweep.same(ground.fingerprint, look))
        ground.fingerprint = look
        ground.last_agent = task.agent

    async def secure(self, ground: Ground, title: str) -> Checkpoint:
        """A checkpoint of its own of the last snapshot, to go back to."""
        return await self._remember(_label(ground, "safety", title))

    async def checkpoint_here(self, ground: Ground, title: str) -> Checkpoint:
        """The checkpoint of the last snapshot; made now where none is the newest."""
        newest = await self.newest(ground.session.id)
        if newest is not None and newest.snapshot == ground.head:
            return newest
        return await self._remember(_label(ground, "safety", title))

    async def newest(self, session_id: str) -> Checkpoint | None:
        """The session's last checkpoint."""
        found, _ = await until_back(partial(self._rows.checkpoints.list, session_id, limit=1))
        return found[0] if found else None

    async def begin(self, worktree: Worktree) -> None:
        """Remember the state a session begins with."""
        assert worktree.base_snapshot is not None  # noqa: S101 - the caller has just made it
        if await self.newest(worktree.session_id) is None:
            new = NewCheckpoint(
                session_id=worktree.session_id,
                kind="base",
                title="Before the first turn",
                snapshot=worktree.base_snapshot,
            )
            await until_back(partial(self._rows.checkpoints.add, new))

    async def carry(self, ground: Ground, move: Move, writing: Writing) -> Checkpoint | None:
        """Write the files, then the rows: from here on both happen, also over a crash. Gives the new checkpoint.

        Raises Conflict `moved`, with nothing written, when the files are not what they were when this was planned.
        """
        move = replace(move, then=msgspec.to_builtins(writing))
        ground.doubtful = True
        left = await carry_out(self._snapshots, ground.worktree, move)
        made = await self.persist(ground, writing)
        await self._tell_left(ground, left)
        await finish(self._snapshots, ground.session.id)
        ground.doubtful = False
        return made

    async def recover(self, ground: Ground) -> None:
        """Believe the row, and bring what began and did not end to its end."""
        session_id = ground.session.id
        row = await until_back(partial(self._rows.sessions.worktree, session_id))
        ground.worktree = row or ground.worktree
        move = await unfinished(self._snapshots, session_id)
        if move is not None:
            log.warning("going on with what was cut short", session_id=session_id, kind=move.kind)
            writing = _writing_of(move)
            left = await resume(self._snapshots, ground.worktree, move)
            await self.persist(ground, writing)
            await self._tell_left(ground, left)
            await finish(self._snapshots, session_id)
            ground.fingerprint = None
            ground.last_agent = None
        ground.doubtful = False

    async def _tell_left(self, ground: Ground, left: list[str]) -> None:
        if left:
            names = ", ".join(left)
            text = f"Left as they are, since they were changed in that moment: {names}"
            await self._say(ground, None, text)

    async def persist(self, ground: Ground, writing: Writing) -> Checkpoint | None:
        """Write the rows and the event in one transaction. Gives the new checkpoint; a second time is like once."""
        old, new = ground.worktree, writing.onto(ground.worktree)
        # What was emitted before this comes before it in the log.
        await self._recorder.drain(old.session_id)
        expect = {
            "base": old.base_snapshot if writing.base else None,
            "reviewed": old.reviewed_snapshot if writing.reviewed else None,
            "head": old.head_snapshot if writing.head else None,
        }
        additions, deletions = await self._sums(new)
        written = await until_back(
            partial(
                self._rows.review.persist,
                old.session_id,
                base=writing.base,
                reviewed=writing.reviewed,
                head=writing.head,
                expect={name: value for name, value in expect.items() if value},
                checkpoint=writing.checkpoint,
                applied=writing.applied,
                undone_apply=writing.undone_apply,
                verdict=writing.verdict,
                undone_verdict=writing.undone_verdict,
                resolve=(await self._pending(new), writing.gone),
                event=writing.event,
                additions=additions,
                deletions=deletions,
            )
        )
        ground.worktree = new
        self.unpacked[old.session_id] = new
        return written.checkpoint

    async def _turn(self, ground: Ground, task: Task, *, moved: bool = True) -> None:
        label = _label(ground, "turn", _title(task), task)
        if not moved or not await self._take(ground, label, task):
            await self._remember(label)

    async def _take(self, ground: Ground, label: NewCheckpoint, owner: Task | None = None) -> bool:
        """Take a snapshot as `owner`'s, None being the person, and record what it differs in. False: in nothing."""
        old = ground.head
        taken = await self._snapshots.take(
            ground.worktree,
            parents=[old],
            author=owner.agent if owner else None,
            task_id=owner.id if owner else None,
            message=_title(owner) if owner else "Changes by the person",
        )
        if taken.skipped:
            await self._say(
                ground, owner, f"Left out (repositories of their own): {', '.join(taken.skipped)}"
            )
        if taken.changed:
            deltas = await self._snapshots.turn_changes(ground.worktree, old, taken.commit)
            made = replace(label, snapshot=taken.commit, **counts(deltas))
            await self._record(ground, owner, made, deltas)
        return taken.changed

    async def _record(
        self, ground: Ground, owner: Task | None, made: NewCheckpoint, deltas: list[FileDelta]
    ) -> None:
        session_id = ground.session.id
        agent = owner.agent if owner else None
        rows = [
            NewChange(
                session_id=session_id,
                task_id=owner.id if owner else None,
                agent=agent,
                agents=[agent] if agent else [],
                file_path=delta.file_path,
                old_path=delta.old_path,
                operation=delta.operation,
                patch=delta.patch,
                additions=delta.additions,
                deletions=delta.deletions,
            )
            for delta in deltas
        ]
        new = replace(ground.worktree, head_snapshot=made.snapshot)
        additions, deletions = await self._sums(new)
        await until_back(
            partial(
                self._rows.review.persist,
                session_id,
                head=made.snapshot,
                expect={"head": ground.head},
                checkpoint=made,
                new_changes=rows,
                resolve=(await self._pending(new), ChangeStatus.REVERTED),
                additions=additions,
                deletions=deletions,
            )
        )
        ground.worktree = new
        self.unpacked[session_id] = new
        event = Changes(files=changed_files(deltas), snapshot=made.snapshot)
        await self._recorder.emit(session_id, _task_of(owner), agent, event)

    async def _remember(self, new: NewCheckpoint) -> Checkpoint:
        return await until_back(partial(self._rows.checkpoints.add, new))

    async def _pending(self, worktree: Worktree) -> set[str]:
        """The names of all files that differ from what the user's checkout has."""
        found = await self._between(worktree, worktree.base_snapshot)
        return {shown(name) for entry in found for name in (entry.path, entry.old_name)}

    async def _sums(self, worktree: Worktree) -> tuple[int, int]:
        """How much waits for a verdict: additions, deletions."""
        found = await self._between(worktree, worktree.reviewed_snapshot)
        added = sum(entry.additions or 0 for entry in found)
        return added, sum(entry.deletions or 0 for entry in found)

    async def _between(self, worktree: Worktree, old: str | None) -> list[Entry]:
        new = worktree.head_snapshot
        if old is None or new is None or old == new:
            return []
        return await entries(self._snapshots.path(worktree.session_id), old, new)

    async def _say(self, ground: Ground, owner: Task | None, text: str) -> None:
        agent = owner.agent if owner else None
        await self._recorder.emit(ground.session.id, _task_of(owner), agent, Activity(text=text))


def _writing_of(move: Move) -> Writing:
    """The rows that follow a move. Raises WorkspaceError."""
    try:
        return msgspec.convert(move.then, Writing)
    except msgspec.ValidationError as error:
        raise WorkspaceError(
            f"The journal of a {move.kind} cannot be read: {error}",
            remedy="Start the Roundhouse that wrote it once more, or delete the session.",
        ) from error


def changed_files(deltas: list[FileDelta]) -> list[ChangedFile]:
    """The deltas without their patches."""
    return [
        ChangedFile(
            path=delta.file_path,
            operation=delta.operation,
            additions=delta.additions,
            deletions=delta.deletions,
            old_path=delta.old_path,
        )
        for delta in deltas
    ]


def counts(files: list[FileDelta]) -> dict[str, Any]:
    """What a checkpoint says of a difference."""
    return {
        "files": len(files),
        "additions": sum(delta.additions for delta in files),
        "deletions": sum(delta.deletions for delta in files),
    }


def _title(task: Task) -> str:
    lines = task.input.strip().splitlines()
    return lines[0] if lines else "A turn"


def _label(
    ground: Ground, kind: CheckpointKind, title: str, task: Task | None = None
) -> NewCheckpoint:
    """A checkpoint of what is there now, in which nothing moved."""
    return NewCheckpoint(
        session_id=ground.session.id,
        kind=kind,
        title=title,
        snapshot=ground.head,
        task_id=task.id if task else None,
        agent=task.agent if task else None,
    )


def _task_of(owner: Task | None) -> str | None:
    """The task an event may carry: the log takes nothing more from one that was lost."""
    return owner.id if owner is not None and owner.status != "lost" else None
