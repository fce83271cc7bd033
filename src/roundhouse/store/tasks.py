"""Table `tasks`: the queue and its moves. The row is the job; the ways into an end are SQL functions."""

# ruff: noqa: S608 - the queries are put together from constants of this module only

from collections.abc import Collection

import msgspec

from roundhouse.model.errors import Conflict, NotFound
from roundhouse.model.task import FailureCode, NewTask, Task, TaskStatus, Usage
from roundhouse.store.database import Database
from roundhouse.store.rows import (
    Connection,
    decode_cursor,
    encode_cursor,
    fetch,
    fetch_one,
    fetch_value,
    number,
    storable_text,
)

_COLUMNS = """id::text, session_id, agent, input, status, priority, position, created_at,
    parent_task_id::text, client_key, model, mode, handover, failure_code, error, output_summary,
    cancel_requested, usage, started_at, ended_at, snapshot_before, snapshot_after"""
_LOCK_SESSION = "SELECT archived_at IS NOT NULL FROM sessions WHERE id = %s FOR NO KEY UPDATE"
_BY_KEY = f"SELECT {_COLUMNS} FROM tasks WHERE session_id = %s AND client_key = %s"
_INSERT = f"""
    INSERT INTO tasks (session_id, agent, input, model, mode, priority, client_key, parent_task_id, handover)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING {_COLUMNS}"""
_GET = f"SELECT {_COLUMNS} FROM tasks WHERE id = %s"
_LIST = f"SELECT {_COLUMNS} FROM tasks WHERE session_id = %s AND id > %s ORDER BY tasks.id LIMIT %s"
_SESSION_EXISTS = "SELECT EXISTS (SELECT 1 FROM sessions WHERE id = %s)"
_SESSION_OF = "SELECT session_id FROM tasks WHERE id = %s"
# A model and a mode belong to their agent: another agent starts with its own.
_UPDATE = """
    UPDATE tasks SET input = coalesce(%(input)s, input), priority = coalesce(%(priority)s, priority),
        model = coalesce(%(model)s, CASE WHEN coalesce(%(agent)s, agent) = agent THEN model END),
        mode = coalesce(%(mode)s, CASE WHEN coalesce(%(agent)s, agent) = agent THEN mode END),
        agent = coalesce(%(agent)s, agent)
    WHERE id = %(id)s AND status = 'pending'"""
_QUEUE = f"""
    SELECT {_COLUMNS} FROM tasks WHERE session_id = %s AND status = 'pending'
    ORDER BY priority DESC, position, tasks.id"""
_PLACE = "UPDATE tasks SET position = %s, priority = %s WHERE id = %s AND status = 'pending'"
# claim() passes a locked session by: who locked it without an update rings by hand.
_RING = "SELECT pg_notify('tasks_new', %s)"
_CANCEL = "SELECT cancel(%s)"
_CLAIM = f"SELECT {_COLUMNS} FROM claim(%s, %s)"
_FINISH = "SELECT finish(%s, %s, %s, %s, %s, %s, %s)"
_CANCELLED = "SELECT id::text FROM tasks WHERE id = ANY (%s) AND cancel_requested"
_SET_SNAPSHOTS = """
    UPDATE tasks SET snapshot_before = coalesce(%s, snapshot_before),
        snapshot_after = coalesce(%s, snapshot_after) WHERE id = %s"""
_PREVIOUS = f"""
    SELECT {_COLUMNS} FROM tasks
    WHERE session_id = %(session_id)s AND tasks.id <> %(id)s AND ended_at IS NOT NULL AND started_at IS NOT NULL
      AND started_at < coalesce((SELECT t.started_at FROM tasks t WHERE t.id = %(id)s), 'infinity')
    ORDER BY ended_at DESC LIMIT 1"""


