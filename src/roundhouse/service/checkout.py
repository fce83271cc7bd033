"""Taking a session's changes out of it: into the user's checkout, and into commits on the session's branch.

The node merges and writes; here is what may be asked of it.
"""

from roundhouse.model.errors import InvalidInput, TooLarge
from roundhouse.model.outcome import ApplyOutcome, CommitOutcome
from roundhouse.service.requests import read_outcome
from roundhouse.service.text import clean
from roundhouse.service.worktrees import Worktrees

MESSAGE_MAX = 64 * 1024
"""Bytes of a commit's message."""


class CheckoutService:
    """Applies and commits."""

    def __init__(self, worktrees: Worktrees) -> None:
        self._worktrees = worktrees

    async def apply(
        self, session_id: str, *, accepted_only: bool = False, check_only: bool = False
    ) -> ApplyOutcome:
        """Bring the changes into the working files of the user's checkout; with `check_only` only say what would be.

        Raises NotFound, NodeDown, WorkspaceError, Conflict `nothing_to_review`, and Conflict `apply_conflict` with
        `conflicts` and `files` in its details, in which case nothing is written.
        """
        told = await self._worktrees.change(
            session_id, "apply", {"accepted_only": accepted_only, "check_only": check_only}
        )
        return read_outcome(told, ApplyOutcome)

    async def undo_apply(self, session_id: str) -> ApplyOutcome:
        """Take the last apply back. Raises as `apply`, and Conflict `nothing_to_undo`."""
        return read_outcome(
            await self._worktrees.change(session_id, "undo_apply", {}), ApplyOutcome
        )

    async def commit(
        self, session_id: str, message: str, *, squash: bool = True, accepted_only: bool = False
    ) -> CommitOutcome:
        """Commit the changes on the session's branch: one commit, or one per turn without `squash`.

        Raises NotFound, InvalidInput, TooLarge, NodeDown, WorkspaceError, Conflict (`nothing_to_review`,
        `nothing_to_commit`, `session_busy`).
        """
        clean(message, "message")
        if not message.strip():
            raise InvalidInput("A commit needs a message.", code="empty", field="message")
        if len(message.encode()) > MESSAGE_MAX:
            raise TooLarge(f"The message is over {MESSAGE_MAX // 1024} KiB.", field="message")
        told = await self._worktrees.change(
            session_id,
            "commit",
            {"message": message, "squash": squash, "accepted_only": accepted_only},
        )
        return read_outcome(told, CommitOutcome)
