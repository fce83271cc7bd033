"""What a runner is made of, in which order it starts, and how it stops.

Owns the composition and the shutdown: stop claiming, let turns settle, cancel the rest, end the agents, write
the last events, let go of the database. Which backends exist is the caller's to say.
"""

import os
import socket
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import msgspec
import structlog
from anyio.abc import TaskGroup, TaskStatus
from msgspec import Struct

from roundhouse.agents.backend import AgentBackend
from roundhouse.agents.catalog import Catalog
from roundhouse.agents.guard import Guard, sweep
from roundhouse.agents.process import Spawner, resident_bytes
from roundhouse.model.agent import AgentSpec
from roundhouse.model.errors import Conflict, DatabaseDown
from roundhouse.model.session import AgentSessionStatus
from roundhouse.runner.briefing import Briefer
from roundhouse.runner.dispatcher import POLL_EVERY, Dispatcher
from roundhouse.runner.ground import Rows
from roundhouse.runner.grounds import Grounds
from roundhouse.runner.identity import home_is_known, home_of, marker_of, resident_self
from roundhouse.runner.janitor import Janitor
from roundhouse.runner.permissions import ANSWER_DEADLINE, PermissionDesk
from roundhouse.runner.pool import IDLE_TTL, MAX_WARM, AgentPool
from roundhouse.runner.recorder import Recorder
from roundhouse.runner.requests import Handlers, RequestDesk
from roundhouse.runner.roster import Roster
from roundhouse.runner.turn import Collaborators, Turns
from roundhouse.runner.watchdog import Watchdog
from roundhouse.store.agents import AvailableAgents
from roundhouse.store.database import Database
from roundhouse.store.nodes import Nodes
from roundhouse.store.notifier import Notifier
from roundhouse.store.permissions import Permissions
from roundhouse.store.requests import Requests
from roundhouse.workspace.snapshot import Snapshots
from roundhouse.workspace.sweep import Sweep
from roundhouse.workspace.worktree import Worktrees

CHANNELS = ("tasks_new", "tasks_cancel", "permissions", "requests", "sessions_deleted")

PREDECESSOR_WAIT = 5.0
"""Seconds until the database must have noticed that the runner before us is gone."""

PREDECESSOR_EVERY = 0.1

LAST_WORDS = 5.0
"""Seconds to write the last events; a database that is away then keeps nobody from stopping."""

MakeBackend = Callable[[AgentSpec, Spawner, TaskGroup], AgentBackend]
"""Makes an agent's backend. Its long-lived tasks go into the group."""

log = structlog.get_logger(__name__)


class RunnerOptions(Struct, frozen=True, kw_only=True):
    """What a runner is told; everything with a default may be left to it."""

    database_url: str
    data_dir: Path
    name: str
    version: str
    slots: int = 16
    pool_size: int = 8
    soft_stop_seconds: float = 10.0
    poll_every: float = POLL_EVERY
    permission_deadline: float = ANSWER_DEADLINE
    idle_ttl: float = IDLE_TTL
    max_warm: int = MAX_WARM
    memory_budget: int | None = None
    probe: bool = True


