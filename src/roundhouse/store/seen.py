"""Table `seen_marks`: which files and hunks a person has looked at, by ids that come from their contents."""

from collections.abc import Collection

from roundhouse.store.database import Database

_ADD = """
    INSERT INTO seen_marks (session_id, mark)
    SELECT %s, m FROM unnest(%s::text[]) m ON CONFLICT DO NOTHING"""
_ALL = "SELECT mark FROM seen_marks WHERE session_id = %s"


class SeenMarks:
    """The marks of a database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def add(self, session_id: str, marks: Collection[str]) -> None:
        """Remember these as seen. Raises NotFound for the session."""
        async with self._db.connection() as conn:
            # In one order, so that two who mark the same never wait for each other.
            await conn.execute(_ADD, (session_id, sorted(set(marks))))

    async def all(self, session_id: str) -> set[str]:
        """All that was seen in the session, also what is not in its changes any more."""
        async with self._db.connection() as conn:
            rows = await (await conn.execute(_ALL, (session_id,))).fetchall()
        return {mark for (mark,) in rows}
