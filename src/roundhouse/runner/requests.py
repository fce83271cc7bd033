"""Serves what servers ask of this node: reads in parallel, mutations as the store hands them out.

Owns the journal's last step (a result or an error for every request) and what each kind does.
"""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import msgspec
import structlog

from roundhouse.model.change import ChangeSet, ChangeTotals
from roundhouse.model.errors import DatabaseDown, InvalidInput, RoundhouseError
from roundhouse.model.session import AgentSessionStatus
from roundhouse.runner.dispatcher import Doorbell
from roundhouse.runner.ground import Grounds
from roundhouse.runner.outage import until_back
from roundhouse.runner.pool import AgentPool
from roundhouse.runner.roster import Roster
from roundhouse.store.agent_sessions import AgentSessions
from roundhouse.store.requests import Request, Requests
from roundhouse.store.sessions import Sessions
from roundhouse.workspace.review import change_set
from roundhouse.workspace.snapshot import Snapshots
from roundhouse.workspace.worktree import inspect

Handler = Callable[[Request], Awaitable[dict[str, Any]]]

POLL_EVERY = 2.0
"""Seconds until a request is found whose doorbell was lost."""

AT_ONCE = 8
"""Requests served at the same time; the rest wait in their table."""

SETTLE_WAIT = 4.0
"""Seconds a read of changes waits for a turn that has ended to settle."""

log = structlog.get_logger(__name__)


class RequestDesk:
    """Takes requests, has them handled, and answers each."""

    def __init__(self, requests: Requests, node_id: int, handlers: Mapping[str, Handler]) -> None:
        self._requests = requests
        self._node_id = node_id
        self._handlers = handlers
        self._doorbell = Doorbell()
        self._limiter = anyio.CapacityLimiter(AT_ONCE)

    def ring(self, node_id: str | None) -> None:
        """There may be a request for this node."""
        if node_id in (None, str(self._node_id)):
            self._doorbell.ring()

    async def run(self) -> None:
        """Serve until cancelled."""
        async with anyio.create_task_group() as serving:
            while True:
                try:
                    taken = await self._requests.take(self._node_id)
                except DatabaseDown:
                    taken = []
                except Exception:
                    log.exception("requests could not be taken")
                    taken = []
                for request in taken:
                    serving.start_soon(self._serve, request)
                if not taken:
                    await self._doorbell.wait(POLL_EVERY)

    async def _serve(self, request: Request) -> None:
        """One request to its end; the boundary that turns every error into an answer."""
        async with self._limiter:
            answer: Callable[[], Awaitable[None]]
            try:
                result = await self._handle(request)
                answer = partial(self._requests.done, request.ref, result)
            except RoundhouseError as error:
                answer = partial(
                    self._requests.failed,
                    request.ref,
                    error.code,
                    error.message,
                    error.remedy,
                    field=error.field,
                )
            except Exception as error:
                log.exception("a request failed", ref=request.ref, kind=request.kind)
                answer = partial(
                    self._requests.failed,
                    request.ref,
                    "internal",
                    f"{type(error).__name__}: {error}",
                )
            try:
                await until_back(answer)
            except Exception:
                log.exception("a request's answer was refused", ref=request.ref)
        # Mutations of one session come one at a time: the next may wait for this one.
        self._doorbell.ring()

    async def _handle(self, request: Request) -> dict[str, Any]:
        handler = self._handlers.get(request.kind)
        if handler is None:
            raise InvalidInput(f"This runner does not know the request {request.kind!r}.")
        return await handler(request)


class Handlers:
    """What each kind of request does."""

    def __init__(
        self,
        *,
        sessions: Sessions,
        agent_sessions: AgentSessions,
        grounds: Grounds,
        snapshots: Snapshots,
        pool: AgentPool,
        roster: Roster,
    ) -> None:
        self._sessions = sessions
        self._agent_sessions = agent_sessions
        self._grounds = grounds
        self._snapshots = snapshots
        self._pool = pool
        self._roster = roster

    def table(self) -> dict[str, Handler]:
        """By kind."""
        return {
            "inspect_repository": self.inspect_repository,
            "changes": self.changes,
            "close_agent": self.close_agent,
            "refresh_agents": self.refresh_agents,
        }

    async def inspect_repository(self, request: Request) -> dict[str, Any]:
        """What lies at a path. Raises InvalidInput when it is no usable repository."""
        found = await inspect(Path(_text(request, "path")))
        return {
            "path": str(found.path),
            "name": found.name,
            "branch": found.branch,
            "head": found.head,
        }

    async def changes(self, request: Request) -> dict[str, Any]:
        """What a session's worktree holds against what was reviewed, as of the last settled turn."""
        session_id = _session(request)
        await self._grounds.settled(session_id, SETTLE_WAIT)
        worktree = await until_back(partial(self._sessions.worktree, session_id))
        if worktree is None:
            empty = ChangeSet(base=None, reviewed=None, head=None, files=[], totals=ChangeTotals())
            return _json(empty)
        wanted = {
            key: request.args[key]
            for key in ("agent", "task_id", "path", "cursor", "limit")
            if request.args.get(key) is not None
        }
        return _json(await change_set(self._snapshots, worktree, **wanted))

    async def close_agent(self, request: Request) -> dict[str, Any]:
        """End one warm agent of a session, or all. Raises Conflict while it runs a turn."""
        session_id = _session(request)
        closed = await self._pool.close(session_id, request.args.get("agent"))
        for name in closed:
            await until_back(
                partial(
                    self._agent_sessions.set_status,
                    session_id,
                    name,
                    AgentSessionStatus.CLOSED,
                )
            )
        return {"closed": closed}

    async def refresh_agents(self, request: Request) -> dict[str, Any]:
        """Read the catalog and probe everything again."""
        return {"agents": await self._roster.refresh()}


def _json(value: ChangeSet) -> dict[str, Any]:
    result: dict[str, Any] = msgspec.to_builtins(value)
    return result


def _text(request: Request, name: str) -> str:
    value = request.args.get(name)
    if not isinstance(value, str):
        raise InvalidInput(f"{name} must be a text.", field=name)
    return value


def _session(request: Request) -> str:
    if request.session_id is None:
        raise InvalidInput("This request needs a session.", field="session_id")
    return request.session_id
