"""Agent children, with real processes."""

import os
import secrets
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from anyio.abc import TaskGroup

from roundhouse.agents.guard import NODE_VARIABLE
from roundhouse.agents.process import (
    STDERR_KEPT,
    AgentProcess,
    Spawner,
    resident_bytes,
    resolve_env,
    scrub_environment,
)
from roundhouse.model.errors import AgentError
from roundhouse.model.task import FailureCode
from tests.agents.gone import gone
from tests.conformance.backends_acp import alive_with, spawner_with

DEADLINE = 30


@asynccontextmanager
async def spawning() -> AsyncIterator[tuple[Spawner, TaskGroup]]:
    """A spawner whose node leaves nothing behind."""
    marker = f"process-{secrets.token_hex(6)}"
    with anyio.fail_after(DEADLINE):
        async with spawner_with(marker) as (spawner, tasks):
            yield spawner, tasks
    assert alive_with(marker) == set()


async def python(spawner: Spawner, tasks: TaskGroup, code: str, **env: str) -> AgentProcess:
    """A child that runs a bit of Python and says `ready` first."""
    code = f"import os, signal, subprocess, sys, time\n{code}"
    command = [sys.executable, "-S", "-c", code]
    return await spawner.spawn(command, cwd="/", env=env, tasks=tasks)


async def line(child: AgentProcess) -> str:
    """The next line of stdout."""
    data = b""
    while not data.endswith(b"\n"):
        data += await child.stdout.receive()
    return data.decode().strip()


WAIT_FOR_EOF = "print('ready', flush=True); sys.stdin.read(); print('bye', flush=True)"
DEAF = """
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print('ready', flush=True)
while True: time.sleep(60)
"""
WITH_GRANDCHILDREN = """
near = subprocess.Popen(['sleep', '600'])
far = subprocess.Popen(['sleep', '600'], start_new_session=True)
print(near.pid, far.pid, flush=True)
"""


async def test_stopping_begins_with_the_end_of_stdin() -> None:
    """An agent that ends by itself then has a clean exit code."""
    async with spawning() as (spawner, tasks):
        child = await python(spawner, tasks, WAIT_FOR_EOF)
        assert await line(child) == "ready"

        await child.stop()

        assert child.returncode == 0
        assert not child.alive


async def test_a_deaf_child_is_killed() -> None:
    """Neither the end of stdin nor SIGTERM helps, SIGKILL does."""
    async with spawning() as (spawner, tasks):
        child = await python(spawner, tasks, DEAF)
        assert await line(child) == "ready"

        await child.stop(hurry=True)

        assert await child.wait() == -signal.SIGKILL


async def test_stopping_takes_grandchildren_along_wherever_they_are() -> None:
    """Those in the group, and those in a session of their own."""
    async with spawning() as (spawner, tasks):
        child = await python(spawner, tasks, WITH_GRANDCHILDREN + "sys.stdin.read()")
        pids = [int(word) for word in (await line(child)).split()]

        await child.stop()

        await gone(*pids)


async def test_a_death_is_seen_though_a_grandchild_holds_the_pipes() -> None:
    """By the exit of the process; what it left is killed then."""
    async with spawning() as (spawner, tasks):
        child = await python(spawner, tasks, WITH_GRANDCHILDREN + "os._exit(7)")
        pids = [int(word) for word in (await line(child)).split()]

        assert await child.wait() == 7

        await gone(*pids)
        await child.stop()


async def test_stop_may_be_called_twice_and_by_two_at_once() -> None:
    """And after a death."""
    async with spawning() as (spawner, tasks):
        child = await python(spawner, tasks, WAIT_FOR_EOF)
        async with anyio.create_task_group() as stoppers:
            stoppers.start_soon(child.stop)
            stoppers.start_soon(child.stop)
        await child.stop()

        dead = await python(spawner, tasks, "os._exit(3)")
        assert await dead.wait() == 3
        await dead.stop()
        assert dead.returncode == 3