class Tasks:
    """The tasks of a database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def create(self, new: NewTask) -> tuple[Task, bool]:
        """Queue a task; with a `client_key` that the session has seen, that row and False.

        Raises NotFound for the session or the parent, Conflict `archived`.
        """
        async with self._db.connection() as conn:
            # With the session locked, a second caller with the same key waits here and then finds the row.
            archived = await fetch_value(conn, _LOCK_SESSION, (new.session_id,))
            if archived is None:
                raise NotFound(f"There is no session {new.session_id}.")
            if new.client_key is not None:
                key = (new.session_id, new.client_key)
                if (known := await fetch_one(conn, Task, _BY_KEY, key)) is not None:
                    await conn.execute(_RING, (new.session_id,))
                    return known, False
            if archived:
                raise Conflict(
                    "The session is archived.", code="archived", remedy="Take it back first."
                )
            parent = new.parent_task_id
            values = (
                new.session_id,
                new.agent,
                new.input,
                new.model,
                new.mode,
                new.priority,
                new.client_key,
                None if parent is None else number(parent, "task"),
                new.handover,
            )
            task = await fetch_one(conn, Task, _INSERT, values)
        return _found(task, "new"), True

    async def get(self, task_id: str) -> Task:
        """One task. Raises NotFound."""
        async with self._db.connection() as conn:
            return _found(await fetch_one(conn, Task, _GET, (number(task_id, "task"),)), task_id)

    async def update(
        self,
        task_id: str,
        *,
        input: str | None = None,  # noqa: A002 - the column's and the wire's name
        agent: str | None = None,
        model: str | None = None,
        mode: str | None = None,
        priority: int | None = None,
        position: int | None = None,
    ) -> Task:
        """Change a pending task; only what is given. `position` is its new index among the session's pending.

        Raises NotFound, and Conflict `not_pending` once it was taken or ended.
        """
        key = number(task_id, "task")
        values = {"id": key, "input": input, "agent": agent, "model": model, "mode": mode}
        async with self._db.connection() as conn:
            session_id = await fetch_value(conn, _SESSION_OF, (key,))
            if session_id is None:
                _found(None, task_id)
            await fetch_value(conn, _LOCK_SESSION, (session_id,))
            moved = await conn.execute(_UPDATE, values | {"priority": priority})
            if not moved.rowcount:
                raise Conflict("The task is not waiting any more.", code="not_pending")
            if position is not None:
                await _move(conn, session_id, task_id, position)
            await conn.execute(_RING, (session_id,))
            return _found(await fetch_one(conn, Task, _GET, (key,)), task_id)

    async def cancel(self, task_id: str) -> Task:
        """End a pending task, ask a running one to stop. Raises NotFound, Conflict `already_ended`."""
        key = number(task_id, "task")
        async with self._db.connection() as conn:
            before = await fetch_one(conn, Task, _GET, (key,))
            if before is not None and before.status.terminal:
                raise Conflict(f"The task is already {before.status}.", code="already_ended")
            status = await fetch_value(conn, _CANCEL, (key,))
            if status in {TaskStatus.COMPLETED, TaskStatus.FAILED, TaskStatus.LOST}:
                raise Conflict(f"The task is already {status}.", code="already_ended")
            return _found(await fetch_one(conn, Task, _GET, (key,)), task_id)

    async def claim(self, node_id: int, n: int) -> list[Task]:
        """Take up to `n` sessions' next tasks for a node; they are running now."""
        async with self._db.connection(single=True) as conn:
            return await fetch(conn, Task, _CLAIM, (node_id, n))

    async def finish(
        self,
        task_id: str,
        node_id: int,
        status: TaskStatus,
        *,
        failure_code: FailureCode | None = None,
        error: str | None = None,
        summary: str | None = None,
        usage: Usage | None = None,
    ) -> bool:
        """End a running task of this node, with its event. False: somebody else ended it first."""
        values = (
            int(task_id),
            node_id,
            status.value,
            None if failure_code is None else failure_code.value,
            None if error is None else storable_text(error),
            None if summary is None else storable_text(summary),
            None if usage is None else msgspec.json.encode(usage).decode(),
        )
        async with self._db.connection(single=True) as conn:
            return bool(await fetch_value(conn, _FINISH, values))

    async def cancelled(self, ids: Collection[str]) -> set[str]:
        """Which of these tasks were asked to stop."""
        async with self._db.connection(single=True) as conn:
            keys = [int(task_id) for task_id in ids]
            rows = await (await conn.execute(_CANCELLED, (keys,))).fetchall()
        return {task_id for (task_id,) in rows}

    async def set_snapshots(
        self, task_id: str, *, before: str | None = None, after: str | None = None
    ) -> None:
        """Note the worktree's snapshots around the turn; only what is given."""
        async with self._db.connection(single=True) as conn:
            await conn.execute(_SET_SNAPSHOTS, (before, after, int(task_id)))

    async def previous(self, session_id: str, before_task_id: str) -> Task | None:
        """The task whose turn came before this one's in the session."""
        values = {"session_id": session_id, "id": int(before_task_id)}
        async with self._db.connection() as conn:
            return await fetch_one(conn, Task, _PREVIOUS, values)

    async def list(
        self, session_id: str, *, limit: int = 100, cursor: str | None = None
    ) -> tuple[list[Task], str | None]:
        """A page of a session's tasks, oldest first, and the next page's cursor.

        Raises NotFound for the session, InvalidInput for the cursor.
        """
        after = number(decode_cursor(cursor, 1)[0], "task") if cursor else 0
        async with self._db.connection() as conn:
            rows = await fetch(conn, Task, _LIST, (session_id, after, limit + 1))
            if not rows and not await fetch_value(conn, _SESSION_EXISTS, (session_id,)):
                raise NotFound(f"There is no session {session_id}.")
        if len(rows) <= limit:
            return rows, None
        return rows[:limit], encode_cursor(rows[limit - 1].id)


async def _move(conn: Connection, session_id: str, task_id: str, index: int) -> None:
    """Give the pending tasks their places anew, with one of them at `index`.

    Priority goes before position, so the moved task takes a priority that fits between its neighbours.
    """
    queue = await fetch(conn, Task, _QUEUE, (session_id,))
    places = sorted(task.position for task in queue)
    moved = next(task for task in queue if task.id == task_id)
    queue.remove(moved)
    index = max(0, min(index, len(queue)))
    priority = moved.priority
    if index < len(queue):
        priority = max(priority, queue[index].priority)
    if index > 0:
        priority = min(priority, queue[index - 1].priority)
    queue.insert(index, moved)
    for place, task in zip(places, queue, strict=True):
        wanted = priority if task is moved else task.priority
        if (task.position, task.priority) != (place, wanted):
            await conn.execute(_PLACE, (place, wanted, int(task.id)))


def _found(task: Task | None, task_id: str) -> Task:
    if task is None:
        raise NotFound(f"There is no task {task_id}.")
    return task
