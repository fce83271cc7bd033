"""Keeps house on a node: the beat, dead nodes, cold agents, lost doorbells, leftovers of deleted sessions.

Owns the rhythm of these rounds. Each round is small, and a failing one is only a round missed.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import structlog
from anyio.abc import TaskStatus

from roundhouse.model.errors import Conflict, NotFound
from roundhouse.model.session import AgentSessionStatus
from roundhouse.runner.dispatcher import Doorbell
from roundhouse.runner.grounds import Grounds
from roundhouse.runner.outage import forever
from roundhouse.runner.pool import AgentPool
from roundhouse.runner.turn import Turns
from roundhouse.runner.watchdog import Watchdog
from roundhouse.store.agent_sessions import AgentSessions
from roundhouse.store.nodes import Nodes
from roundhouse.store.sessions import Sessions
from roundhouse.store.tasks import Tasks

BEAT_EVERY = 1.0
REAP_EVERY = 1.0
CANCELS_EVERY = 1.0
LOOK_EVERY = 1.0
SWEEP_EVERY = 10.0
PACK_EVERY = 60.0
ORPHANS_EVERY = 60 * 60.0

log = structlog.get_logger(__name__)


class Janitor:
    """The rounds of one node."""

    def __init__(
        self,
        *,
        node_id: int,
        nodes: Nodes,
        tasks: Tasks,
        sessions: Sessions,
        agent_sessions: AgentSessions,
        turns: Turns,
        pool: AgentPool,
        grounds: Grounds,
        watchdog: Watchdog,
        stats: Callable[[], Awaitable[dict[str, Any]]],
        draining: Callable[[], bool],
        removes_orphans: bool,
    ) -> None:
        self._node_id = node_id
        self._nodes = nodes
        self._tasks = tasks
        self._sessions = sessions
        self._agent_sessions = agent_sessions
        self._turns = turns
        self._pool = pool
        self._grounds = grounds
        self._watchdog = watchdog
        self._stats = stats
        self._draining = draining
        self._removes_orphans = removes_orphans
        self._suspects: set[int] = set()
        self._deleted: set[str] = set()
        self._deletions = Doorbell()

    def deleted(self, session_id: str | None) -> None:
        """A session was deleted; None: any may have been, and the round over the folders finds it."""
        if session_id is not None:
            self._deleted.add(session_id)
            self._deletions.ring()

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Keep house until cancelled. The first beat has been written when it says started."""
        await self.beat()
        task_status.started()
        rounds = {
            self.beat: BEAT_EVERY,
            self.reap: REAP_EVERY,
            self.cancels: CANCELS_EVERY,
            self._watchdog.look: LOOK_EVERY,
            self.sweep: SWEEP_EVERY,
            self._grounds.pack: PACK_EVERY,
            self.remove_deleted: 0.0,
        }
        if self._removes_orphans:
            rounds[self.find_orphans] = ORPHANS_EVERY
        async with anyio.create_task_group() as loops:
            for step, every in rounds.items():
                loops.start_soon(forever, step.__name__, every, step)

    async def beat(self) -> None:
        """Say that this node lives, and how it is."""
        await self._nodes.beat(self._node_id, draining=self._draining(), stats=await self._stats())

    async def reap(self) -> None:
        """Declare lost what dead nodes ran: dead is who was suspect twice in a row."""
        suspects = await self._nodes.suspects() - {self._node_id}
        for node_id in suspects & self._suspects:
            lost = await self._nodes.reap(node_id)
            if lost:
                log.warning("a node died", node_id=node_id, lost=lost)
        self._suspects = suspects

    async def cancels(self) -> None:
        """Find the cancels whose doorbell was lost."""
        running = self._turns.running
        if running:
            for task_id in await self._tasks.cancelled(running):
                self._turns.cancel(task_id)

    async def sweep(self) -> None:
        """End the agents that are in the way."""
        for session_id, agent in await self._pool.sweep():
            await self._agent_sessions.set_status(session_id, agent, AgentSessionStatus.CLOSED)

    async def remove_deleted(self) -> None:
        """Wait for deletions and remove what they leave on this machine."""
        await self._deletions.wait()
        for session_id in list(self._deleted):
            await self.remove(session_id)
            self._deleted.discard(session_id)

    async def remove(self, session_id: str) -> None:
        """End a deleted session's agents and remove its folders. Raises WorkspaceError."""
        try:
            await self._pool.close(session_id)
        except Conflict:
            # It was deleted under a running turn, which then ends as lost.
            log.warning("a deleted session still has a busy agent", session_id=session_id)
        await self._grounds.remove(session_id)

    async def find_orphans(self) -> None:
        """Remove the folders of sessions that were deleted while nobody listened."""
        for session_id in await self._grounds.orphans():
            try:
                await self._sessions.get(session_id)
            except NotFound:
                log.info("removing what a deleted session left", session_id=session_id)
                await self.remove(session_id)