async def test_a_cancelled_group_stops_its_children() -> None:
    """Nobody has to remember them."""
    marker = f"process-{secrets.token_hex(6)}"
    with anyio.fail_after(DEADLINE):
        async with anyio.create_task_group() as tasks:
            child = await python(Spawner(None, marker), tasks, WAIT_FOR_EOF)
            assert await line(child) == "ready"
            tasks.cancel_scope.cancel()

    assert child.returncode == 0
    assert alive_with(marker) == set()


async def test_a_flood_on_stderr_blocks_nobody_and_only_its_end_is_kept() -> None:
    """A megabyte, and the child still answers."""
    async with spawning() as (spawner, tasks):
        code = "sys.stderr.write('e' * 1_000_000 + '\\nthe end\\n'); sys.stderr.flush()\n"
        child = await python(spawner, tasks, code + WAIT_FOR_EOF)
        assert await line(child) == "ready"

        await child.stop()
        await child.wait()

        assert child.stderr_tail().endswith("the end")
        assert len(child.stderr_tail()) < STDERR_KEPT


async def test_a_missing_program_is_not_installed() -> None:
    """The code says so, and the name is in the message."""
    async with spawning() as (spawner, tasks):
        with pytest.raises(AgentError, match="no-such-agent is not installed") as caught:
            await spawner.spawn(["no-such-agent"], cwd="/", env={}, tasks=tasks)

        assert caught.value.failure is FailureCode.AGENT_NOT_INSTALLED


async def test_a_missing_folder_is_a_failed_start(tmp_path: Path) -> None:
    """Not a crash of ours."""
    async with spawning() as (spawner, tasks):
        with pytest.raises(AgentError, match="could not be started") as caught:
            await spawner.spawn(["sh"], cwd=str(tmp_path / "gone"), env={}, tasks=tasks)

        assert caught.value.failure is FailureCode.AGENT_START_FAILED


async def test_the_programs_own_path_decides(tmp_path: Path) -> None:
    """A PATH given to the agent is where it is looked for."""
    program = tmp_path / "my-agent"
    program.write_text("#!/bin/sh\necho mine\n")
    program.chmod(0o755)
    async with spawning() as (spawner, tasks):
        env = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
        child = await spawner.spawn(["my-agent"], cwd="/", env=env, tasks=tasks)

        assert await line(child) == "mine"
        await child.stop()


def test_an_agent_sees_nothing_of_ours_but_the_marker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Token and database address stay here; the rest of the environment is the person's."""
    monkeypatch.setenv("ROUNDHOUSE_TOKEN", "secret")
    monkeypatch.setenv("PERSONAL", "yes")

    env = scrub_environment("node", {"EXTRA": "1", NODE_VARIABLE: "forged"})

    assert "secret" not in env.values()
    assert env["PERSONAL"] == "yes"
    assert env["EXTRA"] == "1"
    assert env[NODE_VARIABLE] == "node"


def test_references_are_filled_from_our_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """But never with anything of ours, and an unset name leaves its variable out."""
    monkeypatch.setenv("MY_KEY", "k1")
    monkeypatch.setenv("ROUNDHOUSE_TOKEN", "secret")
    monkeypatch.delenv("UNSET", raising=False)
    given = {
        "KEY": "{env:MY_KEY}",
        "URL": "x-{env:MY_KEY}-{env:UNSET}",
        "GONE": "{env:UNSET}",
        "OURS": "{env:ROUNDHOUSE_TOKEN}",
        "EMPTY": "",
    }

    assert resolve_env(given) == {"KEY": "k1", "URL": "x-k1-", "EMPTY": ""}


def test_a_tree_is_weighed_and_a_dead_one_weighs_nothing() -> None:
    """Descendants count."""
    assert resident_bytes(os.getpid()) > 1_000_000
    assert resident_bytes(999_999_999) == 0
