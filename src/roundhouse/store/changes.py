"""Table `pending_changes`: which files each turn changed, with the patch, as a record.

A row is pending while its file differs between the session's base and its last snapshot. The rows themselves are
never deleted: applied, rejected and reverted ones are the history.
"""

# ruff: noqa: S608 - the queries are put together from constants of this module only

from collections.abc import Collection, Sequence

from msgspec import Struct

from roundhouse.model.change import ChangeStatus, Operation, PendingChange
from roundhouse.model.review import Overlap
from roundhouse.store.database import Database
from roundhouse.store.rows import (
    Connection,
    decode_cursor,
    encode_cursor,
    fetch,
    number,
    storable_text,
    touch,
)

OVERLAPS_MAX = 1000
"""More overlapping files than this nobody reads."""

_COLUMNS = """id::text, session_id, task_id::text, agent, agents, file_path, operation, patch, additions,
    deletions, status, created_at, old_path, resolved_at"""
_INSERT = """
    INSERT INTO pending_changes (session_id, task_id, agent, agents, file_path, old_path, operation, patch,
        additions, deletions)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"""
_LIST = (
    f"SELECT {_COLUMNS} FROM pending_changes WHERE session_id = %s AND id > %s "
    "ORDER BY pending_changes.id LIMIT %s"
)
_RESOLVE = """
    UPDATE pending_changes SET status = %(status)s, resolved_at = now()
    WHERE session_id = %(session_id)s AND status = 'pending'
      AND NOT file_path IN (SELECT unnest(%(keep)s::text[]))
      AND (old_path IS NULL OR NOT old_path IN (SELECT unnest(%(keep)s::text[])))"""
_WITHOUT_A_ROW = """
    SELECT unnest(%(keep)s::text[]) EXCEPT
    SELECT file_path FROM pending_changes WHERE session_id = %(session_id)s AND status = 'pending'"""
_REOPEN = """
    UPDATE pending_changes p SET status = 'pending', resolved_at = NULL
    FROM (SELECT r.file_path, max(r.resolved_at) AS resolved_at FROM pending_changes r
          WHERE r.session_id = %(session_id)s AND r.file_path = ANY (%(again)s) GROUP BY r.file_path) last
    WHERE p.session_id = %(session_id)s AND p.file_path = last.file_path
      AND p.resolved_at = last.resolved_at"""
_OVERLAPS = """
    WITH named AS MATERIALIZED (
        SELECT DISTINCT p.session_id, n.path COLLATE "C" AS path
        FROM sessions s JOIN pending_changes p ON p.session_id = s.id AND p.status = 'pending'
        CROSS JOIN LATERAL (VALUES (p.file_path), (p.old_path)) n (path)
        WHERE s.project_id = %s AND s.archived_at IS NULL AND n.path IS NOT NULL
    ), shared AS MATERIALIZED (
        SELECT path FROM named GROUP BY path HAVING count(*) > 1 ORDER BY path LIMIT %s
    )
    SELECT n.path, jsonb_agg(jsonb_build_object('id', s.id, 'title', s.title) ORDER BY s.id) AS sessions
    FROM shared JOIN named n USING (path) JOIN sessions s ON s.id = n.session_id
    GROUP BY n.path ORDER BY n.path"""


class NewChange(Struct, frozen=True, kw_only=True):
    """One file that one turn changed. `agent` is None where the person did."""

    session_id: str
    file_path: str
    operation: Operation
    patch: str
    additions: int
    deletions: int
    task_id: str | None = None
    agent: str | None = None
    agents: list[str] = []
    old_path: str | None = None


class PendingChanges:
    """The changed files of a database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def add(self, rows: Sequence[NewChange]) -> None:
        """Record changed files, all or none. Raises NotFound for the session or the task."""
        if not rows:
            return
        async with self._db.connection() as conn:
            await insert(conn, rows)

    async def resolve(
        self, session_id: str, keep: Collection[str], status: ChangeStatus | str
    ) -> int:
        """Let the rows follow a move of base or head; returns how many were resolved. Raises NotFound.

        `keep` are the files that differ between the two now, with both names of a moved one. Pending rows of
        other files get `status`; of a file in `keep` without a pending row, those resolved last are pending again.
        """
        async with self._db.connection() as conn:
            await touch(conn, session_id)
            return await follow(conn, session_id, keep, status)

    async def overlaps(self, project_id: str) -> list[Overlap]:
        """Files pending in several sessions of the project that are not archived; at most OVERLAPS_MAX."""
        async with self._db.connection() as conn:
            return await fetch(conn, Overlap, _OVERLAPS, (project_id, OVERLAPS_MAX))

    async def list(
        self, session_id: str, *, limit: int = 100, cursor: str | None = None
    ) -> tuple[list[PendingChange], str | None]:
        """A page of a session's changed files, oldest first, and the next page's cursor."""
        after = number(decode_cursor(cursor, 1)[0], "change") if cursor else 0
        async with self._db.connection() as conn:
            rows = await fetch(conn, PendingChange, _LIST, (session_id, after, limit + 1))
        if len(rows) <= limit:
            return rows, None
        return rows[:limit], encode_cursor(rows[limit - 1].id)


async def insert(conn: Connection, rows: Sequence[NewChange]) -> None:
    """Write the rows, in the caller's transaction."""
    values = [
        (
            row.session_id,
            None if row.task_id is None else int(row.task_id),
            row.agent,
            row.agents,
            storable_text(row.file_path),
            row.old_path and storable_text(row.old_path),
            row.operation,
            storable_text(row.patch),
            row.additions,
            row.deletions,
        )
        for row in rows
    ]
    async with conn.cursor() as cursor:
        await cursor.executemany(_INSERT, values)


async def follow(
    conn: Connection, session_id: str, keep: Collection[str], status: ChangeStatus | str
) -> int:
    """`PendingChanges.resolve`, in the caller's transaction and with the session's row locked by it."""
    values = {
        "session_id": session_id,
        "keep": sorted({storable_text(name) for name in keep}),
        "status": ChangeStatus(status).value,
    }
    resolved = await conn.execute(_RESOLVE, values)
    again = [name for (name,) in await (await conn.execute(_WITHOUT_A_ROW, values)).fetchall()]
    if again:
        await conn.execute(_REOPEN, {"session_id": session_id, "again": again})
    return resolved.rowcount
