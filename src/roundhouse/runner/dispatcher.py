"""Claims queued tasks and runs each as a turn.

Owns concurrency and shutdown. Knows no agent, no SQL and no protocol.
"""

from collections.abc import Awaitable, Callable, Sequence

import anyio
import structlog
from anyio.abc import TaskStatus

from roundhouse.model.errors import DatabaseDown
from roundhouse.model.task import Task

Claim = Callable[[int], Awaitable[Sequence[Task]]]
"""Gives at most so many tasks to this node."""

RunTurn = Callable[[Task], Awaitable[None]]
"""Runs a task to its one terminal state. Never raises: it would cancel its neighbours."""

POLL_EVERY = 2.0
"""Seconds until work is found whose doorbell was lost."""

RETRY_AFTER = 0.5
"""Seconds until the next claim after one that failed."""

log = structlog.get_logger(__name__)


class Doorbell:
    """Wakes a loop. Rings while nobody waits are kept as one."""

    def __init__(self) -> None:
        self._rung = anyio.Event()

    def ring(self) -> None:
        """Wake whoever waits, or the next who will."""
        self._rung.set()

    async def wait(self, at_most: float | None = None) -> None:
        """Return at the next ring, or after so many seconds."""
        with anyio.move_on_after(at_most):
            await self._rung.wait()
        self._rung = anyio.Event()


class Dispatcher:
    """Fills its slots from the queue, by doorbell where it rings and by polling in any case."""

    def __init__(
        self,
        claim: Claim,
        run_turn: RunTurn,
        *,
        slots: int,
        soft_stop: float,
        poll_every: float = POLL_EVERY,
    ) -> None:
        self._claim = claim
        self._run_turn = run_turn
        self._free = slots
        self._slots = slots
        self._soft_stop = soft_stop
        self._poll_every = poll_every
        self._doorbell = Doorbell()
        self._stopping = False

    @property
    def running(self) -> int:
        """How many turns run now."""
        return self._slots - self._free

    @property
    def stopping(self) -> bool:
        """Whether it claims nothing more."""
        return self._stopping

    def ring(self) -> None:
        """There may be work."""
        self._doorbell.ring()

    def stop(self) -> None:
        """Claim nothing more; running turns get `soft_stop` seconds, then are cancelled."""
        self._stopping = True
        self._doorbell.ring()

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Dispatch until `stop`; returns when every turn has ended."""
        async with anyio.create_task_group() as turns:
            task_status.started()
            while not self._stopping:
                claimed = await self._take()
                for task in claimed:
                    self._free -= 1
                    turns.start_soon(self._turn, task, name=f"turn {task.id}")
                if not claimed and not self._stopping:
                    await self._doorbell.wait(self._poll_every)
            # Leaving the group waits for the turns; the deadline turns soft into hard.
            turns.cancel_scope.deadline = anyio.current_time() + self._soft_stop

    async def _take(self) -> Sequence[Task]:
        if self._free == 0:
            return ()
        try:
            return await self._claim(self._free)
        except DatabaseDown as error:
            log.warning("cannot claim while the database is away", error=error.message)
        except Exception:
            # The queue must survive whatever one claim ran into.
            log.exception("a claim failed")
        await anyio.sleep(RETRY_AFTER)
        return ()

    async def _turn(self, task: Task) -> None:
        try:
            await self._run_turn(task)
        finally:
            self._free += 1
            self._doorbell.ring()
