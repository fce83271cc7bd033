"""Tables `events` and `event_heads`: the one ordered, gapless sequence of each session."""

# ruff: noqa: S608 - the queries are put together from constants of this module only

from collections.abc import Collection, Sequence
from datetime import datetime

import structlog
from msgspec import Struct

from roundhouse.model.errors import InvalidInput, NotFound
from roundhouse.model.event import Event, EventBody, Raw, encode_body
from roundhouse.store.database import Database
from roundhouse.store.rows import Connection, fetch_value

log = structlog.get_logger(__name__)

_APPEND = """
    SELECT ord, seq FROM append_events(
        %s::text[], %s::bigint[], %s::text[], %s::text[], %s::timestamptz[])"""
_COLUMNS = "session_id, seq, at, task_id::text, agent, payload::text"
_READ = f"SELECT {_COLUMNS} FROM events WHERE session_id = %s AND seq > %s ORDER BY seq LIMIT %s"
_READ_BEFORE = f"""
    SELECT {_COLUMNS} FROM events WHERE session_id = %s AND seq < %s ORDER BY seq DESC LIMIT %s"""
_HEADS = "SELECT session_id, last_seq FROM event_heads WHERE session_id = ANY (%s)"
_HEAD = "SELECT last_seq FROM event_heads WHERE session_id = %s"
_OF_TYPES = f"""
    SELECT {_COLUMNS} FROM events WHERE session_id = %s AND seq > %s AND type = ANY (%s) ORDER BY seq"""


class NewEvent(Struct, frozen=True, kw_only=True):
    """An event that has no number yet. `payload` is an encoded body."""

    session_id: str
    task_id: str | None
    agent: str | None
    payload: bytes
    at: datetime


class Events:
    """The events of a database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def append(self, rows: Sequence[NewEvent]) -> list[int | None]:
        """Number and commit events in the given order; one doorbell for all of them.

        The result is each row's number; None: dropped, because its session is gone or its task is lost.
        A payload that the database refuses is replaced by a `raw` event that says so, never an error.
        """
        if not rows:
            return []
        try:
            async with self._db.connection(single=True) as conn:
                return await append_on(conn, rows)
        except InvalidInput as error:
            if len(rows) > 1:
                return [seq for row in rows for seq in await self.append([row])]
            log.warning("event_refused", session_id=rows[0].session_id, error=error.message)
            async with self._db.connection(single=True) as conn:
                return await append_on(conn, [_refused(rows[0], error.message)])

    async def read(self, session_id: str, *, after: int = 0, limit: int = 1000) -> list[Event]:
        """Up to `limit` events that follow number `after`."""
        async with self._db.connection(single=True) as conn:
            return await _events(conn, _READ, (session_id, after, limit))

    async def read_before(self, session_id: str, before: int, limit: int = 1000) -> list[Event]:
        """The last `limit` events before number `before`, in order."""
        async with self._db.connection(single=True) as conn:
            return (await _events(conn, _READ_BEFORE, (session_id, before, limit)))[::-1]

    async def head(self, session_id: str) -> int:
        """The number of the session's last event. Raises NotFound."""
        async with self._db.connection(single=True) as conn:
            last = await fetch_value(conn, _HEAD, (session_id,))
        if last is None:
            raise NotFound(f"There is no session {session_id}.")
        return int(last)

    async def heads(self, ids: Collection[str]) -> dict[str, int]:
        """The last numbers of these sessions; those that are gone are left out."""
        async with self._db.connection(single=True) as conn:
            return dict(await (await conn.execute(_HEADS, (list(ids),))).fetchall())

    async def of_tasks(
        self, session_id: str, after_seq: int, types: Collection[str]
    ) -> list[Event]:
        """The session's events of these types after a number."""
        async with self._db.connection(single=True) as conn:
            return await _events(conn, _OF_TYPES, (session_id, after_seq, list(types)))


async def append_on(conn: Connection, rows: Sequence[NewEvent]) -> list[int | None]:
    """Append inside somebody's transaction. Locks the sessions' heads: the last thing a transaction does."""
    found = await conn.execute(
        _APPEND,
        (
            [row.session_id for row in rows],
            [None if row.task_id is None else int(row.task_id) for row in rows],
            [row.agent for row in rows],
            [row.payload.decode() for row in rows],
            [row.at for row in rows],
        ),
    )
    numbers: list[int | None] = [None] * len(rows)
    for place, seq in await found.fetchall():
        numbers[place - 1] = seq
    return numbers


def _refused(row: NewEvent, reason: str) -> NewEvent:
    body: EventBody = Raw(source="roundhouse", value={"refused": reason, "bytes": len(row.payload)})
    return NewEvent(
        session_id=row.session_id,
        task_id=row.task_id,
        agent=row.agent,
        payload=encode_body(body),
        at=row.at,
    )


async def _events(conn: Connection, query: str, params: Sequence[object]) -> list[Event]:
    found = await conn.execute(query, params)
    return [
        Event(session, seq, at, task_id, agent, payload.encode())
        for session, seq, at, task_id, agent, payload in await found.fetchall()
    ]
