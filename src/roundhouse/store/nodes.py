"""Table `nodes`: which machines run agents, which of them are alive, and what happens to a dead one's work."""

# ruff: noqa: S608 - the queries are put together from constants of this module only

from datetime import datetime
from typing import Any

from msgspec import Struct

from roundhouse.store.database import Database
from roundhouse.store.notifier import NODE_LOCK
from roundhouse.store.rows import fetch, fetch_value, storable_json, storable_text

JUST_STARTED = 10
"""Seconds after its start in which the database blames no node: all of them are reconnecting."""

SEEN_LONG_AGO = 15
"""Seconds of silence after which a node with a free lock is suspect in any case."""


class Node(Struct, frozen=True, kw_only=True):
    """A row of `nodes`. `alive` is whether its runner holds its lock now."""

    id: str
    name: str
    hostname: str
    pid: int
    version: str
    seen_at: datetime
    draining: bool
    stats: dict[str, Any]
    alive: bool


_REGISTER = """
    INSERT INTO nodes (name, hostname, pid, version) VALUES (%s, %s, %s, %s)
    ON CONFLICT (name) DO UPDATE SET hostname = excluded.hostname, pid = excluded.pid,
        version = excluded.version, started_at = now(), seen_at = now(), draining = false, stats = '{}'
    RETURNING id"""
_BEAT = "UPDATE nodes SET seen_at = now(), draining = %s, stats = %s WHERE id = %s"
_LOCKED = """
    EXISTS (SELECT 1 FROM pg_locks l
            WHERE l.locktype = 'advisory' AND l.classid = %(lock)s AND l.objid::bigint = n.id
              AND l.objsubid = 2 AND l.granted
              AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database()))"""
_ALL = (
    "SELECT n.id::text, n.name, n.hostname, n.pid, n.version, n.seen_at, n.draining, n.stats, "
    + _LOCKED
    + " AS alive FROM nodes n ORDER BY n.name"
)
_SUSPECTS = (
    "SELECT n.id FROM nodes n WHERE NOT "
    + _LOCKED
    + """ AND (pg_postmaster_start_time() < now() - make_interval(secs => %(started)s)
               OR n.seen_at < now() - make_interval(secs => %(silent)s))"""
)
_REAP = "SELECT * FROM reap(%s)"


class Nodes:
    """The nodes of a database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def register(self, name: str, hostname: str, pid: int, version: str) -> int:
        """Make or take over the node of that name. Whoever does must hold its lock (`Notifier.open`) next."""
        async with self._db.connection() as conn:
            words = [storable_text(word) for word in (name, hostname, version)]
            return int(await fetch_value(conn, _REGISTER, (words[0], words[1], pid, words[2])))

    async def beat(self, node_id: int, *, draining: bool, stats: dict[str, Any]) -> None:
        """Say that the node is there, and how it is."""
        async with self._db.connection() as conn:
            await conn.execute(_BEAT, (draining, storable_json(stats), node_id))

    async def all(self) -> list[Node]:
        """Every node ever registered, by name."""
        async with self._db.connection() as conn:
            return await fetch(conn, Node, _ALL, {"lock": NODE_LOCK})

    async def suspects(self) -> set[int]:
        """Nodes whose lock is free although they had the time to take it. Dead if so twice, a second apart."""
        async with self._db.connection() as conn:
            limits = {"lock": NODE_LOCK, "started": JUST_STARTED, "silent": SEEN_LONG_AGO}
            rows = await (await conn.execute(_SUSPECTS, limits)).fetchall()
        return {node_id for (node_id,) in rows}

    async def reap(self, node_id: int) -> list[str]:
        """End what a dead node ran; returns the ids of its tasks, now lost. Does nothing to a live one."""
        async with self._db.connection() as conn:
            rows = await (await conn.execute(_REAP, (node_id,))).fetchall()
        return [str(task_id) for (task_id,) in rows]
