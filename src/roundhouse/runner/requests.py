"""Serves what servers ask of this node: reads in parallel, mutations as the store hands them out.

Owns the journal's last step: a result or an error for every request. What each kind does is with its handler.
"""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import structlog

from roundhouse.model.errors import DatabaseDown, InvalidInput, RoundhouseError
from roundhouse.model.session import AgentSessionStatus
from roundhouse.runner.applying import Applying
from roundhouse.runner.arguments import Handler, session_of, text_of
from roundhouse.runner.conversations import Conversations
from roundhouse.runner.dispatcher import Doorbell
from roundhouse.runner.ground import Rows
from roundhouse.runner.grounds import Grounds
from roundhouse.runner.outage import until_back
from roundhouse.runner.pool import AgentPool
from roundhouse.runner.reading import Reading
from roundhouse.runner.recorder import Recorder
from roundhouse.runner.reviewing import Reviewing
from roundhouse.runner.rewinding import Rewinding
from roundhouse.runner.roster import Roster
from roundhouse.store.requests import Request, Requests
from roundhouse.workspace.snapshot import Snapshots
from roundhouse.workspace.worktree import inspect

POLL_EVERY = 2.0
"""Seconds until a request is found whose doorbell was lost."""

AT_ONCE = 8
"""Requests served at the same time; the rest wait in their table."""

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
                answer = partial(self._requests.failed, request.ref, error)
            except Exception as error:
                log.exception("a request failed", ref=request.ref, kind=request.kind)
                told = RoundhouseError(f"{type(error).__name__}: {error}")
                answer = partial(self._requests.failed, request.ref, told)
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
        rows: Rows,
        grounds: Grounds,
        snapshots: Snapshots,
        recorder: Recorder,
        pool: AgentPool,
        roster: Roster,
    ) -> None:
        self._agent_sessions = rows.agent_sessions
        self._pool = pool
        self._roster = roster
        self._reading = Reading(grounds, rows, snapshots)
        self._reviewing = Reviewing(grounds, rows, snapshots)
        self._applying = Applying(grounds, rows, snapshots, recorder)
        conversations = Conversations(rows, recorder, pool, roster)
        self._rewinding = Rewinding(grounds, rows, snapshots, conversations)

    def table(self) -> dict[str, Handler]:
        """By kind."""
        return {
            "inspect_repository": self.inspect_repository,
            "close_agent": self.close_agent,
            "refresh_agents": self.refresh_agents,
            **self._reading.table(),
            **self._reviewing.table(),
            **self._applying.table(),
            **self._rewinding.table(),
        }

    async def inspect_repository(self, request: Request) -> dict[str, Any]:
        """What lies at a path. Raises InvalidInput when it is no usable repository."""
        found = await inspect(Path(text_of(request, "path")))
        return {
            "path": str(found.path),
            "name": found.name,
            "branch": found.branch,
            "head": found.head,
        }

    async def close_agent(self, request: Request) -> dict[str, Any]:
        """End one warm agent of a session, or all. Raises Conflict while it runs a turn."""
        session_id = session_of(request)
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
