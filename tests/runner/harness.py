"""A running node on a test's database, and what a test does with it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import anyio
from anyio.abc import TaskGroup

from roundhouse.agents.backend import AgentBackend
from roundhouse.agents.catalog import Catalog
from roundhouse.agents.process import Spawner
from roundhouse.model.agent import AgentSpec
from roundhouse.model.event import Event, EventBody, Text
from roundhouse.model.session import Session
from roundhouse.model.task import NewTask, Task
from roundhouse.runner.node import Runner, RunnerOptions
from roundhouse.store.database import Database
from roundhouse.store.events import Events
from roundhouse.store.notifier import Notifier
from roundhouse.store.permissions import Permissions
from roundhouse.store.sessions import Sessions
from roundhouse.store.tasks import Tasks

DEADLINE = 40.0
LOOK_AGAIN = 0.2
"""Seconds until a condition is looked at again although nobody rang."""

Body = TypeVar("Body")
MakeBackend = Callable[[AgentSpec, Spawner, TaskGroup], AgentBackend]


def catalog_of(*specs: AgentSpec) -> Callable[[], Catalog]:
    """A catalog of just these agents."""
    return lambda: Catalog(agents={spec.name: spec for spec in specs}, problems=[])


class Bench:
    """A session on a running node."""

    def __init__(self, db: Database, session: Session, bell: Notifier) -> None:
        self.db = db
        self.session = session
        self.tasks = Tasks(db)
        self.sessions = Sessions(db)
        self.permissions = Permissions(db)
        self._bell = bell
        self._rung = anyio.Event()
        for channel in ("sessions", "events"):
            bell.subscribe(channel, lambda _: self._rung.set())

    def on(self, session: Session) -> "Bench":
        """The same node, another session."""
        return Bench(self.db, session, self._bell)

    async def until(self, condition: Callable[[], Awaitable[Any]]) -> Any:
        """What the condition gives once it gives something."""
        with anyio.fail_after(DEADLINE):
            while True:
                self._rung = anyio.Event()
                if found := await condition():
                    return found
                with anyio.move_on_after(LOOK_AGAIN):
                    await self._rung.wait()

    async def send(self, text: str, agent: str = "demo", **more: Any) -> Task:
        """Queue a task."""
        new = NewTask(session_id=self.session.id, agent=agent, input=text, **more)
        return (await self.tasks.create(new))[0]

    async def ended(self, task: Task) -> Task:
        """The task after its end."""

        async def look() -> Task | None:
            now = await self.tasks.get(task.id)
            return now if now.status.terminal else None

        found: Task = await self.until(look)
        return found

    async def turn(self, text: str, agent: str = "demo", **more: Any) -> Task:
        """Queue a task and wait until it has ended and settled."""
        task = await self.ended(await self.send(text, agent, **more))
        await self.settled()
        return await self.tasks.get(task.id)

    async def settled(self) -> Session:
        """The session once nothing runs in it."""

        async def look() -> Session | None:
            now = await self.sessions.get(self.session.id)
            return now if now.running_task is None and now.queued == 0 else None

        found: Session = await self.until(look)
        return found

    async def events(self) -> list[Event]:
        """All events, checked to be gapless."""
        events = await Events(self.db).read(self.session.id, limit=10_000)
        assert [event.seq for event in events] == list(range(1, len(events) + 1))
        return events

    async def bodies(self, kind: type[Body], task: Task | None = None) -> list[Body]:
        """The events of one type, of one task if given."""
        found: list[EventBody] = [
            event.body()
            for event in await self.events()
            if task is None or event.task_id == task.id
        ]
        return [body for body in found if isinstance(body, kind)]

    async def said(self, task: Task) -> str:
        """The answer of a task."""
        return "".join(body.text for body in await self.bodies(Text, task))

    async def seen(self, kind: type[Body], task: Task | None = None) -> Body:
        """The first event of a type, once there is one."""

        async def look() -> list[Body]:
            return await self.bodies(kind, task)

        found: list[Body] = await self.until(look)
        return found[0]


@asynccontextmanager
async def running(
    database_url: str,
    data_dir: Path,
    make_backend: MakeBackend,
    load_catalog: Callable[[], Catalog],
    **more: Any,
) -> AsyncIterator[Runner]:
    """A started runner, stopped at the end."""
    options = RunnerOptions(
        database_url=database_url,
        data_dir=data_dir,
        name="test",
        version="0",
        **({"probe": False, "soft_stop_seconds": 0.1} | more),
    )
    runner = Runner(options, make_backend, load_catalog)
    async with anyio.create_task_group() as group:
        with anyio.fail_after(DEADLINE):
            await group.start(runner.run)
        try:
            yield runner
        finally:
            runner.stop()


@asynccontextmanager
async def bench_of(db: Database, database_url: str, session: Session) -> AsyncIterator[Bench]:
    """A bench with a doorbell of its own."""
    async with Notifier.open(database_url, ("sessions", "events"), name="bench") as bell:
        yield Bench(db, session, bell)
