"""The states of a session's worktree that a person can go back to, and going there."""

from typing import Any

from roundhouse.model.errors import InvalidInput, NotFound
from roundhouse.model.outcome import RewindOutcome
from roundhouse.model.review import Checkpoint
from roundhouse.service.page import Page
from roundhouse.service.requests import read_outcome
from roundhouse.service.text import clean
from roundhouse.service.worktrees import Worktrees
from roundhouse.store.checkpoints import Checkpoints
from roundhouse.store.sessions import Sessions
from roundhouse.store.tasks import Tasks


class CheckpointService:
    """The checkpoints of this Roundhouse's sessions."""

    def __init__(
        self, worktrees: Worktrees, checkpoints: Checkpoints, sessions: Sessions, tasks: Tasks
    ) -> None:
        self._worktrees = worktrees
        self._checkpoints = checkpoints
        self._sessions = sessions
        self._tasks = tasks

    async def list(self, session_id: str, *, limit: int, cursor: str | None) -> Page[Checkpoint]:
        """A page of a session's checkpoints, newest first. Raises NotFound."""
        await self._sessions.get(session_id)
        return Page(*await self._checkpoints.list(session_id, limit=limit, cursor=cursor))

    async def rewind(
        self,
        session_id: str,
        *,
        checkpoint_id: str | None = None,
        task_id: str | None = None,
        before: bool = False,
        conversation: bool = False,
    ) -> RewindOutcome:
        """Take the worktree's files back to a checkpoint, or to after a task; `before`: to before that turn.

        A checkpoint of what is there now is made first where anything differs. With `conversation` agents that can go back themselves do so
        too. Raises NotFound, InvalidInput, NodeDown, WorkspaceError, Conflict (`nothing_to_review`, `session_busy`).
        """
        if (checkpoint_id is None) == (task_id is None):
            raise InvalidInput(
                "Give checkpoint_id or task_id, one of them.",
                code="missing" if task_id is None else InvalidInput.code,
                field="checkpoint_id" if task_id is None else "task_id",
            )
        if before and task_id is None:
            raise InvalidInput("`before` goes with task_id only.", field="before")
        await self._worktrees.session(session_id)
        args: dict[str, Any] = {"before": before, "conversation": conversation}
        if checkpoint_id is not None:
            clean(checkpoint_id, "checkpoint_id")
            args["checkpoint_id"] = (await self._checkpoints.get(session_id, checkpoint_id)).id
        elif task_id is not None:
            clean(task_id, "task_id")
            if (await self._tasks.get(task_id)).session_id != session_id:
                raise NotFound(f"There is no task {task_id} in this session.")
            args["task_id"] = task_id
        return read_outcome(await self._worktrees.change(session_id, "rewind", args), RewindOutcome)
