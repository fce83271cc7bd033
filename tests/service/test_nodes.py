"""A dead runner is noticed from the server's side."""

import anyio

from roundhouse.model.task import NewTask, TaskStatus
from roundhouse.service.nodes import Reaper
from roundhouse.service.services import Services
from roundhouse.store.database import Database
from roundhouse.store.nodes import Nodes
from roundhouse.store.tasks import Tasks
from tests.service.node import FakeNode, live_node, make_session


async def run_one(db: Database, node: FakeNode) -> str:
    """A task that the node runs."""
    session = await make_session(db, node.id)
    task, _ = await Tasks(db).create(NewTask(session_id=session.id, agent="demo", input="hi"))
    assert await Tasks(db).claim(node.id, 1)
    return task.id


async def long_ago(db: Database) -> None:
    """As if no node had been heard of for a while."""
    async with db.connection() as conn:
        await conn.execute("UPDATE nodes SET seen_at = now() - interval '1 minute'")


async def test_the_work_of_a_dead_node_is_lost_after_two_looks(
    db: Database, database_url: str
) -> None:
    """Not after one, and not while it lives."""
    reaper = Reaper(Nodes(db))
    async with live_node(db, database_url) as node:
        task = await run_one(db, node)
        await long_ago(db)
        await reaper.look()
        await reaper.look()
        assert (await Tasks(db).get(task)).status is TaskStatus.RUNNING
    with anyio.fail_after(10):
        while not await Nodes(db).suspects():  # noqa: ASYNC110 - the lock ends with a connection
            await anyio.sleep(0.02)
    await reaper.look()
    assert (await Tasks(db).get(task)).status is TaskStatus.RUNNING
    await reaper.look()
    lost = await Tasks(db).get(task)
    assert (lost.status, lost.failure_code) == (TaskStatus.LOST, "node_lost")


async def test_the_services_watch_by_themselves(
    services: Services, db: Database, database_url: str
) -> None:
    """The task ends without anybody's doing."""
    async with live_node(db, database_url) as node:
        task = await run_one(db, node)
    await long_ago(db)
    with anyio.fail_after(20):
        while (await Tasks(db).get(task)).status is not TaskStatus.LOST:  # noqa: ASYNC110 - a row has no event
            await anyio.sleep(0.05)
