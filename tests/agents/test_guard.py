"""The guard, with real processes and real kills."""

import os
import secrets
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio

from roundhouse.agents.guard import NODE_VARIABLE, Guard, kill_group, sweep
from tests.agents.gone import gone
from tests.conformance.backends_acp import alive_with

DEADLINE = 30


def marker() -> str:
    """A node's marker that no other test has."""
    return f"guard-{secrets.token_hex(6)}"


@asynccontextmanager
async def runner(mark: str, folder: Path) -> AsyncIterator[tuple[int, list[int]]]:
    """A runner with one agent: its pid, and the pids of guard, agent and grandchild."""
    command = [sys.executable, "-m", "tests.agents.guarded", mark, str(folder)]
    with anyio.fail_after(DEADLINE):
        async with await anyio.open_process(command, stderr=None) as process:
            assert process.stdout is not None
            line = b""
            while not line.endswith(b"\n"):
                line += await process.stdout.receive()
            yield process.pid, [int(word) for word in line.split()]


async def test_no_agent_process_outlives_a_killed_runner(tmp_path: Path) -> None:
    """SIGKILL of the runner: agent, the grandchild in a session of its own, and the guard are gone."""
    mark = marker()
    async with runner(mark, tmp_path) as (pid, others):
        os.kill(pid, signal.SIGKILL)
        await gone(*others)

    assert alive_with(mark) == set()


async def test_a_terminal_signal_does_not_end_the_guard(tmp_path: Path) -> None:
    """It goes on guarding after SIGINT, SIGTERM and SIGHUP."""
    mark = marker()
    async with runner(mark, tmp_path) as (pid, others):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            os.kill(others[0], number)
        os.kill(pid, signal.SIGKILL)
        await gone(*others)

    assert alive_with(mark) == set()


async def test_a_guard_that_dies_is_replaced_and_knows_the_groups() -> None:
    """The next `ensure` starts another; nothing is done while it lives."""
    mark = marker()
    with anyio.fail_after(DEADLINE):
        async with Guard.start(mark) as guard:
            first = guard.pid or 0
            await guard.ensure()
            assert guard.pid == first
            child = await anyio.open_process(["sleep", "600"], start_new_session=True)
            guard.add(child.pid)
            os.kill(first, signal.SIGKILL)
            await gone(first)

            await guard.ensure()

            assert guard.pid != first
        await child.wait()
        assert child.returncode == -signal.SIGKILL
        await child.aclose()


async def test_a_removed_group_is_left_alone() -> None:
    """Its number may belong to a stranger by then."""
    with anyio.fail_after(DEADLINE):
        async with await anyio.open_process(["sleep", "600"], start_new_session=True) as child:
            async with Guard.start(marker()) as guard:
                guard.add(child.pid)
                guard.remove(child.pid)
            assert child.returncode is None
            child.kill()


async def test_a_stopped_guard_does_not_hold_up_the_runner() -> None:
    """Even with its pipe full, `add` neither waits nor fails."""
    with anyio.fail_after(DEADLINE):
        async with Guard.start(marker()) as guard:
            os.kill(guard.pid or 0, signal.SIGSTOP)
            for _ in range(20_000):
                guard.add(999_999_999)
            guard.remove(999_999_999)
            os.kill(guard.pid or 0, signal.SIGCONT)


def test_a_sweep_kills_what_carries_the_marker_and_nothing_else() -> None:
    """Exactly this value of exactly this variable."""
    mark = marker()
    children = {
        name: subprocess.Popen(["sleep", "600"], env={NODE_VARIABLE: name})
        for name in (mark, mark + "x")
    }

    assert sweep(mark) == 1
    assert sweep(mark) in {0, 1}  # 1 while the dead child is not reaped
    assert children[mark].wait() == -signal.SIGKILL
    assert children[mark + "x"].poll() is None
    assert sweep(mark + "x") == 1
    assert children[mark + "x"].wait() == -signal.SIGKILL


def test_a_group_that_is_gone_is_no_error() -> None:
    """There is nothing to kill any more."""
    assert not kill_group(999_999_999)
