"""kill -9 of each part in the middle of a turn: one terminal state, gapless events, nothing left, the next turn works."""

import signal
import sys
from pathlib import Path

import anyio
import anyio.to_thread
import httpx2
import psutil
import pytest

from tests.e2e.stack import Json, Stack, counting, run_cli, wait_gone


def first_text(event: Json) -> bool:
    """The agent has begun to answer."""
    return bool(event["type"] == "text")


async def ends_of(stack: Stack, session: str, task: str) -> list[Json]:
    """Every terminal event of a task; the right number is one."""
    return [
        e for e in await stack.events(session) if e["type"] == "task_ended" and e["task_id"] == task
    ]


async def agent_pid(stack: Stack, session: str) -> int:
    """The process that the demo agent runs in."""
    answer = await stack.http.get(f"/api/sessions/{session}/agents")
    return int(answer.json()[0]["pid"])


async def test_a_killed_agent_fails_its_turn_and_comes_back(stack: Stack, repo: Path) -> None:
    """The turn fails as agent_crashed, the next one runs on a resumed agent."""
    session = (await stack.session(repo))["id"]
    await stack.turn(session, "demo", "REMEMBER blue")
    task = (await stack.send(session, "demo", "SLOW 2000"))["id"]
    await stack.until(session, lambda e: first_text(e) and e["task_id"] == task)
    pid = await agent_pid(stack, session)
    psutil.Process(pid).kill()
    ended = await stack.ended(session, task)
    after = await stack.turn(session, "demo", "RECALL")

    assert (ended["status"], ended["failure_code"]) == ("failed", "agent_crashed")
    assert len(await ends_of(stack, session, task)) == 1
    types = [e["type"] for e in await stack.events(session) if e["task_id"] == task]
    assert "agent_crashed" in types
    assert after["status"] == "completed"
    assert "blue" in await stack.text_of(session, after["id"])
    ready = [e for e in await stack.events(session) if e["type"] == "agent_ready"]
    assert ready[-1]["continuity"] == "resumed"
    assert ready[-1]["pid"] != pid


async def test_a_killed_server_leaves_the_turn_running(stack: Stack, repo: Path) -> None:
    """The supervisor starts it again; the same warm agent goes on and the answer is whole."""
    session = (await stack.session(repo))["id"]
    task = (await stack.send(session, "demo", "SLOW 150"))["id"]
    await stack.until(session, first_text)
    pid = await agent_pid(stack, session)
    stack.child("roundhouse server").kill()
    await answering(stack)
    ended = await stack.ended(session, task)

    assert ended["status"] == "completed"
    assert await stack.text_of(session, task) == counting(150)
    assert len(await ends_of(stack, session, task)) == 1
    again = await stack.turn(session, "demo", "SAY on")
    assert again["status"] == "completed"
    assert await agent_pid(stack, session) == pid


async def test_the_command_line_follows_over_a_killed_server(stack: Stack, repo: Path) -> None:
    """`run` waits for the next server and prints the whole answer; other commands in between work."""
    words = ["run", "SLOW 60", "--agent", "demo", "--project", str(repo)]
    async with await anyio.open_process(
        [sys.executable, "-m", "roundhouse", *words], env=stack.environment, stderr=None
    ) as process:
        assert process.stdout is not None
        said = b""
        with anyio.fail_after(60):
            while b"5" not in said:
                said += await process.stdout.receive()
            stack.child("roundhouse server").kill()
            listed = await anyio.to_thread.run_sync(run_cli, stack, "ls")
            async for chunk in process.stdout:
                said += chunk
            code = await process.wait()

    assert said.decode().split() == counting(60).split()
    assert (code, listed.returncode) == (0, 0), listed.stderr


async def test_a_killed_runner_loses_its_turn_and_nothing_else(stack: Stack, repo: Path) -> None:
    """The task is lost, the agents are gone, what was queued waits for a person, the next turn works."""
    session = (await stack.session(repo))["id"]
    await stack.turn(session, "demo", "REMEMBER green")
    task = (await stack.send(session, "demo", "SLOW 2000"))["id"]
    held = (await stack.send(session, "demo", "SAY held"))["id"]
    await stack.until(session, lambda e: first_text(e) and e["task_id"] == task)
    agent = psutil.Process(await agent_pid(stack, session))
    stack.child("roundhouse runner").kill()
    ended = await stack.ended(session, task)
    gone, _ = await anyio.to_thread.run_sync(lambda: psutil.wait_procs([agent], timeout=10))

    assert (ended["status"], ended["failure_code"]) == ("lost", "node_lost")
    assert len(await ends_of(stack, session, task)) == 1
    assert gone == [agent]
    state = await stack.call("GET", f"/api/sessions/{session}")
    assert state["hold_reason"] == "lost"
    assert (await stack.call("GET", f"/api/tasks/{held}"))["status"] == "pending"
    await stack.call("POST", f"/api/sessions/{session}/resume")
    assert (await stack.ended(session, held))["status"] == "completed"
    after = await stack.turn(session, "demo", "RECALL")
    assert "green" in await stack.text_of(session, after["id"])
    await stack.events(session)


async def test_a_killed_database_costs_the_turn_nothing(stack: Stack, repo: Path) -> None:
    """Postmaster and all: the events of the gap are kept and written, the turn completes."""
    session = (await stack.session(repo))["id"]
    task = (await stack.send(session, "demo", "SLOW 150"))["id"]
    await stack.until(session, first_text)
    pid = await agent_pid(stack, session)
    stack.child("postgres -D").kill()
    await answering(stack)
    ended = await stack.ended(session, task)

    assert ended["status"] == "completed"
    assert await stack.text_of(session, task) == counting(150)
    assert len(await ends_of(stack, session, task)) == 1
    again = await stack.turn(session, "demo", "SAY on")
    assert again["status"] == "completed"
    assert await agent_pid(stack, session) == pid


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
async def test_nothing_is_left_when_the_supervisor_goes(
    stack: Stack, repo: Path, how: signal.Signals
) -> None:
    """TERM, Ctrl-C or KILL of `up` in the middle of a turn: no process of ours survives."""
    session = (await stack.session(repo))["id"]
    await stack.send(session, "demo", "HANG")
    await stack.until(session, lambda e: e["type"] == "agent_ready")
    code = await stack.stop(how)

    assert code == (-signal.SIGKILL if how is signal.SIGKILL else 0)
    assert await anyio.to_thread.run_sync(wait_gone, stack.data_dir) == []


async def test_a_full_stop_and_start_goes_on_where_it_was(stack: Stack, repo: Path) -> None:
    """After a restart of everything the agent remembers and says how."""
    session = (await stack.session(repo))["id"]
    await stack.turn(session, "demo", "REMEMBER red")
    await stack.settled(session)
    await stack.stop()
    await stack.start()
    task = await stack.turn(session, "demo", "RECALL")

    assert "red" in await stack.text_of(session, task["id"])
    ready = [e for e in await stack.events(session) if e["type"] == "agent_ready"]
    assert [e["continuity"] for e in ready] == ["fresh", "resumed"]


async def answering(stack: Stack) -> None:
    """Wait until the server answers with a database behind it."""
    with anyio.fail_after(30):
        while True:
            try:
                answer = await stack.http.get("/api/health")
                if answer.status_code == 200 and answer.json()["status"] == "ok":
                    return
            except httpx2.TransportError:
                pass
            await anyio.sleep(0.1)
