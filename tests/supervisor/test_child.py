"""One supervised child, with small real programs."""

import os
import signal
import stat
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import anyio.to_thread

from roundhouse.supervisor.child import Child

DEADLINE = 20.0
WRITES_PID = "import os, sys; print(os.getpid(), flush=True); sys.stdin.read()"
DEAF = (
    "import os, signal; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "print(os.getpid(), flush=True); signal.pause()"
)


def child(tmp_path: Path, program: str, said: list[str], *, stop_deadline: float = 10.0) -> Child:
    """A child that runs a line of Python."""
    return Child(
        "program",
        [sys.executable, "-S", "-E", "-c", program],
        environment=os.environ,
        log=tmp_path / "program.log",
        say=said.append,
        stop_deadline=stop_deadline,
    )


@asynccontextmanager
async def running(one: Child) -> AsyncIterator[None]:
    """The child, kept running for the time of the context."""
    with anyio.fail_after(DEADLINE):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(one.run)
            try:
                yield
            finally:
                await one.stop()


async def pids(tmp_path: Path, count: int) -> list[int]:
    """The ids that so many lives of the program have written."""
    log = tmp_path / "program.log"
    found: list[str] = []
    while True:
        found = log.read_text().split() if log.exists() else []
        if len(found) >= count:
            break
        await anyio.sleep(0.02)
    return [int(word) for word in found]


def gone(pid: int) -> bool:
    """Whether there is no such process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


async def test_a_killed_child_is_started_again_and_it_is_said(tmp_path: Path) -> None:
    """With the signal that ended it and the place of its log, which is private."""
    said: list[str] = []
    async with running(one := child(tmp_path, WRITES_PID, said)):
        (first,) = await pids(tmp_path, 1)
        os.kill(first, signal.SIGKILL)
        _, second = await pids(tmp_path, 2)

        assert one.pid == second
        assert one.deaths == 1
    assert "SIGKILL" in said[0]
    assert "program.log" in said[0]
    assert stat.S_IMODE((tmp_path / "program.log").stat().st_mode) == 0o600
    assert gone(second)


async def test_a_replaced_child_comes_back_at_once_and_did_not_die(tmp_path: Path) -> None:
    """A replacement is no death: nothing is said, no back-off."""
    said: list[str] = []
    async with running(one := child(tmp_path, WRITES_PID, said)):
        (first,) = await pids(tmp_path, 1)
        one.replace()
        _, second = await pids(tmp_path, 2)

        assert first != second
        assert gone(first)
        assert one.deaths == 0
    assert said == []


async def test_a_deaf_child_is_killed_after_its_deadline(tmp_path: Path) -> None:
    """`stop` returns only when it is gone."""
    said: list[str] = []
    async with running(child(tmp_path, DEAF, said, stop_deadline=0.1)):
        (pid,) = await pids(tmp_path, 1)
    assert gone(pid)
    assert "killed" in said[0]


async def test_kill_is_final(tmp_path: Path) -> None:
    """It is not started again."""
    said: list[str] = []
    async with running(one := child(tmp_path, DEAF, said)):
        (pid,) = await pids(tmp_path, 1)
        one.kill()
    assert gone(pid)
    assert await pids(tmp_path, 1) == [pid]
    assert said == []


async def test_stopping_what_never_ran_is_nothing(tmp_path: Path) -> None:
    """And it does not start afterwards."""
    one = child(tmp_path, WRITES_PID, [])
    await one.stop()
    await one.stop()
    with anyio.fail_after(DEADLINE):
        await one.run()
    assert one.pid is None


async def test_the_last_line_of_the_log_is_why_it_does_not_start(tmp_path: Path) -> None:
    """As shown to the person."""
    said: list[str] = []
    async with running(one := child(tmp_path, "import sys; sys.exit('no such thing')", said)):
        await until(lambda: one.deaths > 0)
        assert await anyio.to_thread.run_sync(one.last_words) == "no such thing"
    assert "code 1" in said[0]


async def until(condition: Callable[[], bool]) -> None:
    """Wait for it; the caller has the deadline."""
    while True:
        if condition():
            return
        await anyio.sleep(0.02)
