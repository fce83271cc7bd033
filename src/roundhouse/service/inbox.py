"""What needs a person, over all sessions."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

from roundhouse.model.permission import Permission, PermissionStatus
from roundhouse.model.session import Session, SessionStatus
from roundhouse.service.page import Page
from roundhouse.store.permissions import Permissions
from roundhouse.store.sessions import Sessions


class InboxItem(Struct, frozen=True, kw_only=True):
    """One thing that waits: an agent's question, or a session whose last turn failed."""

    kind: Literal["permission", "failed"]
    at: datetime
    session_id: str
    title: str
    permission: Permission | None = None
    session: Session | None = None


class InboxService:
    """Gathers the inbox."""

    def __init__(self, permissions: Permissions, sessions: Sessions) -> None:
        self._permissions = permissions
        self._sessions = sessions

    async def list(self, *, limit: int) -> Page[InboxItem]:
        """The oldest `limit` things that need a person; there is no next page, answering makes room."""
        asked, _ = await self._permissions.list(status=PermissionStatus.PENDING, limit=limit)
        failed, _ = await self._sessions.list(status=SessionStatus.FAILED, limit=limit)
        items = [
            InboxItem(
                kind="permission",
                at=row.created_at,
                session_id=row.session_id,
                title=row.title,
                permission=row,
            )
            for row in asked
        ] + [
            InboxItem(
                kind="failed", at=row.updated_at, session_id=row.id, title=row.title, session=row
            )
            for row in failed
        ]
        return Page(sorted(items, key=lambda item: item.at)[:limit])
