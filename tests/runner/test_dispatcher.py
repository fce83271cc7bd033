"""The dispatcher on a queue in memory: how it fills its slots and how it stops."""

from collections.abc import Sequence
from datetime import UTC, datetime

import anyio

from roundhouse.model.errors import DatabaseDown
from roundhouse.model.task import Task, TaskStatus
from roundhouse.runner.dispatcher import Dispatcher

LONG = 1_000_000.0


def task(number: int) -> Task:
    """A claimed task."""
    return Task(
        id=str(number),
        session_id="s",
        agent="demo",
        input="",
        status=TaskStatus.RUNNING,
        priority=0,
        position=number,
        created_at=datetime.now(UTC),
    )


class Queue:
    """Hands out tasks, and counts who asks."""

    def __init__(self, count: int = 0) -> None:
        self.waiting = [task(number) for number in range(count)]
        self.asked = anyio.Event()
        self.failing = 0

    async def claim(self, n: int) -> Sequence[Task]:
        """At most `n` of the tasks."""
        self.asked.set()
        if self.failing:
            self.failing -= 1
            raise DatabaseDown
        taken, self.waiting = self.waiting[:n], self.waiting[n:]
        return taken


class Work:
    """Turns that end when the test says so."""

    def __init__(self) -> None:
        self.started: list[str] = []
        self.ended: list[str] = []
        self.cancelled: list[str] = []
        self.moved = anyio.Event()
        self.go = anyio.Event()

    async def run(self, given: Task) -> None:
        """One turn."""
        self.started.append(given.id)
        self._move()
        try:
            await self.go.wait()
        except anyio.get_cancelled_exc_class():
            self.cancelled.append(given.id)
            raise
        self.ended.append(given.id)
        self._move()

    async def until(self, started: int) -> None:
        """Wait until so many have started."""
        while len(self.started) < started:
            await self.moved.wait()

    def _move(self) -> None:
        self.moved.set()
        self.moved = anyio.Event()


async def test_the_bell_wakes_it_without_polling_and_slots_bound_what_runs() -> None:
    """Three tasks, two slots, no poll: two run, the third when one has ended."""
    queue, work = Queue(), Work()
    dispatcher = Dispatcher(queue.claim, work.run, slots=2, soft_stop=LONG, poll_every=LONG)
    with anyio.fail_after(10):
        async with anyio.create_task_group() as group:
            await group.start(dispatcher.run)
            await queue.asked.wait()
            queue.waiting = [task(number) for number in range(3)]
            dispatcher.ring()
            await work.until(2)
            assert dispatcher.running == 2
            assert [t.id for t in queue.waiting] == ["2"]
            work.go.set()
            await work.until(3)
            dispatcher.stop()
    assert work.ended == ["0", "1", "2"]


async def test_polling_finds_work_when_the_bell_is_lost() -> None:
    """Nobody rings; the task runs all the same."""
    queue, work = Queue(), Work()
    dispatcher = Dispatcher(queue.claim, work.run, slots=1, soft_stop=LONG, poll_every=0.01)
    with anyio.fail_after(10):
        async with anyio.create_task_group() as group:
            await group.start(dispatcher.run)
            await queue.asked.wait()
            queue.waiting = [task(1)]
            await work.until(1)
            work.go.set()
            dispatcher.stop()
    assert work.ended == ["1"]


async def test_stop_lets_running_turns_settle() -> None:
    """A turn that ends within the soft stop is not cancelled, and nothing new is claimed."""
    queue, work = Queue(1), Work()
    dispatcher = Dispatcher(queue.claim, work.run, slots=2, soft_stop=LONG, poll_every=0.01)
    with anyio.fail_after(10):
        async with anyio.create_task_group() as group:
            await group.start(dispatcher.run)
            await work.until(1)
            dispatcher.stop()
            queue.waiting = [task(7)]
            work.go.set()
    assert work.ended == ["0"]
    assert [t.id for t in queue.waiting] == ["7"]


async def test_a_turn_that_outlives_the_soft_stop_is_cancelled() -> None:
    """The deadline turns soft into hard."""
    queue, work = Queue(1), Work()
    dispatcher = Dispatcher(queue.claim, work.run, slots=1, soft_stop=0.01)
    with anyio.fail_after(10):
        async with anyio.create_task_group() as group:
            await group.start(dispatcher.run)
            await work.until(1)
            dispatcher.stop()
    assert work.cancelled == ["0"]


async def test_stop_before_run_claims_nothing() -> None:
    """It ends at once."""
    queue, work = Queue(1), Work()
    dispatcher = Dispatcher(queue.claim, work.run, slots=1, soft_stop=LONG)
    dispatcher.stop()
    with anyio.fail_after(10):
        await dispatcher.run()
    assert not work.started


async def test_a_failing_claim_is_only_a_pause() -> None:
    """The database is away twice; then work goes on."""
    queue, work = Queue(1), Work()
    queue.failing = 2
    work.go.set()
    dispatcher = Dispatcher(queue.claim, work.run, slots=1, soft_stop=LONG, poll_every=0.01)
    with anyio.fail_after(10):
        async with anyio.create_task_group() as group:
            await group.start(dispatcher.run)
            await work.until(1)
            dispatcher.stop()
    assert work.ended == ["0"]
