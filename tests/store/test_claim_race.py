"""Many claimers at once, each on connections of its own: nothing lost, nothing doubled, all in order."""

import random

import anyio
import anyio.lowlevel

from roundhouse.model.task import NewTask, Task, TaskStatus
from roundhouse.store.database import Database
from roundhouse.store.nodes import Nodes
from roundhouse.store.projects import Projects
from roundhouse.store.sessions import Sessions
from roundhouse.store.tasks import Tasks

CLAIMERS = 8
SESSIONS = 40
EACH = 15
WIPE = "UPDATE sessions SET node_id = NULL WHERE id = %s"


class Race:
    """What the claimers saw, in one order, since they share a loop."""

    def __init__(self, total: int) -> None:
        self.left = total
        self.running: dict[str, str] = {}
        self.ran: dict[str, list[str]] = {}
        self.overlaps: list[str] = []

    def begin(self, task: Task) -> None:
        """A claimer has the task."""
        if task.session_id in self.running:
            self.overlaps.append(task.session_id)
        self.running[task.session_id] = task.id
        self.ran.setdefault(task.session_id, []).append(task.input)

    def end(self, task: Task) -> None:
        """The claimer is about to end it."""
        del self.running[task.session_id]
        self.left -= 1


async def work(url: str, race: Race, name: str) -> None:
    """Claim, run and finish until nothing is left; afterwards any node may have the session."""
    async with Database.open(url, size=2, name=name) as db:
        node_id = await Nodes(db).register(name, "host", 1, "0")
        tasks, sessions = Tasks(db), Sessions(db)
        while race.left:
            for task in await tasks.claim(node_id, random.choice([1, 2, 5])):  # noqa: S311
                race.begin(task)
                await anyio.lowlevel.checkpoint()
                race.end(task)
                assert await tasks.finish(task.id, node_id, TaskStatus.COMPLETED)
                await sessions.settled(task.session_id, task.id)
                async with db.connection() as conn:
                    await conn.execute(WIPE, (task.session_id,))


async def test_eight_claimers_lose_double_and_overtake_nothing(database_url: str) -> None:
    """The affinity is wiped after each turn, so that every claimer fights for every session."""
    race = Race(SESSIONS * EACH)
    async with Database.open(database_url, name="test") as db:
        node_id = await Nodes(db).register("origin", "host", 1, "0")
        project = await Projects(db).create(name="p", path="/p", node_id=node_id)
        sessions = [
            await Sessions(db).create(project_id=project.id, title=str(n)) for n in range(SESSIONS)
        ]
        with anyio.fail_after(100):
            async with anyio.create_task_group() as group:
                for n in range(CLAIMERS):
                    group.start_soon(work, database_url, race, f"claimer {n}")
                for n in range(EACH):
                    for session in sessions:
                        new = NewTask(session_id=session.id, agent="demo", input=f"{n:03}")
                        await Tasks(db).create(new)
                        async with db.connection() as conn:
                            await conn.execute(WIPE, (session.id,))
        async with db.connection() as conn:
            left = await conn.execute("SELECT count(*) FROM tasks WHERE status <> 'completed'")
            assert await left.fetchone() == (0,)

    assert race.overlaps == []
    assert race.ran == {session.id: [f"{n:03}" for n in range(EACH)] for session in sessions}
