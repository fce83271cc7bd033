"""Table `pending_changes`: which files each turn changed, with the patch, as a record."""

# ruff: noqa: S608 - the queries are put together from constants of this module only

from collections.abc import Sequence

from msgspec import Struct

from roundhouse.model.change import Operation, PendingChange
from roundhouse.store.database import Database
from roundhouse.store.rows import decode_cursor, encode_cursor, fetch, number, storable_text

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
        if not values:
            return
        async with self._db.connection() as conn, conn.cursor() as cursor:
            await cursor.executemany(_INSERT, values)

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
