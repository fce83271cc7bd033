"""Verdicts on a session's changes: accept, reject, seen, and taking the last verdict back.

Owns what is asked first (is a turn running, did the person edit meanwhile) and which rows follow. Which content a
verdict leads to is `workspace.verdict`'s.
"""

from typing import Any, Literal

from anyio import to_thread
from msgspec.structs import replace

from roundhouse.model.change import ChangeStatus
from roundhouse.model.errors import Conflict, InvalidInput
from roundhouse.model.event import Reviewed
from roundhouse.model.review import Choice, NewCheckpoint, NewVerdict, VerdictKind, VerdictRow
from roundhouse.runner.arguments import Handler, choice_of, session_of, text_of
from roundhouse.runner.books import Writing, counts
from roundhouse.runner.ground import Ground, Rows
from roundhouse.runner.grounds import Grounds
from roundhouse.runner.outage import until_back
from roundhouse.store.requests import Request
from roundhouse.workspace import verdict
from roundhouse.workspace.delta import entries
from roundhouse.workspace.diff import shown
from roundhouse.workspace.review import chosen_by, marks
from roundhouse.workspace.rewind import rewind_to, worktree_move
from roundhouse.workspace.session_store import exists
from roundhouse.workspace.snapshot import Snapshots

TITLE = 120
"""A checkpoint's title names files up to so many characters."""


