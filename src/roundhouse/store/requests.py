"""Tables `requests` and `reads`: what a server asks of the node that holds a worktree.

A mutation is journalled and runs one at a time per session; a read is neither, and is deleted on delivery.
A reference says which of the two tables a request is in: `requests:5`, `reads:5`.
"""

from typing import Any, Literal

from msgspec import Struct

from roundhouse.model import errors
from roundhouse.model.errors import NotFound, RoundhouseError
from roundhouse.store.database import Database
from roundhouse.store.rows import fetch, fetch_one, fetch_value, number, storable_json

RequestStatus = Literal["pending", "running", "done", "failed", "lost"]

READ_LIFE = 600
"""Seconds after which a read that nobody fetched is deleted: its asker died."""

MUTATION_LIFE = 600
"""Seconds after which a mutation that was not begun will not happen: its asker died, and nobody expects it any more."""

READS_AT_ONCE = 50


class RequestState(Struct, frozen=True):
    """Where a request is; `result` once it is done or failed."""

    status: RequestStatus
    result: dict[str, Any] | None


class Request(Struct, frozen=True, kw_only=True):
    """A request as its node takes it."""

    ref: str
    kind: str
    session_id: str | None
    args: dict[str, Any]


_ASK = {
    "reads": "INSERT INTO reads (kind, args, node_id, session_id) VALUES (%s, %s, %s, %s) RETURNING id",
    "requests": """
        INSERT INTO requests (kind, args, node_id, session_id, requested_by)
        VALUES (%s, %s, %s, %s, %s) RETURNING id""",
}
_STATE = {
    "reads": "SELECT status, result FROM reads WHERE id = %s",
    "requests": "SELECT status, result FROM requests WHERE id = %s",
}
_TAKE_READS = """
    UPDATE reads SET status = 'running' WHERE id IN (
        SELECT r.id FROM reads r WHERE r.node_id = %(node)s AND r.status = 'pending'
        ORDER BY r.id LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
    RETURNING 'reads:' || id AS ref, kind, session_id, args"""
_TAKE_REQUESTS = """
    UPDATE requests SET status = 'running' WHERE id IN (
        SELECT r.id FROM requests r WHERE r.node_id = %(node)s AND r.status = 'pending' AND NOT EXISTS (
            SELECT 1 FROM requests o WHERE o.node_id = r.node_id AND o.session_id = r.session_id
            AND o.id < r.id AND o.status IN ('pending', 'running'))
        ORDER BY r.id LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
    RETURNING 'requests:' || id AS ref, kind, session_id, args"""
_END = {
    "reads": "UPDATE reads SET status = %s, result = %s WHERE id = %s AND status = 'running'",
    "requests": """
        UPDATE requests SET status = %s, result = %s, ended_at = now() WHERE id = %s AND status = 'running'""",
}
_DISCARD = {
    "reads": "DELETE FROM reads WHERE id = %s",
    # It was never begun and nobody waits for it: it must not happen out of the blue later on.
    "requests": "UPDATE requests SET status = 'lost', ended_at = now() WHERE id = %s AND status = 'pending'",
}
_FORGET_READS = """
    DELETE FROM reads WHERE node_id = %s AND created_at < now() - make_interval(secs => %s)"""

_FORGET_REQUESTS = """
    UPDATE requests SET status = 'lost', ended_at = now()
    WHERE node_id = %s AND status = 'pending' AND created_at < now() - make_interval(secs => %s)"""


class Requests:
    """The requests of a database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def ask(
        self,
        kind: str,
        args: dict[str, Any],
        *,
        node_id: int | str,
        session_id: str | None = None,
        by: str | None = None,
        read: bool = False,
    ) -> str:
        """Ask a node; returns the reference to wait on. Raises NotFound for the node or the session."""
        values = [kind, storable_json(args), int(node_id), session_id]
        table = "reads" if read else "requests"
        async with self._db.connection() as conn:
            key = await fetch_value(conn, _ASK[table], values if read else [*values, by])
        return f"{table}:{key}"

    async def state(self, ref: str) -> RequestState:
        """Where a request is. Raises NotFound; a read is also gone after a crash of the database."""
        table, key = _split(ref)
        async with self._db.connection() as conn:
            state = await fetch_one(conn, RequestState, _STATE[table], (key,))
        if state is None:
            raise NotFound(f"There is no request {ref}.")
        return state

    async def take(self, node_id: int) -> list[Request]:
        """What a node has to do now; it is running from here on. Of each session at most one mutation."""
        async with self._db.connection() as conn:
            await conn.execute(_FORGET_READS, (node_id, READ_LIFE))
            await conn.execute(_FORGET_REQUESTS, (node_id, MUTATION_LIFE))
            values = {"node": node_id, "limit": READS_AT_ONCE}
            reads = await fetch(conn, Request, _TAKE_READS, values)
            return reads + await fetch(conn, Request, _TAKE_REQUESTS, values)

    async def done(self, ref: str, result: dict[str, Any]) -> None:
        """Deliver a running request's result."""
        await self._end(ref, "done", result)

    async def failed(self, ref: str, error: RoundhouseError) -> None:
        """Say why a running request failed, so that the asker can raise the same error again."""
        known = (kind for kind in type(error).__mro__ if kind.__module__ == errors.__name__)
        result = {
            "kind": next(known).__name__,
            "code": error.code,
            "message": error.message,
            "remedy": error.remedy,
            "field": error.field,
            "details": error.details,
        }
        await self._end(ref, "failed", {name: word for name, word in result.items() if word})

    async def discard(self, ref: str) -> None:
        """Let go of a request: a read is deleted, a mutation that was not begun will not happen."""
        table, key = _split(ref)
        async with self._db.connection() as conn:
            await conn.execute(_DISCARD[table], (key,))

    async def _end(self, ref: str, status: RequestStatus, result: dict[str, Any]) -> None:
        table, key = _split(ref)
        async with self._db.connection() as conn:
            await conn.execute(_END[table], (status, storable_json(result), key))


def _split(ref: str) -> tuple[str, int]:
    table, _, key = ref.partition(":")
    if table not in _STATE:
        raise NotFound(f"There is no request {ref}.")
    return table, number(key, "request")
