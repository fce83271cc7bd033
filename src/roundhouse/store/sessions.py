"""Table `sessions` and its line in the list; also `session_worktrees`, one row a session.

A session's status, counts and agents are derived when read, never stored, and only for the rows of the page.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from roundhouse.model.errors import Conflict, InvalidInput, NotFound
from roundhouse.model.session import Session, SessionStatus, Worktree
from roundhouse.store import session_queries as sql
from roundhouse.store.database import Database
from roundhouse.store.projects import new_id
from roundhouse.store.rows import (
    decode_cursor,
    encode_cursor,
    fetch,
    fetch_one,
    fetch_value,
    storable_text,
    touch,
)

COMMIT_SKEW = timedelta(seconds=5)
"""A change is stamped before its commit: who asks for news since a moment must look back this far."""

FOUND_MAX = 10


class Sessions:
    """The sessions of a database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def create(
        self,
        *,
        project_id: str,
        title: str,
        base_ref: str | None = None,
        include_uncommitted: bool = False,
    ) -> Session:
        """A new session on the project's node. Raises NotFound for the project."""
        session_id = new_id()
        values = (session_id, title, base_ref, include_uncommitted, project_id)
        async with self._db.connection() as conn:
            made = await conn.execute(sql.INSERT, values)
            if not made.rowcount:
                raise NotFound(f"There is no project {project_id}.")
            return _found(await fetch_one(conn, Session, sql.BY_IDS, ([session_id],)), session_id)

    async def get(self, session_id: str) -> Session:
        """One session's line. Raises NotFound."""
        async with self._db.connection() as conn:
            line = await fetch_one(conn, Session, sql.BY_IDS, ([session_id],))
        return _found(line, session_id)

    async def changed(self, ids: Collection[str]) -> list[Session]:
        """The lines of these sessions; those that are gone are left out."""
        async with self._db.connection() as conn:
            return await fetch(conn, Session, sql.BY_IDS, (list(ids),))

    async def changed_since(self, at: datetime) -> list[str]:
        """Ids of sessions changed since `at`, and some changed shortly before it: the poll beside the doorbell."""
        async with self._db.connection() as conn:
            rows = await (await conn.execute(sql.CHANGED_SINCE, (at - COMMIT_SKEW,))).fetchall()
        return [session_id for (session_id,) in rows]

    async def update(
        self,
        session_id: str,
        *,
        title: str | None = None,
        archived: bool | None = None,
        read_seq: int | None = None,
        handover: bool | None = None,
    ) -> Session:
        """Change what is given. `read_seq` only goes forward, and not past the last event. Raises NotFound."""
        values = {
            "id": session_id,
            "title": title,
            "archived": archived,
            "read_seq": read_seq,
            "handover": handover,
        }
        async with self._db.connection() as conn:
            await conn.execute(sql.UPDATE, values)
            line = await fetch_one(conn, Session, sql.BY_IDS, ([session_id],))
        return _found(line, session_id)

    async def resume(self, session_id: str) -> Session:
        """Lift the hold on what is queued. Raises NotFound."""
        async with self._db.connection() as conn:
            await conn.execute(sql.RESUME, (session_id,))
            line = await fetch_one(conn, Session, sql.BY_IDS, ([session_id],))
        return _found(line, session_id)

    async def delete(self, session_id: str) -> None:
        """Delete a session and all that belongs to it. Raises NotFound, and Conflict `session_busy`.

        Its worktree is the runner's to remove: channel `sessions_deleted`.
        """
        async with self._db.connection() as conn:
            await touch(conn, session_id)
            if await fetch_value(conn, sql.BUSY, (session_id,)):
                raise Conflict(
                    "A turn is running in this session.",
                    code="session_busy",
                    remedy="Cancel it first.",
                )
            # Before the rows that refer to it, as append_events does: else the two wait for each other.
            await conn.execute(sql.LOCK_HEAD, (session_id,))
            await conn.execute(sql.DELETE, (session_id,))

    async def set_activity(self, session_id: str, text: str | None) -> None:
        """Set the one-line answer to "why is it quiet"."""
        shown = None if text is None else storable_text(text)
        async with self._db.connection() as conn:
            await conn.execute(sql.SET_ACTIVITY, (shown, session_id, shown))

    async def settled(self, session_id: str, task_id: str) -> None:
        """Say that the task's changes are in: the session's next task may run."""
        async with self._db.connection() as conn:
            await conn.execute(sql.SETTLED, (session_id, int(task_id)))

    async def find(self, prefix: str) -> list[str]:
        """Ids that begin with `prefix`, at most FOUND_MAX."""
        if not prefix.isalnum():
            return []
        async with self._db.connection() as conn:
            rows = await (await conn.execute(sql.FIND, (f"{prefix}%", FOUND_MAX))).fetchall()
        return [session_id for (session_id,) in rows]

    async def worktree(self, session_id: str) -> Worktree | None:
        """The session's worktree, if it was ever made."""
        async with self._db.connection() as conn:
            return await fetch_one(conn, Worktree, sql.WORKTREE, (session_id,))

    async def save_worktree(self, worktree: Worktree) -> None:
        """Write a worktree's row, whether it was there or not. Raises NotFound for the session."""
        async with self._db.connection() as conn:
            await touch(conn, worktree.session_id)
            await conn.execute(
                sql.SAVE_WORKTREE,
                {name: getattr(worktree, name) for name in worktree.__struct_fields__},
            )

    async def set_snapshots(
        self,
        session_id: str,
        *,
        base: str | None = None,
        reviewed: str | None = None,
        head: str | None = None,
        additions: int | None = None,
        deletions: int | None = None,
    ) -> None:
        """Move the worktree's snapshots and sums; only what is given. Raises NotFound for the session."""
        values = (base, reviewed, head, additions, deletions, session_id)
        async with self._db.connection() as conn:
            await touch(conn, session_id)
            await conn.execute(sql.SET_SNAPSHOTS, values)

    async def list(
        self,
        *,
        project_id: str | None = None,
        status: SessionStatus | str | None = None,
        q: str | None = None,
        limit: int = 100,
        cursor: str | None = None,
    ) -> tuple[list[Session], str | None]:
        """A page of lines, most recently updated first, and the next page's cursor.

        Archived sessions are listed only by `status="archived"`. `q` is looked for in titles, and as the
        beginning of an id. Raises InvalidInput for an unknown status or cursor.
        """
        values: dict[str, Any] = {"limit": limit + 1}
        if project_id is not None:
            values["project_id"] = project_id
        if q:
            escaped = q.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
            values |= {"q": f"%{escaped}%", "q_id": f"{escaped.lower()}%"}
        if cursor:
            values["at"], values["after"] = decode_cursor(cursor, 2)
        query = sql.page(_status(status), values)
        async with self._db.connection() as conn:
            rows = await fetch(conn, Session, query, values)
        if len(rows) <= limit:
            return rows, None
        last = rows[limit - 1]
        return rows[:limit], encode_cursor(last.updated_at.isoformat(), last.id)


def _status(status: SessionStatus | str | None) -> SessionStatus | None:
    try:
        return None if status is None else SessionStatus(status)
    except ValueError:
        names = ", ".join(SessionStatus)
        raise InvalidInput(f"A session's status is one of {names}.", field="status") from None


def _found(session: Session | None, session_id: str) -> Session:
    if session is None:
        raise NotFound(f"There is no session {session_id}.")
    return session