class Runner:
    """One node's runner. `run` it once; `stop` it from anywhere in the loop."""

    def __init__(
        self,
        options: RunnerOptions,
        make_backend: MakeBackend,
        load_catalog: Callable[[], Catalog],
    ) -> None:
        self._options = options
        self._make_backend = make_backend
        self._load_catalog = load_catalog
        self._stopped = anyio.Event()
        self.node_id: int | None = None
        self.notifier: Notifier | None = None
        """The doorbell, once it runs."""

    def stop(self) -> None:
        """Claim nothing more, let turns settle, then end everything. Twice is once."""
        self._stopped.set()

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Run until `stop`; says started when tasks are being claimed.

        Raises DatabaseDown when the database cannot be reached at the start, Conflict when a runner of this
        name is alive.
        """
        options = self._options
        async with Database.open(
            options.database_url, size=options.pool_size, name="roundhouse-runner"
        ) as db:
            nodes = Nodes(db)
            home = await anyio.to_thread.run_sync(home_of, options.data_dir)
            known_home = await home_is_known(nodes, options.name, home)
            node_id = await nodes.register(
                options.name, socket.gethostname(), os.getpid(), options.version
            )
            self.node_id = node_id
            await _bury_predecessor(nodes, node_id)
            marker = await anyio.to_thread.run_sync(marker_of, options.name, options.data_dir)
            killed = await anyio.to_thread.run_sync(sweep, marker)
            if killed:
                log.warning("ended what the runner before left", processes=killed)
            async with (
                Notifier.open(
                    options.database_url, CHANNELS, lock=node_id, name="roundhouse-runner-bell"
                ) as bell,
                Guard.start(marker) as guard,
            ):
                self.notifier = bell
                node = _Node(
                    options,
                    db,
                    nodes,
                    node_id=node_id,
                    home=home,
                    known_home=known_home,
                    spawner=Spawner(guard, marker),
                )
                await node.run(
                    bell,
                    self._make_backend,
                    self._load_catalog,
                    stopped=self._stopped,
                    task_status=task_status,
                )


class _Node:
    """The parts of a registered runner, and their order."""

    def __init__(
        self,
        options: RunnerOptions,
        db: Database,
        nodes: Nodes,
        *,
        node_id: int,
        home: str,
        known_home: bool,
        spawner: Spawner,
    ) -> None:
        self._options = options
        self._home = home
        self._known_home = known_home
        self._nodes = nodes
        self._node_id = node_id
        self._spawner = spawner
        self._permissions = Permissions(db)
        self._requests = Requests(db)
        self._available = AvailableAgents(db)
        self._rows = Rows.of(db)
        self._snapshots = Snapshots(options.data_dir / "snapshots")
        self._recorder = Recorder(self._rows.events, dropped=self._lost)
        self._grounds = Grounds(
            self._rows,
            self._recorder,
            spawner,
            worktrees=Worktrees(options.data_dir / "worktrees", self._snapshots),
            snapshots=self._snapshots,
            sweep=Sweep(),
        )
        self._desk = PermissionDesk(
            self._permissions, self._recorder, deadline=options.permission_deadline
        )
        self._watchdog = Watchdog(self._rows.sessions.set_activity)
        self._turns: Turns | None = None

    async def run(
        self,
        bell: Notifier,
        make_backend: MakeBackend,
        load_catalog: Callable[[], Catalog],
        *,
        stopped: anyio.Event,
        task_status: TaskStatus[None],
    ) -> None:
        """Start everything, run until `stopped`, take it down in reverse."""
        async with anyio.create_task_group() as house, anyio.create_task_group() as children:
            pool = AgentPool(
                lambda spec: make_backend(spec, self._spawner, children),
                resident_bytes=resident_bytes,
                idle_ttl=self._options.idle_ttl,
                max_warm=self._options.max_warm,
                memory_budget=self._options.memory_budget,
            )
            roster = Roster(
                load_catalog,
                self._available,
                self._node_id,
                pool.backend,
                probe_dir=self._options.data_dir / "probe",
            )
            turns = self._turns = self._make_turns(pool, roster)
            dispatcher = Dispatcher(
                partial(self._rows.tasks.claim, self._node_id),
                turns.run,
                slots=self._options.slots,
                soft_stop=self._options.soft_stop_seconds,
                poll_every=self._options.poll_every,
            )
            requests = RequestDesk(
                self._requests, self._node_id, self._handlers(pool, roster).table()
            )
            janitor = self._janitor(pool, roster, dispatcher, turns)
            self._listen(bell, dispatcher, requests, janitor)
            try:
                await house.start(self._recorder.run)
                await house.start(janitor.run)
                house.start_soon(self._grounds.recover)
                house.start_soon(requests.run)
                house.start_soon(_stop_on, stopped, dispatcher, turns, self._options)
                if self._options.probe:
                    house.start_soon(_probe, roster)
                task_status.started()
                await dispatcher.run()
            finally:
                await self._take_down(pool)
                children.cancel_scope.cancel()
                house.cancel_scope.cancel()

    def _make_turns(self, pool: AgentPool, roster: Roster) -> Turns:
        return Turns(
            Collaborators(
                rows=self._rows,
                recorder=self._recorder,
                grounds=self._grounds,
                pool=pool,
                roster=roster,
                briefer=Briefer(self._rows, self._grounds),
                desk=self._desk,
                watchdog=self._watchdog,
            ),
            node_id=self._node_id,
            node_name=self._options.name,
        )

    def _handlers(self, pool: AgentPool, roster: Roster) -> Handlers:
        return Handlers(
            rows=self._rows,
            grounds=self._grounds,
            snapshots=self._snapshots,
            recorder=self._recorder,
            pool=pool,
            roster=roster,
        )

    def _janitor(
        self, pool: AgentPool, roster: Roster, dispatcher: Dispatcher, turns: Turns
    ) -> Janitor:
        return Janitor(
            node_id=self._node_id,
            nodes=self._nodes,
            tasks=self._rows.tasks,
            sessions=self._rows.sessions,
            agent_sessions=self._rows.agent_sessions,
            turns=turns,
            pool=pool,
            grounds=self._grounds,
            watchdog=self._watchdog,
            stats=partial(self._stats, pool, roster, dispatcher),
            draining=lambda: dispatcher.stopping,
            removes_orphans=self._known_home,
        )

    def _listen(
        self, bell: Notifier, dispatcher: Dispatcher, requests: RequestDesk, janitor: Janitor
    ) -> None:
        def cancel(task_id: str | None) -> None:
            if task_id is not None and self._turns is not None:
                self._turns.cancel(task_id)

        bell.subscribe("tasks_new", lambda _: dispatcher.ring())
        bell.subscribe("tasks_cancel", cancel)
        bell.subscribe("permissions", self._desk.ring)
        bell.subscribe("requests", requests.ring)
        bell.subscribe("sessions_deleted", janitor.deleted)

    def _lost(self, task_id: str) -> None:
        """The log takes nothing more of this task: it was declared lost, and its turn is a ghost."""
        log.warning("a turn goes on although its task is lost", task_id=task_id)
        if self._turns is not None:
            self._turns.cancel(task_id)

    async def _stats(
        self, pool: AgentPool, roster: Roster, dispatcher: Dispatcher
    ) -> dict[str, Any]:
        now = pool.stats()
        own = await anyio.to_thread.run_sync(resident_self)
        return {
            "warm": now.warm,
            "running": dispatcher.running,
            "rss_bytes": now.rss_bytes + own,
            "processes": msgspec.to_builtins(pool.processes()),
            "kept_event_bytes": self._recorder.kept_bytes,
            "problems": roster.problems,
            "home": self._home,
        }

    async def _take_down(self, pool: AgentPool) -> None:
        with anyio.CancelScope(shield=True):
            warm = pool.keys()
            await pool.dispose()
            with anyio.move_on_after(LAST_WORDS) as limit:
                await self._recorder.drain_all()
                for session_id, agent in warm:
                    await self._note_closed(session_id, agent)
            if limit.cancelled_caught:
                log.error("stopped before all was written", kept_bytes=self._recorder.kept_bytes)

    async def _note_closed(self, session_id: str, agent: str) -> None:
        try:
            await self._rows.agent_sessions.set_status(session_id, agent, AgentSessionStatus.CLOSED)
        except DatabaseDown as error:
            log.warning("an agent's end was not noted", agent=agent, error=error.message)


async def _bury_predecessor(nodes: Nodes, node_id: int) -> None:
    """Declare lost what the runner before us ran, as soon as its lock is free.

    Before we take that lock ourselves: it is what tells the dead from the living. Raises Conflict.
    """
    deadline = anyio.current_time() + PREDECESSOR_WAIT
    while any(row.id == str(node_id) and row.alive for row in await nodes.all()):
        if anyio.current_time() > deadline:
            raise Conflict(
                "Another runner with this name is alive.",
                code="node_taken",
                remedy="Stop it, or give this one another name.",
            )
        await anyio.sleep(PREDECESSOR_EVERY)
    lost = await nodes.reap(node_id)
    if lost:
        log.warning("the runner before left turns behind", lost=lost)


async def _stop_on(
    stopped: anyio.Event, dispatcher: Dispatcher, turns: Turns, options: RunnerOptions
) -> None:
    await stopped.wait()
    turns.stop(options.soft_stop_seconds)
    dispatcher.stop()


async def _probe(roster: Roster) -> None:
    """The first look at the agents; nothing waits for it."""
    try:
        await roster.refresh()
    except Exception:
        log.exception("probing the agents failed")
