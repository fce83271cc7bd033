"""Setup commands as real processes."""

from pathlib import Path

import anyio
import pytest

from roundhouse.agents.process import Spawner
from roundhouse.model.errors import WorkspaceError
from roundhouse.model.event import Activity, EventBody
from roundhouse.runner.setup import run_setup, run_teardown


@pytest.fixture
def told() -> list[str]:
    """What the person was told."""
    return []


async def run(command: str, cwd: Path, told: list[str]) -> None:
    """One setup command."""

    async def emit(body: EventBody) -> None:
        assert isinstance(body, Activity)
        told.append(body.text)

    with anyio.fail_after(20):
        await run_setup(Spawner(None, "test"), command, str(cwd), emit)


async def test_it_runs_in_the_worktree_by_a_shell(tmp_path: Path, told: list[str]) -> None:
    """Pipes and redirections work; the beginning and the end are told."""
    await run("echo one | tr a-z A-Z > made.txt", tmp_path, told)
    assert (tmp_path / "made.txt").read_text() == "ONE\n"
    assert told[0].startswith("Running the setup command: echo one")
    assert told[-1] == "The setup command is done."


async def test_a_failure_shows_the_end_of_its_output(tmp_path: Path, told: list[str]) -> None:
    """Both streams, the exit code, the place and what to do."""
    with pytest.raises(WorkspaceError) as caught:
        await run("echo to out; echo to err >&2; exit 7", tmp_path, told)
    assert "exit code 7" in caught.value.message
    assert str(tmp_path) in caught.value.message
    assert "to out\nto err" in caught.value.message
    assert caught.value.remedy is not None


async def test_being_cancelled_ends_it(tmp_path: Path, told: list[str]) -> None:
    """The command would run for ten minutes; nothing of it is left."""
    fifo = tmp_path / "fifo"
    with anyio.fail_after(20):
        async with anyio.create_task_group() as group:
            group.start_soon(run, f"mkfifo {fifo}; sleep 600 > {fifo}", tmp_path, told)
            while not told:
                await anyio.lowlevel.checkpoint()
            group.cancel_scope.cancel()


async def test_a_daemon_it_leaves_behind_does_not_hold_it_up(
    tmp_path: Path, told: list[str]
) -> None:
    """Its pipe stays open in the child; the command's own end counts."""
    await run("sleep 600 & echo started", tmp_path, told)
    assert told[-1] == "The setup command is done."


async def test_a_teardown_runs_in_the_folder_and_says_how_it_failed(tmp_path: Path) -> None:
    """Its output goes to the log, not to a session that is gone."""
    spawner = Spawner(None, "test")
    with anyio.fail_after(20):
        await run_teardown(spawner, "echo bye > gone.txt", str(tmp_path))
        with pytest.raises(WorkspaceError, match="teardown command failed with exit code 3"):
            await run_teardown(spawner, "exit 3", str(tmp_path))
    assert (tmp_path / "gone.txt").read_text() == "bye\n"