class Reviewing:
    """Serves verdicts."""

    def __init__(self, grounds: Grounds, rows: Rows, snapshots: Snapshots) -> None:
        self._grounds = grounds
        self._rows = rows
        self._snapshots = snapshots

    def table(self) -> dict[str, Handler]:
        """By kind of request."""
        return {
            "accept": self.accept,
            "reject": self.reject,
            "seen": self.seen,
            "undo_verdict": self.undo,
        }

    async def accept(self, request: Request) -> dict[str, Any]:
        """Move the chosen changes into the reviewed snapshot, also while a turn runs: as of the last that settled.

        Raises Conflict (`stale_file`, `stale_hunk`, `stale_changes`).
        """
        choice = choice_of(request)
        async with self._grounds.hold(session_of(request), files=False) as ground:
            saw = ground.head
            # What was accepted needs no folder.
            there = await to_thread.run_sync(ground.path.is_dir)
            if there and not await self._grounds.busy(ground):
                await self._grounds.books.catch_up(ground)
            await self._refuse_unseen(request, ground, choice, saw)
            found = await verdict.accept(self._snapshots, ground.worktree, choice)
            if found.snapshot != ground.reviewed:
                writing = Writing(
                    event=_reviewed("accepted", found),
                    reviewed=found.snapshot,
                    verdict=_row(ground, "accept", ground.reviewed, found),
                )
                await self._grounds.books.persist(ground, writing)
            return _told(ground, found)

    async def reject(self, request: Request) -> dict[str, Any]:
        """Take the chosen changes out of the worktree's files.

        Raises Conflict (`session_busy`, `stale_file`, `stale_hunk`, `stale_changes`, `moved`).
        """
        choice, books = choice_of(request), self._grounds.books
        async with self._grounds.hold(session_of(request)) as ground:
            await self._grounds.idle(ground)
            saw = ground.head
            await books.catch_up(ground)
            await self._refuse_unseen(request, ground, choice, saw)
            found = await verdict.reject(self._snapshots, ground.worktree, choice)
            if found.snapshot == ground.head:
                return _told(ground, found)
            title = _title("Rejected", found.files)
            undo = await books.checkpoint_here(ground, f"Before: {title}")
            made = await self._write(
                ground,
                "reject",
                title,
                Writing(
                    event=_reviewed("rejected", found),
                    head=found.snapshot,
                    verdict=_row(ground, "reject", ground.head, found),
                    gone=ChangeStatus.REJECTED,
                ),
            )
            return _told(ground, found) | {"checkpoint_id": made, "undo_checkpoint_id": undo.id}

    async def seen(self, request: Request) -> dict[str, Any]:
        """Mark the chosen changes as looked at, until they change.

        Raises Conflict (`stale_file`, `stale_hunk`, `stale_changes`).
        """
        choice, session_id = choice_of(request), session_of(request)
        async with self._grounds.hold(session_id, files=False) as ground:
            await self._refuse_unseen(request, ground, choice, ground.head)
            found = await marks(self._snapshots, ground.worktree, choice)
        await until_back(lambda: self._rows.seen.add(session_id, found))
        return {"marked": len(found)}

    async def undo(self, request: Request) -> dict[str, Any]:
        """Take the last accept or reject back.

        Raises Conflict (`nothing_to_undo`, `stale_verdict` when something was built on it, `session_busy`, `moved`,
        `occupied`).
        """
        session_id = session_of(request)
        async with self._grounds.hold(session_id, files=False) as ground:
            last = await until_back(lambda: self._rows.verdicts.last(session_id))
            if last is None:
                raise Conflict(
                    "There is no accept or reject to take back.",
                    code="nothing_to_undo",
                    remedy="Files can be taken back to any checkpoint instead.",
                )
            if last.kind == "accept":
                made = await self._undo_accept(ground, last)
            else:
                made = await self._undo_reject(ground, last)
            return {
                "undone": last.kind,
                "reviewed": ground.reviewed,
                "head": ground.head,
                "files": last.files,
                "hunks": last.hunks,
            } | made

    async def _refuse_unseen(
        self, request: Request, ground: Ground, choice: Choice, saw: str
    ) -> None:
        """Raises Conflict `stale_changes` where the choice takes in what differs from the snapshot its asker saw.

        That is `head`, where it is given, else `saw`. Hunks are named by their content.
        """
        if request.args.get("head") is not None:
            saw = text_of(request, "head")
        if saw == ground.head:
            return
        store = self._snapshots.path(ground.session.id)
        if not await exists(store, saw):
            raise InvalidInput("That is not a snapshot of this session.", field="head")
        found = await entries(store, saw, ground.head)
        moved = {shown(name) for entry in found for name in (entry.path, entry.old_name)}
        unseen = moved if choice.everything else moved & choice.files
        if choice.agent is not None and await self._grew(ground, choice.agent, saw, moved):
            unseen = moved
        if unseen:
            raise Conflict(
                "The worktree moved since you looked.",
                code="stale_changes",
                remedy="Look at the changes again.",
                details={"paths": sorted(unseen)},
            )

    async def _grew(self, ground: Ground, agent: str, saw: str, moved: set[str]) -> bool:
        """Whether what only the agent, or the person, wrote is now more than it was, or other content."""
        before = replace(ground.worktree, head_snapshot=saw)
        files, hunks, _ = await chosen_by(self._snapshots, before, agent)
        files_now, hunks_now, _ = await chosen_by(self._snapshots, ground.worktree, agent)
        return not (hunks_now <= hunks and files_now <= files - moved)

    async def _undo_accept(self, ground: Ground, last: VerdictRow) -> dict[str, Any]:
        if ground.reviewed != last.after or ground.base == last.after:
            raise _built_on(last, "Take the apply back first, if there was one.")
        writing = Writing(event=_undone(last), reviewed=last.before, undone_verdict=last.id)
        await self._grounds.books.persist(ground, writing)
        return {}

    async def _undo_reject(self, ground: Ground, last: VerdictRow) -> dict[str, Any]:
        books = self._grounds.books
        await self._grounds.idle(ground)
        await books.catch_up(ground)
        if ground.head != last.after:
            raise _built_on(last, "Rewind to the checkpoint before it.")
        title = _title("Took back: rejected", last.files)
        undo = await books.checkpoint_here(ground, f"Before: {title}")
        target = await rewind_to(
            self._snapshots, ground.worktree, known=ground.head, target=last.before, message=title
        )
        if target.snapshot == ground.head:
            raise Conflict(
                "Nothing of it can come back: something else lies in its place.",
                code="occupied",
                remedy="Move that away, then try again.",
                details={"paths": target.kept},
            )
        writing = Writing(event=_undone(last), head=target.snapshot, undone_verdict=last.id)
        made = await self._write(ground, "undo_reject", title, writing)
        return {"checkpoint_id": made, "undo_checkpoint_id": undo.id}

    async def _write(self, ground: Ground, kind: str, title: str, writing: Writing) -> str | None:
        """Bring the worktree's files to `writing.head`, then write the rows. Gives the new checkpoint's id."""
        old, new = ground.head, writing.head or ground.head
        deltas = await self._snapshots.turn_changes(ground.worktree, old, new)
        checkpoint = NewCheckpoint(
            session_id=ground.session.id,
            kind="reject" if kind == "reject" else "rewind",
            title=title,
            snapshot=new,
            **counts(deltas),
        )
        move = await worktree_move(self._snapshots, ground.worktree, old, new, kind=kind, then={})
        books = self._grounds.books
        writing = replace(writing, checkpoint=checkpoint)
        made = await books.carry(ground, move, writing)
        await books.look_again(ground)
        return made.id if made else None


def _told(ground: Ground, found: verdict.Verdict) -> dict[str, Any]:
    return {
        "reviewed": ground.reviewed,
        "head": ground.head,
        "files": found.files,
        "hunks": found.hunks,
        "mixed": found.mixed,
    }


def _reviewed(word: Literal["accepted", "rejected"], found: verdict.Verdict) -> Reviewed:
    return Reviewed(verdict=word, files=found.files, hunks=found.hunks, snapshot=found.snapshot)


def _undone(last: VerdictRow) -> Reviewed:
    return Reviewed(verdict="undone", files=last.files, hunks=last.hunks, snapshot=last.before)


def _row(ground: Ground, kind: VerdictKind, before: str, found: verdict.Verdict) -> NewVerdict:
    return NewVerdict(
        session_id=ground.session.id,
        kind=kind,
        before=before,
        after=found.snapshot,
        files=found.files,
        hunks=found.hunks,
    )


def _built_on(last: VerdictRow, remedy: str) -> Conflict:
    return Conflict(
        f"Something was built on the last {last.kind} since.", code="stale_verdict", remedy=remedy
    )


def _title(word: str, files: list[str]) -> str:
    """The word and the files' names, as many as there is room for."""
    text = f"{word} {', '.join(files)}"
    return text if len(text) <= TITLE else text[: TITLE - 1] + "…"
