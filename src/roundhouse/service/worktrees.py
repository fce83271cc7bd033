"""Asks the node that holds a session's worktree. Knows which sessions have one, and no kind of request."""

from typing import Any

from roundhouse.model.errors import Conflict
from roundhouse.model.session import Session
from roundhouse.service.requests import NodeRequests
from roundhouse.store.sessions import Sessions

WRITE_DEADLINE = 55.0
"""Seconds for what writes files or snapshots: below the 60 after which our own client gives up."""


class Worktrees:
    """The worktrees of this Roundhouse's sessions, wherever they are."""

    def __init__(self, sessions: Sessions, requests: NodeRequests) -> None:
        self._sessions = sessions
        self._requests = requests

    async def session(self, session_id: str) -> Session:
        """A session that has a worktree. Raises NotFound, Conflict `nothing_to_review` before its first turn."""
        session = await self._sessions.get(session_id)
        if not await self._has_one(session):
            raise Conflict(
                "There is nothing to review: this session has had no turn yet.",
                code="nothing_to_review",
                remedy="Give an agent a task first.",
            )
        return session

    async def read(self, session_id: str, kind: str, args: dict[str, Any]) -> dict[str, Any] | None:
        """What is read there; None for a session without a worktree. Raises NotFound, NodeDown, and what it raises."""
        session = await self._sessions.get(session_id)
        if not await self._has_one(session):
            return None
        return await self._ask(session, kind, args, read=True)

    async def change(self, session_id: str, kind: str, args: dict[str, Any]) -> dict[str, Any]:
        """Have something done there, one thing at a time per session.

        Raises NotFound, Conflict `nothing_to_review`, NodeDown, and what the node refuses with.
        """
        return await self._ask(await self.session(session_id), kind, args, read=False)

    async def _has_one(self, session: Session) -> bool:
        return session.node_id is not None and await self._sessions.worktree(session.id) is not None

    async def _ask(
        self, session: Session, kind: str, args: dict[str, Any], *, read: bool
    ) -> dict[str, Any]:
        return await self._requests.ask(
            kind,
            args,
            node_id=session.node_id or "",
            session_id=session.id,
            by="http",
            read=read,
            deadline=None if read else WRITE_DEADLINE,
        )
