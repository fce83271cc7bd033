"""Taking a session's changes out of its worktree: into the user's checkout, and into commits on its branch.

Owns which state is taken, and which rows follow. Merging, conflicts and what is written are `workspace`'s.
"""

from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from roundhouse.model.change import ChangeStatus
from roundhouse.model.errors import Conflict
from roundhouse.model.event import AppliedToCheckout, ChangedFile, Committed
from roundhouse.model.review import Applied, NewApplied
from roundhouse.runner.arguments import Handler, flag_of, session_of, text_of
from roundhouse.runner.books import Writing
from roundhouse.runner.ground import Ground, Rows
from roundhouse.runner.grounds import Grounds
from roundhouse.runner.outage import until_back
from roundhouse.runner.recorder import Recorder
from roundhouse.store.requests import Request
from roundhouse.workspace.apply import ApplyPlan, plan_apply, plan_undo
from roundhouse.workspace.commit import commit
from roundhouse.workspace.snapshot import Snapshots


class Applying:
    """Serves applies and commits."""

    def __init__(
        self, grounds: Grounds, rows: Rows, snapshots: Snapshots, recorder: Recorder
    ) -> None:
        self._grounds = grounds
        self._rows = rows
        self._snapshots = snapshots
        self._recorder = recorder

    def table(self) -> dict[str, Handler]:
        """By kind of request."""
        return {"apply": self.apply, "undo_apply": self.undo, "commit": self.commit}

    async def apply(self, request: Request) -> dict[str, Any]:
        """Bring what is new since the last apply into the checkout's files, all at once or not at all.

        While a turn runs: as of the last that settled. Raises Conflict (`apply_conflict` with what conflicts,
        `moved`).
        """
        accepted_only = flag_of(request, "accepted_only")
        async with self._grounds.hold(session_of(request)) as ground:
            if not accepted_only and not await self._grounds.busy(ground):
                await self._grounds.books.catch_up(ground)
            target = ground.reviewed if accepted_only else ground.head
            plan = await plan_apply(
                self._snapshots, ground.worktree, ground.repository, target, then={}
            )
            if flag_of(request, "check_only"):
                return _told(ground, plan, check_only=True)
            _refuse(plan)
            event = AppliedToCheckout(files=_files(plan), accepted_only=accepted_only)
            reviewed = ground.reviewed if accepted_only else target
            writing = Writing(
                event=event,
                base=_if_other(target, ground.base),
                reviewed=_if_other(reviewed, ground.reviewed),
                applied=_row(ground, plan, target, reviewed),
                gone=ChangeStatus.APPLIED,
            )
            await self._write(ground, plan, writing)
            return _told(ground, plan)

    async def undo(self, request: Request) -> dict[str, Any]:
        """Put the checkout's files back as they were before the last apply; edits made since then are kept.

        Raises Conflict (`nothing_to_undo`, `apply_conflict`, `moved`).
        """
        session_id = session_of(request)
        async with self._grounds.hold(session_id) as ground:
            last = await until_back(partial(self._rows.applies.last, session_id))
            if last is None:
                raise Conflict(
                    "There is no apply to take back.",
                    code="nothing_to_undo",
                    remedy="Apply something first.",
                )
            plan = await plan_undo(
                self._snapshots, ground.worktree, Path(last.project_path), last, then={}
            )
            _refuse(plan)
            writing = Writing(
                event=AppliedToCheckout(files=_files(plan), undone=True),
                base=_if_other(last.base_before, ground.base),
                reviewed=_reviewed_before(ground, last),
                undone_apply=last.id,
            )
            await self._write(ground, plan, writing)
            return _told(ground, plan)

    async def commit(self, request: Request) -> dict[str, Any]:
        """Commit what the session holds on its branch. Raises Conflict (`session_busy` and others), InvalidInput."""
        session_id, message = session_of(request), text_of(request, "message")
        async with self._grounds.hold(session_id) as ground:
            await self._grounds.idle(ground)
            await self._grounds.books.catch_up(ground)
            target = ground.reviewed if flag_of(request, "accepted_only") else ground.head
            made = await commit(
                self._snapshots,
                ground.worktree,
                target=target,
                message=message,
                squash=flag_of(request, "squash", default=True),
            )
            event = Committed(
                commit=made.commit, branch=made.branch, message=message, files=made.files
            )
            await self._recorder.emit(session_id, None, None, event)
            await self._recorder.drain(session_id)
            told: dict[str, Any] = msgspec.to_builtins(made)
            return told

    async def _write(self, ground: Ground, plan: ApplyPlan, writing: Writing) -> None:
        if plan.move is not None:
            await self._grounds.books.carry(ground, plan.move, writing)
        elif writing.base or writing.reviewed or writing.undone_apply:
            await self._grounds.books.persist(ground, writing)


def _told(ground: Ground, plan: ApplyPlan, *, check_only: bool = False) -> dict[str, Any]:
    if check_only:
        _refuse(plan)
    return {
        "applied": not check_only and bool(plan.files),
        "check_only": check_only,
        "files": msgspec.to_builtins(plan.files),
        "unchanged": plan.unchanged,
        "skipped": plan.skipped,
        "base": ground.base,
    }


def _refuse(plan: ApplyPlan) -> None:
    if plan.conflicts:
        names = ", ".join(sorted({conflict.path for conflict in plan.conflicts})[:3])
        more = len({conflict.path for conflict in plan.conflicts}) - 3
        raise Conflict(
            f"Nothing was written: {names}{f' and {more} more' if more > 0 else ''} cannot be merged.",
            code="apply_conflict",
            remedy="Change these files in the checkout so that both fit, or move them away, then apply again;"
            " or reject them in the session.",
            details={
                "conflicts": msgspec.to_builtins(plan.conflicts),
                "files": msgspec.to_builtins(plan.files),
            },
        )


def _row(ground: Ground, plan: ApplyPlan, target: str, reviewed: str) -> NewApplied | None:
    if plan.move is None:
        return None
    return NewApplied(
        session_id=ground.session.id,
        project_path=str(ground.repository),
        before_tree=plan.move.before,
        after_tree=plan.move.after,
        base_before=ground.base,
        base_after=target,
        reviewed_before=ground.reviewed,
        reviewed_after=reviewed,
        files=[file.path for file in plan.files],
    )


def _reviewed_before(ground: Ground, last: Applied) -> str | None:
    """What was reviewed before the apply, unless a verdict came since."""
    if ground.reviewed != last.reviewed_after:
        return None
    return _if_other(last.reviewed_before, ground.reviewed)


def _if_other(new: str, old: str) -> str | None:
    return new if new != old else None


def _files(plan: ApplyPlan) -> list[ChangedFile]:
    return [
        ChangedFile(
            path=file.path,
            operation=file.operation,
            additions=file.additions,
            deletions=file.deletions,
            old_path=file.old_path,
        )
        for file in plan.files
    ]
