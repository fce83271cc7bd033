"""`roundhouse up` with real processes: what it prints, what it survives, what it leaves."""

import json
import signal
import socket
import stat
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import anyio.to_thread
import psutil
import pytest

from tests.e2e.stack import Stack, run_cli, wait_gone

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
async def stack(tmp_path: Path) -> AsyncIterator[Stack]:
    """A running `up` on an empty data folder."""
    async with Stack.running(tmp_path / "data") as running:
        yield running


async def command(stack: Stack, *words: str) -> "subprocess.CompletedProcess[str]":
    """A command of the same data folder, run beside the loop."""
    return await anyio.to_thread.run_sync(lambda: run_cli(stack, *words))


async def another(stack: Stack, word: str, than: int) -> psutil.Process:
    """The child of that name once it has another process id."""
    with anyio.fail_after(30):
        while True:
            try:
                found = stack.child(word)
            except (AssertionError, psutil.Error):
                found = None
            if found is not None and found.pid != than:
                return found
            await anyio.sleep(0.02)


async def test_what_it_leaves_in_the_data_folder_is_private(stack: Stack) -> None:
    """The folder and all that names the token or an address."""
    data = stack.data_dir
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    for name in (
        "token",
        "server.json",
        "postgres.json",
        "up.lock",
        "logs/server.log",
        "postgres/postgres.log",
    ):
        assert stat.S_IMODE((data / name).stat().st_mode) == 0o600, name
    left = json.loads((data / "server.json").read_text())
    assert left["url"] == stack.url
    assert left["token"] == stack.token == (data / "token").read_text().strip()
    assert left["pid"] == stack.child("roundhouse server").pid


async def test_a_second_one_says_who_runs_and_where(stack: Stack) -> None:
    """On the same data folder, exit code 1 and no traceback."""
    refused = await command(stack, "up", "--port", "0")

    assert refused.returncode == 1
    assert stack.process is not None
    assert "already running" in refused.stderr
    assert str(stack.process.pid) in refused.stderr
    assert stack.url in refused.stderr
    assert "Traceback" not in refused.stderr


async def test_a_killed_server_comes_back_on_the_same_port_with_the_same_runner(
    stack: Stack,
) -> None:
    """Requests meanwhile wait in the supervisor's socket instead of being refused."""
    runner = stack.child("roundhouse runner").pid
    old = stack.child("roundhouse server")
    old.kill()
    await another(stack, "roundhouse server", old.pid)
    health = await stack.call("GET", "/api/health")

    assert health["status"] == "ok"
    assert stack.child("roundhouse runner").pid == runner


async def test_restart_server_replaces_the_server_alone(stack: Stack) -> None:
    """By command, and by SIGHUP underneath."""
    runner = stack.child("roundhouse runner").pid
    old = stack.child("roundhouse server").pid
    done = await command(stack, "restart", "server")

    assert done.returncode == 0, done.stderr
    assert stack.child("roundhouse server").pid != old
    assert stack.child("roundhouse runner").pid == runner
    assert (await stack.call("GET", "/api/health"))["status"] == "ok"


async def test_a_killed_runner_is_started_again(stack: Stack) -> None:
    """And takes its node over."""
    old = stack.child("roundhouse runner")
    old.kill()
    await another(stack, "roundhouse runner", old.pid)
    with anyio.fail_after(30):
        while True:
            nodes = (await stack.call("GET", "/api/health"))["nodes"]
            if [node["alive"] for node in nodes] == [True]:
                break
            await anyio.sleep(0.05)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
async def test_no_process_is_left(stack: Stack, how: signal.Signals) -> None:
    """Whatever way the supervisor goes; in an orderly end the addresses go too."""
    code = await stack.stop(how)

    assert code == (-signal.SIGKILL if how is signal.SIGKILL else 0)
    assert await anyio.to_thread.run_sync(wait_gone, stack.data_dir) == []
    if how is not signal.SIGKILL:
        assert not (stack.data_dir / "server.json").exists()
        assert not (stack.data_dir / "postgres.json").exists()


async def test_a_second_interrupt_does_not_wait_for_turns(stack: Stack, repo: Path) -> None:
    """Everything is killed, and nothing is left."""
    session = (await stack.session(repo))["id"]
    await stack.send(session, "demo", "HANG")
    await stack.until(session, lambda event: event["type"] == "agent_ready")
    server = stack.child("roundhouse server")
    assert stack.process is not None
    stack.process.send_signal(signal.SIGINT)
    await anyio.to_thread.run_sync(server.wait, 30)
    code = await stack.stop(signal.SIGINT)

    assert code == 130
    assert await anyio.to_thread.run_sync(wait_gone, stack.data_dir) == []


async def test_after_a_kill_it_starts_again(stack: Stack) -> None:
    """Nothing stale stands in the way."""
    await stack.stop(signal.SIGKILL)
    await stack.start()
    assert (await stack.call("GET", "/api/health"))["status"] == "ok"


async def test_a_busy_port_is_said_before_anything_starts(tmp_path: Path) -> None:
    """One sentence, exit code 1."""
    stack = Stack(tmp_path / "data", {})
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        refused = await command(stack, "up", "--port", port)
    await stack.aclose()

    assert refused.returncode == 1
    assert f"Port {port} on 127.0.0.1 is in use." in refused.stderr
    assert not (tmp_path / "data" / "postgres").exists()


async def test_a_database_that_is_not_there_is_said(tmp_path: Path) -> None:
    """A malformed address of one, too; nothing is left running."""
    stack = Stack(tmp_path / "data", {})
    refused = await command(stack, "up", "--port", "0", "--database-url", "what is this")

    assert refused.returncode == 1
    assert "database URL" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert await anyio.to_thread.run_sync(wait_gone, stack.data_dir) == []
    await stack.aclose()
