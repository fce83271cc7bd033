"""Table `applies`: what was written into the user's checkout, and how to take it back."""

# ruff: noqa: S608 - the queries are put together from constants of this module only

from roundhouse.model.errors import Conflict, NotFound
from roundhouse.model.review import Applied, NewApplied
from roundhouse.store.database import Database
from roundhouse.store.rows import Connection, fetch_one, number, storable_text, touch

_COLUMNS = """id::text, session_id, project_path, before_tree, after_tree, base_before, base_after,
    reviewed_before, reviewed_after, files, created_at, undone_at"""
_INSERT = f"""
    INSERT INTO applies (session_id, project_path, before_tree, after_tree, base_before, base_after,
        reviewed_before, reviewed_after, files)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING {_COLUMNS}"""
_LAST = f"""
    SELECT {_COLUMNS} FROM applies WHERE session_id = %s AND undone_at IS NULL
    ORDER BY applies.id DESC LIMIT 1"""
_SESSION_OF = "SELECT session_id FROM applies WHERE id = %s"
_UNDONE = (
    "UPDATE applies SET undone_at = now() WHERE id = %s AND session_id = %s AND undone_at IS NULL"
)


class Applies:
    """The applies of a database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def add(self, new: NewApplied) -> Applied:
        """Record an apply. Raises NotFound for the session."""
        async with self._db.connection() as conn:
            await touch(conn, new.session_id)
            return await insert(conn, new)

    async def last(self, session_id: str) -> Applied | None:
        """The latest that is not undone."""
        async with self._db.connection() as conn:
            return await fetch_one(conn, Applied, _LAST, (session_id,))

    async def undone(self, applied_id: str) -> None:
        """Say that it was taken back. Raises NotFound, and Conflict `stale` if somebody said so before."""
        key = number(applied_id, "apply")
        async with self._db.connection() as conn:
            row = await (await conn.execute(_SESSION_OF, (key,))).fetchone()
            if row is None:
                raise NotFound(f"There is no apply {applied_id}.")
            await touch(conn, row[0])
            await mark_undone(conn, row[0], applied_id)


async def insert(conn: Connection, new: NewApplied) -> Applied:
    """Write an apply's row, in the caller's transaction and with the session's row locked by it."""
    values = (
        new.session_id,
        storable_text(new.project_path),
        new.before_tree,
        new.after_tree,
        new.base_before,
        new.base_after,
        new.reviewed_before,
        new.reviewed_after,
        [storable_text(name) for name in new.files],
    )
    made = await fetch_one(conn, Applied, _INSERT, values)
    if made is None:
        raise NotFound(f"There is no session {new.session_id}.")
    return made


async def mark_undone(conn: Connection, session_id: str, applied_id: str) -> None:
    """Say that it was taken back, in the caller's transaction. Raises Conflict `stale` if it was before."""
    done = await conn.execute(_UNDONE, (number(applied_id, "apply"), session_id))
    if not done.rowcount:
        raise Conflict("This apply was undone already.", code="stale")
