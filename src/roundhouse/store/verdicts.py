"""Table `verdicts`: each accept and each reject, with the snapshots around it, so that the last can be taken back."""

# ruff: noqa: S608 - the queries are put together from constants of this module only

from roundhouse.model.errors import Conflict, NotFound
from roundhouse.model.review import NewVerdict, VerdictRow
from roundhouse.store.database import Database
from roundhouse.store.rows import Connection, fetch_one, number, storable_text, touch

_COLUMNS = "id::text, session_id, kind, before, after, files, hunks, created_at, undone_at"
_INSERT = f"""
    INSERT INTO verdicts (session_id, kind, before, after, files, hunks)
    VALUES (%s, %s, %s, %s, %s, %s) RETURNING {_COLUMNS}"""
_LAST = f"""
    SELECT {_COLUMNS} FROM verdicts WHERE session_id = %s AND undone_at IS NULL
    ORDER BY verdicts.id DESC LIMIT 1"""
_SESSION_OF = "SELECT session_id FROM verdicts WHERE id = %s"
_UNDONE = (
    "UPDATE verdicts SET undone_at = now() WHERE id = %s AND session_id = %s AND undone_at IS NULL"
)


class Verdicts:
    """The verdicts of a database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def add(self, new: NewVerdict) -> VerdictRow:
        """Record a verdict. Raises NotFound for the session."""
        async with self._db.connection() as conn:
            await touch(conn, new.session_id)
            return await insert(conn, new)

    async def last(self, session_id: str) -> VerdictRow | None:
        """The latest that is not undone."""
        async with self._db.connection() as conn:
            return await fetch_one(conn, VerdictRow, _LAST, (session_id,))

    async def undone(self, verdict_id: str) -> None:
        """Say that it was taken back. Raises NotFound, and Conflict `stale` if somebody said so before."""
        key = number(verdict_id, "verdict")
        async with self._db.connection() as conn:
            row = await (await conn.execute(_SESSION_OF, (key,))).fetchone()
            if row is None:
                raise NotFound(f"There is no verdict {verdict_id}.")
            await touch(conn, row[0])
            await mark_undone(conn, row[0], verdict_id)


async def insert(conn: Connection, new: NewVerdict) -> VerdictRow:
    """Write a verdict's row, in the caller's transaction and with the session's row locked by it."""
    files = [storable_text(name) for name in new.files]
    values = (new.session_id, new.kind, new.before, new.after, files, new.hunks)
    made = await fetch_one(conn, VerdictRow, _INSERT, values)
    if made is None:
        raise NotFound(f"There is no session {new.session_id}.")
    return made


async def mark_undone(conn: Connection, session_id: str, verdict_id: str) -> None:
    """Say that it was taken back, in the caller's transaction. Raises Conflict `stale` if it was before."""
    done = await conn.execute(_UNDONE, (number(verdict_id, "verdict"), session_id))
    if not done.rowcount:
        raise Conflict("This verdict was undone already.", code="stale")
