"""One turn, from a claimed task to its one terminal state and the settled worktree.

Owns the order of things (finish first, then settle), the mapping of every failure to a code, and cancelling.
How an agent is talked to, what git does and where rows go is elsewhere.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial

import anyio
import structlog
from anyio.abc import TaskGroup

from roundhouse.agents.backend import Prompt, SessionSpec, TextBlock, TurnResult, TurnSink
from roundhouse.model.errors import (
    AgentError,
    InvalidInput,
    RoundhouseError,
    SetupError,
    WorkspaceError,
)
from roundhouse.model.event import Activity, AgentReady, EventBody, Handover, TaskStarted, Text
from roundhouse.model.permission import PermissionAnswer, PermissionAsk
from roundhouse.model.session import AgentSession, AgentSessionStatus, Continuity
from roundhouse.model.task import FailureCode, Task, TaskStatus, Usage
from roundhouse.runner.briefing import Briefer, Briefing
from roundhouse.runner.ground import Ground, Rows
from roundhouse.runner.grounds import Grounds
from roundhouse.runner.outage import until_back
from roundhouse.runner.permissions import PermissionDesk
from roundhouse.runner.pool import AgentPool, Lease
from roundhouse.runner.recorder import Recorder
from roundhouse.runner.roster import Roster
from roundhouse.runner.watchdog import Watch, Watchdog

END_DEADLINE = 15.0
"""Seconds that ending and settling a turn may take once the runner is stopping; otherwise they may take for ever."""

SUMMARY_CHARS = 500

STOPPED = "Roundhouse was stopped"
CANCELLED = "Cancelled."
UNKEPT = "The agent's own conversation was not kept."

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Outcome:
    """How a task ends."""

    status: TaskStatus
    failure: FailureCode | None = None
    error: str | None = None
    usage: Usage | None = None

    @property
    def crashed(self) -> bool:
        """Whether the agent's process is gone."""
        return self.failure is FailureCode.AGENT_CRASHED


@dataclass(eq=False)
class _Turn:
    task: Task
    watch: Watch
    beside: TaskGroup
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    ground: Ground | None = None
    lease: Lease | None = None
    briefing: Briefing | None = None
    prompted: bool = False
    noted: anyio.Event | None = None
    said: str = ""
    said_in: str | None = None


@dataclass(frozen=True)
class Collaborators:
    """What a turn is made of."""

    rows: Rows
    recorder: Recorder
    grounds: Grounds
    pool: AgentPool
    roster: Roster
    briefer: Briefer
    desk: PermissionDesk
    watchdog: Watchdog


