"""The composition: start, stop, and two of a name."""

from pathlib import Path

import anyio
import pytest

from roundhouse.model.errors import Conflict
from roundhouse.model.session import Session
from roundhouse.runner.identity import home_of, marker_of
from roundhouse.runner.node import Runner, RunnerOptions
from roundhouse.store.agents import AvailableAgents
from roundhouse.store.database import Database
from roundhouse.store.nodes import Node, Nodes
from roundhouse.store.requests import Requests
from tests.runner.echo import EchoBackend, spec
from tests.runner.harness import bench_of, catalog_of, running


async def node(db: Database) -> Node:
    """The one node."""
    [found] = await Nodes(db).all()
    return found


async def test_a_started_runner_is_alive_and_a_stopped_one_is_not(
    db: Database, database_url: str, tmp_path: Path
) -> None:
    """Its lock says so, and its row says how it is."""
    backend = EchoBackend()
    async with running(database_url, tmp_path, lambda *_: backend, catalog_of(spec())):
        alive = await node(db)
        assert alive.alive
        assert alive.stats["running"] == 0
        assert alive.stats["rss_bytes"] > 0
    # The database notices the closed connection in its own time.
    with anyio.fail_after(10):
        while (await node(db)).alive:
            await anyio.lowlevel.checkpoint()


async def test_a_second_runner_of_the_same_name_is_refused(
    db: Database, database_url: str, tmp_path: Path
) -> None:
    """The first goes on."""
    load = catalog_of(spec())
    options = RunnerOptions(database_url=database_url, data_dir=tmp_path, name="test", version="0")
    async with running(database_url, tmp_path, lambda *_: EchoBackend(), load):
        with pytest.raises(Conflict):
            await Runner(options, lambda *_: EchoBackend(), load).run()
        assert (await node(db)).alive


async def test_the_first_probe_runs_behind_the_start(
    db: Database, database_url: str, tmp_path: Path, session: Session
) -> None:
    """The rows appear while tasks are already being taken."""
    async with (
        bench_of(db, database_url, session) as bench,
        running(database_url, tmp_path, lambda *_: EchoBackend(), catalog_of(spec()), probe=True),
    ):
        await bench.turn("hello", "echo")
        await bench.until(AvailableAgents(db).list)


async def test_servers_can_ask_it(
    db: Database, database_url: str, tmp_path: Path, session: Session, repo: Path
) -> None:
    """For a repository, for changes, for the end of an agent."""
    requests = Requests(db)
    async with (
        bench_of(db, database_url, session) as bench,
        running(database_url, tmp_path, lambda *_: EchoBackend(), catalog_of(spec())) as runner,
    ):
        assert runner.node_id is not None

        async def ask(kind: str, *, read: bool, **args: str) -> dict[str, object]:
            ref = await requests.ask(
                kind, args, node_id=runner.node_id or 0, session_id=session.id, read=read
            )

            async def look() -> dict[str, object] | None:
                return (await requests.state(ref)).result

            found: dict[str, object] = await bench.until(look)
            return found

        found = await ask("inspect_repository", read=True, path=str(repo / "src"))
        assert (found["path"], found["branch"]) == (str(repo), "main")
        refused = await ask("inspect_repository", read=True, path=str(tmp_path / "none"))
        assert refused["code"] == "not_found"
        assert (await ask("changes", read=True))["head"] is None
        await bench.turn("hello", "echo")
        changes = await ask("changes", read=True)
        assert changes["head"] == changes["base"]
        assert await ask("close_agent", read=False) == {"closed": ["echo"]}
        assert await ask("refresh_agents", read=False) == {"agents": 1}


async def test_stop_before_anything_runs_ends_it(database_url: str, tmp_path: Path) -> None:
    """And disposes the backends, which are none."""
    options = RunnerOptions(database_url=database_url, data_dir=tmp_path, name="n", version="0")
    runner = Runner(options, lambda *_: EchoBackend(), catalog_of())
    runner.stop()
    runner.stop()
    with anyio.fail_after(30):
        await runner.run()


def test_marks_and_names_stay_the_same(tmp_path: Path) -> None:
    """A restarted runner finds its predecessor's processes; another folder's are not its own."""
    assert marker_of("a", tmp_path) == marker_of("a", tmp_path)
    assert marker_of("a", tmp_path) != marker_of("a", tmp_path / "other")
    assert home_of(tmp_path / "x") == home_of(tmp_path / "x")
