"""Table `comments`: what a person remarked on lines of the changes, and which task carried it to an agent.

A comment's status is derived when read, from the task that it was last sent with.
"""

# ruff: noqa: S608 - the queries are put together from constants of this module only

from collections.abc import Collection

from roundhouse.model.errors import Conflict, NotFound
from roundhouse.model.review import Comment, NewComment
from roundhouse.store.database import Database
from roundhouse.store.rows import (
    Connection,
    fetch,
    fetch_one,
    fetch_value,
    number,
    storable_text,
    touch,
)

_STATUS = """
    CASE (SELECT t.status FROM tasks t WHERE t.id = c.sent_task_id)
         WHEN 'completed' THEN 'resolved' WHEN 'pending' THEN 'sent' WHEN 'running' THEN 'sent'
         ELSE 'open' END"""
_SELECT = f"""
    SELECT c.id::text, c.session_id, c.path, c.line, c.side, c.text, c.agent, c.task_id_of_line::text, c.hunk,
        {_STATUS} AS status, c.created_at, c.sent_task_id::text, c.sent_at
    FROM comments c WHERE c.session_id = %(session_id)s"""
_INSERT = """
    INSERT INTO comments (session_id, path, line, side, text, agent, task_id_of_line, hunk)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s) RETURNING id"""
_GET = f"{_SELECT} AND c.id = %(id)s"
_LIST = f"{_SELECT} ORDER BY c.id"
_OPEN = f"{_SELECT} AND {_STATUS} = 'open' AND c.id = ANY (%(ids)s) ORDER BY c.id"
_DELETE = "DELETE FROM comments WHERE id = %s"
_SESSION_OF_TASK = "SELECT session_id FROM tasks WHERE id = %s"
_SENT = "UPDATE comments SET sent_task_id = %s, sent_at = now() WHERE id = ANY (%s)"


class Comments:
    """The comments of a database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def add(self, new: NewComment) -> Comment:
        """Write a comment down. Raises NotFound for the session."""
        of_line = new.task_id_of_line
        values = (
            new.session_id,
            storable_text(new.path),
            new.line,
            new.side,
            storable_text(new.text),
            new.agent,
            None if of_line is None else int(of_line),
            new.hunk and storable_text(new.hunk),
        )
        async with self._db.connection() as conn:
            await touch(conn, new.session_id)
            key = await fetch_value(conn, _INSERT, values)
            return await _get(conn, new.session_id, str(key))

    async def get(self, session_id: str, comment_id: str) -> Comment:
        """One comment of the session. Raises NotFound."""
        async with self._db.connection() as conn:
            return await _get(conn, session_id, comment_id)

    async def delete(self, session_id: str, comment_id: str) -> None:
        """Delete an open comment. Raises NotFound, and Conflict `comment_sent` for one that was sent."""
        async with self._db.connection() as conn:
            await touch(conn, session_id)
            comment = await _get(conn, session_id, comment_id)
            if comment.status != "open":
                raise Conflict(
                    f"The comment is {comment.status}.",
                    code="comment_sent",
                    remedy="Only an open comment can be dropped. Send another one that takes it back.",
                )
            await conn.execute(_DELETE, (int(comment.id),))

    async def sent(self, ids: Collection[str], task_id: str) -> list[str]:
        """Mark those of the comments as sent with the task that are still open; returns their ids.

        Comments of another session than the task's are left alone. Raises NotFound for the task.
        """
        key = number(task_id, "task")
        async with self._db.connection() as conn:
            session_id = await fetch_value(conn, _SESSION_OF_TASK, (key,))
            if session_id is None:
                raise NotFound(f"There is no task {task_id}.")
            await touch(conn, session_id)
            marked = [comment.id for comment in await _open(conn, session_id, ids)]
            await conn.execute(_SENT, (key, [int(name) for name in marked]))
        return marked

    async def list(self, session_id: str) -> list[Comment]:
        """A session's comments, oldest first."""
        async with self._db.connection() as conn:
            return await fetch(conn, Comment, _LIST, {"session_id": session_id})


async def _get(conn: Connection, session_id: str, comment_id: str) -> Comment:
    values = {"session_id": session_id, "id": number(comment_id, "comment")}
    found = await fetch_one(conn, Comment, _GET, values)
    if found is None:
        raise NotFound(f"There is no comment {comment_id} in this session.")
    return found


async def _open(conn: Connection, session_id: str, ids: Collection[str]) -> list[Comment]:
    keys = [number(name, "comment") for name in ids]
    return await fetch(conn, Comment, _OPEN, {"session_id": session_id, "ids": keys})
