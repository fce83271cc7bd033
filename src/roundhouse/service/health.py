"""How this Roundhouse is: its nodes, its database, what is wrong with its configuration."""

from collections.abc import Sequence
from typing import Literal

import msgspec
from msgspec import Struct

from roundhouse.model.agent import AgentProcess
from roundhouse.model.errors import DatabaseDown
from roundhouse.store.database import Database
from roundhouse.store.nodes import Node, Nodes


class NodeHealth(Struct, frozen=True, kw_only=True):
    """One node. `warm` counts agents with a process, `rss_bytes` weighs the runner and its agents."""

    id: str
    name: str
    alive: bool
    draining: bool
    warm: int
    running: int
    rss_bytes: int
    processes: list[AgentProcess] = []


class PoolHealth(Struct, frozen=True):
    """The server's own connections to the database."""

    size: int


class Health(Struct, frozen=True, kw_only=True):
    """`degraded`: it answers, but no turn can run or something is misconfigured."""

    status: Literal["ok", "degraded", "down"]
    version: str
    database: Literal["ok", "down"]
    nodes: list[NodeHealth]
    pool: PoolHealth
    problems: list[str]


class HealthService:
    """Looks at everything once per call."""

    def __init__(self, db: Database, nodes: Nodes, problems: Sequence[str], version: str) -> None:
        self._db = db
        self._nodes = nodes
        self._problems = list(problems)
        self._version = version

    async def look(self) -> Health:
        """How it is now. Never raises for a part that is away: says so."""
        problems = list(self._problems)
        nodes: list[NodeHealth] = []
        database: Literal["ok", "down"] = "ok"
        status: Literal["ok", "degraded", "down"] = "ok"
        try:
            rows = await self._nodes.all()
        except DatabaseDown as error:
            problems.append(error.message)
            database, status = "down", "down"
        else:
            nodes = [_node(row) for row in rows]
            for row in rows:
                told = row.stats.get("problems")
                problems += [str(problem) for problem in told] if isinstance(told, list) else []
            if not any(node.alive for node in nodes):
                problems.append("No runner is alive: nothing can run. Start one.")
            if problems:
                status = "degraded"
        return Health(
            status=status,
            version=self._version,
            database=database,
            nodes=nodes,
            pool=PoolHealth(self._db.pool_size),
            problems=problems,
        )


def _node(row: Node) -> NodeHealth:
    def count(name: str) -> int:
        value = row.stats.get(name)
        return value if row.alive and isinstance(value, int) else 0

    return NodeHealth(
        id=row.id,
        name=row.name,
        alive=row.alive,
        draining=row.draining,
        warm=count("warm"),
        running=count("running"),
        rss_bytes=count("rss_bytes"),
        processes=_processes(row) if row.alive else [],
    )


def _processes(row: Node) -> list[AgentProcess]:
    try:
        return msgspec.convert(row.stats.get("processes") or [], list[AgentProcess])
    except msgspec.ValidationError:
        return []  # a runner of another version
