"""The rounds of a node on a real database."""

from pathlib import Path

import anyio

from roundhouse.model.session import Session
from roundhouse.model.task import TaskStatus
from roundhouse.store.database import Database
from roundhouse.store.nodes import Nodes
from roundhouse.store.projects import Projects
from roundhouse.store.sessions import Sessions
from roundhouse.store.tasks import Tasks
from tests.runner.echo import EchoBackend, spec
from tests.runner.harness import bench_of, catalog_of, running


async def test_a_dead_node_s_task_is_lost_and_its_queue_is_held(
    db: Database, database_url: str, tmp_path: Path, session: Session
) -> None:
    """Another runner reaps it, once its lock was found free twice."""
    dead = await Nodes(db).register("dead", "elsewhere", 1, "0")
    async with bench_of(db, database_url, session) as bench:
        task = await bench.send("hello", "echo")
        async with db.connection() as conn:
            await conn.execute("UPDATE sessions SET node_id = %s WHERE id = %s", (dead, session.id))
            await conn.execute(
                "UPDATE nodes SET seen_at = now() - interval '1 minute' WHERE id = %s", (dead,)
            )
        assert [claimed.id for claimed in await Tasks(db).claim(dead, 1)] == [task.id]
        await bench.send("next", "echo")
        async with running(
            database_url, tmp_path / "data", lambda *_: EchoBackend(), catalog_of(spec())
        ):
            assert (await bench.ended(task)).status is TaskStatus.LOST
        assert (await bench.sessions.get(session.id)).hold_reason == "lost"


async def test_a_deleted_session_leaves_no_folder(
    db: Database, database_url: str, tmp_path: Path, session: Session
) -> None:
    """By the doorbell while the runner lives; by the round over the folders when it did not."""
    data = tmp_path / "data"
    load = catalog_of(spec())
    other = await Sessions(db).create(project_id=session.project_id, title="Other")
    async with bench_of(db, database_url, session) as bench:
        async with running(database_url, data, lambda *_: EchoBackend(), load):
            await bench.turn("hello", "echo")
            await bench.on(other).turn("hello", "echo")
            assert (data / "worktrees" / session.id).exists()
            await Sessions(db).delete(session.id)
            await bench.until(lambda: _gone(data, session.id))
        await Sessions(db).delete(other.id)
        assert (data / "worktrees" / other.id).exists()
        async with running(database_url, data, lambda *_: EchoBackend(), load):
            await bench.until(lambda: _gone(data, other.id))


async def test_the_project_s_teardown_runs_before_the_folder_goes(
    db: Database, database_url: str, tmp_path: Path, session: Session
) -> None:
    """In the worktree, also where nobody remembers the session; one that fails holds nothing up."""
    data, load = tmp_path / "data", catalog_of(spec())
    other = await Sessions(db).create(project_id=session.project_id, title="Other")
    proof = tmp_path / "proof"
    async with bench_of(db, database_url, session) as bench:
        async with running(database_url, data, lambda *_: EchoBackend(), load):
            await bench.turn("hello", "echo")
            await bench.on(other).turn("hello", "echo")
        command = f"cat README.md >> {proof}; exit 1"
        await Projects(db).update(session.project_id, teardown_command=command)
        await Sessions(db).delete(other.id)
        async with running(database_url, data, lambda *_: EchoBackend(), load):
            await bench.until(lambda: _gone(data, other.id))
            await bench.turn("hello", "echo")
            await Sessions(db).delete(session.id)
            await bench.until(lambda: _gone(data, session.id))
    assert proof.read_text() == "# A small project\n" * 2


async def test_another_database_does_not_take_the_folders_for_orphans(
    db: Database, database_url: str, tmp_path: Path, session: Session
) -> None:
    """A runner whose database has never seen this data folder removes nothing."""
    folder = tmp_path / "data" / "worktrees" / "abcdefghijkl"
    folder.mkdir(parents=True)
    async with (
        bench_of(db, database_url, session) as bench,
        running(database_url, tmp_path / "data", lambda *_: EchoBackend(), catalog_of(spec())),
    ):
        await bench.turn("hello", "echo")
    assert folder.exists()


async def _gone(data: Path, session_id: str) -> bool:
    folders = [anyio.Path(data / kind / session_id) for kind in ("worktrees", "snapshots")]
    return not any([await folder.exists() for folder in folders])