class Turns:
    """The turns that run on this node."""

    def __init__(self, parts: Collaborators, *, node_id: int, node_name: str) -> None:
        self._parts = parts
        self._node_id = node_id
        self._node_name = node_name
        self._running: dict[str, _Turn] = {}
        self._endings: set[anyio.CancelScope] = set()
        self._end_by = float("inf")

    @property
    def running(self) -> list[str]:
        """The ids of the tasks that run now."""
        return list(self._running)

    def cancel(self, task_id: str) -> None:
        """End a running turn as cancelled; nothing happens for one that does not run here."""
        turn = self._running.get(task_id)
        if turn is not None:
            turn.scope.cancel()

    def stop(self, soft_stop: float) -> None:
        """Turns are about to be cancelled in so many seconds: from then on even their ends are bounded."""
        self._end_by = anyio.current_time() + soft_stop + END_DEADLINE
        for scope in self._endings:
            scope.deadline = self._end_by

    async def run(self, task: Task) -> None:
        """Run a task that this node has claimed. Never raises, except to pass a cancellation on."""
        try:
            async with anyio.create_task_group() as beside:
                turn = _Turn(task, self._parts.watchdog.begin(task.session_id), beside)
                self._running[task.id] = turn
                await self._run(turn)
        except Exception:
            # Nothing is left that could be told: the boundary towards the neighbours.
            log.exception("a turn could not be ended", task_id=task.id)
        finally:
            self._running.pop(task.id, None)

    async def _run(self, turn: _Turn) -> None:
        outcome = Outcome(TaskStatus.CANCELLED, error=STOPPED)
        try:
            with turn.scope:
                outcome = await self._attempt(turn)
            if turn.scope.cancelled_caught:
                outcome = Outcome(TaskStatus.CANCELLED, error=CANCELLED)
        finally:
            # Also when the runner stops: what ran must be written down.
            with self._ending():
                self._parts.watchdog.end(turn.watch)
                await self._end(turn, outcome)

    @contextmanager
    def _ending(self) -> Iterator[None]:
        with anyio.CancelScope(shield=True, deadline=self._end_by) as scope:
            self._endings.add(scope)
            try:
                yield
            finally:
                self._endings.discard(scope)

    async def _attempt(self, turn: _Turn) -> Outcome:
        """The turn up to its outcome; the one place where failures become codes."""
        try:
            return await self._turn(turn)
        except AgentError as error:
            return _failed(error.failure, error)
        except (WorkspaceError, SetupError, InvalidInput, OSError) as error:
            log.warning("the workspace failed a turn", task_id=turn.task.id, exc_info=True)
            return _failed(FailureCode.WORKSPACE_ERROR, error)
        except Exception as error:
            log.exception("a turn failed", task_id=turn.task.id)
            return Outcome(
                TaskStatus.FAILED, FailureCode.INTERNAL, f"{type(error).__name__}: {error}"
            )

    async def _turn(self, turn: _Turn) -> Outcome:
        task, parts = turn.task, self._parts
        emit = partial(self._emit, turn)
        await emit(TaskStarted(node=self._node_name))
        if task.agent in parts.pool.warm(task.session_id):
            spec = await parts.roster.known(task.agent)
        else:
            spec = await parts.roster.spec(task.agent)
        turn.ground = ground = await parts.grounds.prepare(task, emit)
        if ground.repaired:
            await parts.pool.close(task.session_id)
            ground.repaired = False
        before = ground.agents.get(task.agent)
        wanted = SessionSpec(
            session_id=task.session_id,
            agent=spec,
            cwd=ground.worktree.worktree_path,
            emit=partial(parts.recorder.emit, task.session_id, None, task.agent),
            agent_session_id=before.agent_session_id if before else None,
            made_at=before.last_active_at.timestamp() if before and before.last_active_at else None,
        )
        async with parts.pool.lease(wanted) as lease:
            turn.lease = lease
            turn.briefing = await parts.briefer.brief(task, ground, lease.continuity)
            await self._ready(turn, lease, turn.briefing)
            return await self._prompt(turn, lease, turn.briefing)

    async def _ready(self, turn: _Turn, lease: Lease, briefing: Briefing) -> None:
        """Say what the agent remembers, and note whom to resume while it works."""
        handle = lease.handle
        rebuilt = briefing.continuity is Continuity.REBUILT
        await self._emit(
            turn,
            AgentReady(
                continuity=briefing.continuity,
                warm=lease.warm,
                ms=lease.ms,
                pid=handle.pid,
                agent_session_id=handle.agent_session_id,
                reason=lease.reason or (UNKEPT if rebuilt else None),
            ),
        )
        if briefing.text is not None:
            await self._emit(turn, Handover(text=briefing.text))
        turn.noted = anyio.Event()
        turn.beside.start_soon(self._note_ready, turn, lease, briefing)

    async def _note_ready(self, turn: _Turn, lease: Lease, briefing: Briefing) -> None:
        handle = lease.handle
        try:
            await until_back(
                partial(
                    self._parts.rows.agent_sessions.ready,
                    turn.task.session_id,
                    turn.task.agent,
                    backend=lease.backend.kind,
                    agent_session_id=handle.agent_session_id,
                    continuity=briefing.continuity,
                    pid=handle.pid,
                    server_port=handle.port,
                )
            )
        except RoundhouseError:
            log.exception("an agent's conversation was not noted", task_id=turn.task.id)
        finally:
            if turn.noted is not None:
                turn.noted.set()

    async def _prompt(self, turn: _Turn, lease: Lease, briefing: Briefing) -> Outcome:
        task = turn.task
        told = [TextBlock(briefing.text)] if briefing.text is not None else []
        turn.prompted = True
        result = await lease.backend.prompt(
            lease.handle,
            Prompt(blocks=[*told, TextBlock(task.input)], model=task.model, mode=task.mode),
            TurnSink(emit=partial(self._emit, turn), ask=partial(self._ask, turn)),
        )
        return _ended(result)

    async def _emit(self, turn: _Turn, body: EventBody) -> None:
        turn.watch.saw(body)
        if isinstance(body, Text):
            gap = "\n\n" if turn.said and body.message_id != turn.said_in else ""
            turn.said = (turn.said + gap + body.text)[-2 * SUMMARY_CHARS :]
            turn.said_in = body.message_id
        task = turn.task
        # The answer follows these within moments, and shares their commit.
        soon = not isinstance(body, TaskStarted | AgentReady | Handover)
        await self._parts.recorder.emit(task.session_id, task.id, task.agent, body, soon=soon)

    async def _ask(self, turn: _Turn, ask: PermissionAsk) -> PermissionAnswer:
        with turn.watch.asking():
            return await self._parts.desk.ask(turn.task, ask)

    async def _end(self, turn: _Turn, outcome: Outcome) -> None:
        """Finish, then settle, then let the session's next turn in."""
        task, ground = turn.task, turn.ground
        settling = anyio.Event()
        if ground is not None:
            ground.settling = settling
        try:
            if await self._finish(turn, outcome):
                if ground is not None:
                    await self._settle(turn, ground, outcome)
                await until_back(
                    partial(self._parts.rows.sessions.settled, task.session_id, task.id)
                )
        finally:
            settling.set()
            if ground is not None:
                ground.settling = None

    async def _finish(self, turn: _Turn, outcome: Outcome) -> bool:
        """Write the terminal state, after all events. False: another node declared the task lost."""
        task, tasks = turn.task, self._parts.rows.tasks
        await self._parts.recorder.drain(task.session_id)
        try:
            done = await self._write_end(turn, outcome)
        except RoundhouseError as error:
            # What an agent said about its end must not keep the task from having one.
            log.exception("an end was refused", task_id=task.id)
            outcome = Outcome(outcome.status, outcome.failure, f"({type(error).__name__})")
            turn.said = ""
            done = await self._write_end(turn, outcome)
        if done:
            return True
        # Either somebody else ended it, or our own first try was committed and its answer lost.
        row = await until_back(partial(tasks.get, task.id))
        if row.status is outcome.status:
            return True
        log.warning("the task was ended by another node", task_id=task.id, status=row.status)
        self._parts.grounds.forget(task.session_id)
        return False

    async def _write_end(self, turn: _Turn, outcome: Outcome) -> bool:
        return await until_back(
            partial(
                self._parts.rows.tasks.finish,
                turn.task.id,
                self._node_id,
                outcome.status,
                failure_code=outcome.failure,
                error=outcome.error,
                summary=turn.said.strip()[-SUMMARY_CHARS:] or None,
                usage=outcome.usage,
            )
        )

    async def _settle(self, turn: _Turn, ground: Ground, outcome: Outcome) -> None:
        """Record what the turn did to files and agents. A failure is told, and holds nothing up."""
        task = turn.task
        try:
            await self._parts.grounds.settle(ground, task)
            async with anyio.create_task_group() as rows:
                rows.start_soon(self._parts.grounds.note_snapshots, ground, task)
                rows.start_soon(self._settle_agent, turn, ground, outcome)
        except Exception as error:
            # Git, the disk or the database refused; the session must go on all the same.
            log.exception("a turn did not settle", task_id=task.id)
            self._parts.grounds.forget(task.session_id)
            text = f"The changes of this turn could not be recorded yet: {error}"
            await self._emit(turn, Activity(text=text))

    async def _settle_agent(self, turn: _Turn, ground: Ground, outcome: Outcome) -> None:
        lease, briefing = turn.lease, turn.briefing
        if lease is None or briefing is None or turn.noted is None:
            return
        await turn.noted.wait()
        task, agents = turn.task, self._parts.rows.agent_sessions
        seq = self._parts.recorder.take_seq(task.session_id)
        known = ground.agents.get(task.agent)
        seen_seq = known.last_seen_seq if known else 0
        seen_snapshot = known.last_seen_snapshot if known else None
        if turn.prompted and briefing.complete:
            seen_seq, seen_snapshot = seq or seen_seq, ground.head
        elif briefing.continuity is Continuity.FRESH:
            seen_seq, seen_snapshot = 0, None
        now = AgentSession(
            session_id=task.session_id,
            agent=task.agent,
            backend=lease.backend.kind,
            status=AgentSessionStatus.CRASHED if outcome.crashed else AgentSessionStatus.IDLE,
            continuity=briefing.continuity,
            agent_session_id=lease.handle.agent_session_id,
            last_seen_snapshot=seen_snapshot,
            last_seen_seq=seen_seq,
            last_active_at=datetime.now(UTC),
        )
        ground.agents[task.agent] = now
        await until_back(
            partial(
                agents.idle,
                task.session_id,
                task.agent,
                usage=outcome.usage,
                last_seen_snapshot=seen_snapshot,
                last_seen_seq=seen_seq,
            )
        )
        if outcome.crashed:
            await until_back(partial(agents.set_status, task.session_id, task.agent, now.status))


def _failed(code: FailureCode, error: Exception) -> Outcome:
    message = str(error) or type(error).__name__
    remedy = error.remedy if isinstance(error, RoundhouseError) else None
    return Outcome(TaskStatus.FAILED, code, f"{message} {remedy}" if remedy else message)


def _ended(result: TurnResult) -> Outcome:
    match result.stop:
        case "cancelled":
            return Outcome(TaskStatus.CANCELLED, error=CANCELLED, usage=result.usage)
        case "refused":
            return Outcome(
                TaskStatus.FAILED,
                FailureCode.AGENT_REFUSED,
                "The agent refused to go on with this.",
                result.usage,
            )
        case "end_turn" | "max_tokens" | "max_turns":
            return Outcome(TaskStatus.COMPLETED, usage=result.usage)
