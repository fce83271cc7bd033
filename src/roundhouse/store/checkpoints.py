"""Table `checkpoints`: the states of a session's worktree that a person can go back to."""

# ruff: noqa: S608 - the queries are put together from constants of this module only

from roundhouse.model.errors import NotFound
from roundhouse.model.review import Checkpoint, NewCheckpoint
from roundhouse.store.database import Database
from roundhouse.store.rows import (
    Connection,
    decode_cursor,
    encode_cursor,
    fetch,
    fetch_one,
    number,
    storable_text,
    touch,
)

_COLUMNS = """id::text, session_id, task_id::text, agent, kind, title, snapshot, files, additions, deletions,
    created_at"""
_INSERT = f"""
    INSERT INTO checkpoints (session_id, task_id, agent, kind, title, snapshot, files, additions, deletions)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (task_id) WHERE kind = 'turn' DO UPDATE SET title = excluded.title,
        snapshot = excluded.snapshot, files = excluded.files, additions = excluded.additions,
        deletions = excluded.deletions
    RETURNING {_COLUMNS}"""
_GET = f"SELECT {_COLUMNS} FROM checkpoints WHERE id = %s AND session_id = %s"
_OF_TASK = f"""
    SELECT {_COLUMNS} FROM checkpoints WHERE task_id = %s AND session_id = %s AND kind = 'turn'"""
_OF_SNAPSHOT = f"""
    SELECT {_COLUMNS} FROM checkpoints WHERE session_id = %s AND snapshot = %s AND kind = %s
    ORDER BY checkpoints.id DESC LIMIT 1"""
_LIST = f"""
    SELECT {_COLUMNS} FROM checkpoints
    WHERE session_id = %(session_id)s AND (%(before)s::bigint IS NULL OR id < %(before)s)
    ORDER BY checkpoints.id DESC LIMIT %(limit)s"""


class Checkpoints:
    """The checkpoints of a database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def add(self, new: NewCheckpoint) -> Checkpoint:
        """Remember a state; that of a turn which has one already is moved. Raises NotFound."""
        async with self._db.connection() as conn:
            await touch(conn, new.session_id)
            return await insert(conn, new)

    async def get(self, session_id: str, checkpoint_id: str) -> Checkpoint:
        """One checkpoint of the session. Raises NotFound."""
        values = (number(checkpoint_id, "checkpoint"), session_id)
        async with self._db.connection() as conn:
            found = await fetch_one(conn, Checkpoint, _GET, values)
        if found is None:
            raise NotFound(f"There is no checkpoint {checkpoint_id} in this session.")
        return found

    async def of_task(self, session_id: str, task_id: str) -> Checkpoint:
        """The state after a task's turn. Raises NotFound, also while the turn has not settled."""
        async with self._db.connection() as conn:
            values = (number(task_id, "task"), session_id)
            found = await fetch_one(conn, Checkpoint, _OF_TASK, values)
        if found is None:
            raise NotFound(f"There is no checkpoint of a task {task_id} in this session.")
        return found

    async def list(
        self, session_id: str, *, limit: int = 100, cursor: str | None = None
    ) -> tuple[list[Checkpoint], str | None]:
        """A page of a session's checkpoints, newest first, and the next page's cursor. Raises InvalidInput."""
        before = number(decode_cursor(cursor, 1)[0], "checkpoint") if cursor else None
        values = {"session_id": session_id, "before": before, "limit": limit + 1}
        async with self._db.connection() as conn:
            rows = await fetch(conn, Checkpoint, _LIST, values)
        if len(rows) <= limit:
            return rows, None
        return rows[:limit], encode_cursor(rows[limit - 1].id)


async def insert(conn: Connection, new: NewCheckpoint) -> Checkpoint:
    """Write a checkpoint's row, in the caller's transaction and with the session's row locked by it."""
    values = (
        new.session_id,
        None if new.task_id is None else int(new.task_id),
        new.agent,
        new.kind,
        storable_text(new.title),
        new.snapshot,
        new.files,
        new.additions,
        new.deletions,
    )
    made = await fetch_one(conn, Checkpoint, _INSERT, values)
    if made is None:
        raise NotFound(f"There is no session {new.session_id}.")
    return made


async def of_snapshot(conn: Connection, new: NewCheckpoint) -> Checkpoint | None:
    """The checkpoint that an earlier try to write this one made, in the caller's transaction."""
    values = (new.session_id, new.snapshot, new.kind)
    return await fetch_one(conn, Checkpoint, _OF_SNAPSHOT, values)
