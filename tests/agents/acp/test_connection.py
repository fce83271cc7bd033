"""JSON-RPC over real children that behave as agents should, and as they should not."""

import secrets
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest
from msgspec import Raw

from roundhouse.agents.acp import wire
from roundhouse.agents.acp.connection import MAX_LINE, OPEN_REQUESTS, Connection, ConnectionLost
from roundhouse.agents.acp.wire import RpcError
from roundhouse.model.errors import AgentError
from roundhouse.model.task import FailureCode
from tests.conformance.backends_acp import alive_with, spawner_with

DEADLINE = 60

PRELUDE = """
import json, os, subprocess, sys, time
out = sys.stdout.buffer
def send(**message):
    out.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\\n")
    out.flush()
def read():
    return json.loads(sys.stdin.readline())
"""


class Other:
    """Our side: takes down notifications and answers requests."""

    def __init__(self) -> None:
        self.told: list[Any] = []
        self.gate: anyio.Event | None = None
        self.connection: Connection | None = None

    async def on_notification(self, method: str, params: Raw) -> None:
        """Take it down, behind the gate if there is one."""
        if self.gate is not None:
            await self.gate.wait()
        self.told.append(wire.value(params))

    async def on_request(self, method: str, params: Raw) -> Any:
        """Answer as the method's name says."""
        if method == "break":
            raise RuntimeError("broken")
        if method == "wait":
            await anyio.sleep_forever()
        if method != "echo":
            raise RpcError(wire.METHOD_NOT_FOUND, "no such method")
        return wire.value(params)


@asynccontextmanager
async def connected(code: str) -> AsyncIterator[tuple[Connection, Other]]:
    """A connection to a child that runs this code."""
    marker = f"connection-{secrets.token_hex(6)}"
    other = Other()
    with anyio.fail_after(DEADLINE):
        async with spawner_with(marker) as (spawner, tasks):
            command = [sys.executable, "-S", "-c", PRELUDE + code]
            child = await spawner.spawn(command, cwd="/", env={}, tasks=tasks)
            connection = Connection("X", child, other.on_notification, other.on_request)
            tasks.start_soon(connection.run)
            yield connection, other
            await child.stop(hurry=True)
    assert alive_with(marker) == set()


async def test_an_answer_comes_after_all_that_came_before_it() -> None:
    """Even when each notification takes its time."""
    code = """
ask = read()
for n in range(1000): send(method="n", params=n)
send(id=ask["id"], result="done")
"""
    async with connected(code) as (connection, other):
        assert wire.value(await connection.call("go", {})) == "done"
        assert other.told == list(range(1000))


async def test_calls_are_answered_in_whatever_order() -> None:
    """Each gets its own, and what is asked of us is answered meanwhile."""
    code = """
one, two = read(), read()
send(id=77, method="echo", params={"a": 1})
assert read() == {"jsonrpc": "2.0", "id": 77, "result": {"a": 1}}
send(id="k", method="nothing")
assert read()["error"]["code"] == -32601
send(id=78, method="break")
assert read()["error"]["code"] == -32603
send(id=two["id"], result=two["params"])
send(id=one["id"], error={"code": 5, "message": "no"})
"""
    results: list[Any] = []

    async def ask(connection: Connection, params: str) -> None:
        try:
            results.append(wire.value(await connection.call("m", params)))
        except RpcError as error:
            results.append(error.code)

    async with connected(code) as (connection, _), anyio.create_task_group() as tasks:
        tasks.start_soon(ask, connection, "one")
        await anyio.lowlevel.checkpoint()
        tasks.start_soon(ask, connection, "two")

    assert sorted(results, key=str) == [5, "two"]


async def test_garbage_is_skipped() -> None:
    """Also half lines, unknown and doubled answers, and requests without sense."""
    code = """
ask = read()
out.write(b"hello\\n\\n[]\\nnull\\n\\x00\\n\\xff\\xfe\\n" + b"x" * 100000 + b"\\n")
send(id=99999, result=1)
send(id="ours?", result=1)
send(id=None, method="n", params="null id")
half = json.dumps({"jsonrpc": "2.0", "method": "n", "params": "whole"}).encode()
for byte in half:
    out.write(bytes([byte])); out.flush()
out.write(b"\\n")
send(id=ask["id"], result="first")
send(id=ask["id"], result="second")
ask = read()
send(id=ask["id"], result="third")
read()
"""
    async with connected(code) as (connection, other):
        assert wire.value(await connection.call("go", {})) == "first"
        assert wire.value(await connection.call("go", {})) == "third"
        assert other.told == ["null id", "whole"]


async def test_a_death_fails_every_call_with_the_reason() -> None:
    """What was said before it still arrives."""
    code = """
read()
send(method="n", params="last words")
sys.stderr.write("first\\nno more memory\\n")
sys.stderr.flush()
os._exit(9)
"""
    async with connected(code) as (connection, other):
        with pytest.raises(ConnectionLost, match=r"exit code 9\): no more memory") as caught:
            await connection.call("go", {})
        with pytest.raises(ConnectionLost):
            await connection.call("again", {})

        assert other.told == ["last words"]
        assert caught.value.exit_code == 9
        assert caught.value.stderr == "first\nno more memory"
        assert caught.value.failure is FailureCode.AGENT_CRASHED


async def test_a_death_is_seen_through_a_pipe_that_stays_open() -> None:
    """A grandchild in its own session holds it."""
    code = """
read()
subprocess.Popen(["sleep", "600"], start_new_session=True)
os.kill(os.getpid(), 9)
"""
    async with connected(code) as (connection, _):
        with pytest.raises(ConnectionLost, match="killed by SIGKILL"):
            await connection.call("go", {})


async def test_an_agent_that_closes_its_output_is_lost() -> None:
    """Though it lives on."""
    async with connected("os.close(1)\ntime.sleep(600)") as (connection, _):
        with pytest.raises(ConnectionLost):
            await connection.call("go", {})


async def test_a_long_line_arrives_whole() -> None:
    """Up to the limit."""
    async with connected(f'ask = read(); send(id=ask["id"], result="x" * {MAX_LINE - 100})') as (
        connection,
        _,
    ):
        assert len(wire.value(await connection.call("go", {}))) == MAX_LINE - 100


async def test_a_longer_line_ends_the_connection() -> None:
    """As the agent's error, not as its death."""
    code = f"read(); out.write(b'x' * {MAX_LINE + 1024}); out.flush(); time.sleep(600)"
    async with connected(code) as (connection, _):
        with pytest.raises(AgentError, match="longer than 64 MiB") as caught:
            await connection.call("go", {})

        assert caught.value.failure is FailureCode.AGENT_ERROR


async def test_a_slow_consumer_stops_the_agent() -> None:
    """It cannot write more than the pipes hold; nothing is lost when the consumer goes on."""
    code = """
ask = read()
sent = 0
os.set_blocking(1, False)
line = json.dumps({"jsonrpc": "2.0", "method": "n", "params": "x" * 1000}).encode() + b"\\n"
quiet = 0
while quiet < 20:
    try:
        os.write(1, line)
        sent += 1
        quiet = 0
    except BlockingIOError:
        quiet += 1
        time.sleep(0.02)
os.set_blocking(1, True)
sys.stderr.write(f"{sent}\\n")
sys.stderr.flush()
send(id=ask["id"], result=sent)
"""
    async with connected(code) as (connection, other):
        other.gate = anyio.Event()
        sent: list[int] = []

        async def ask() -> None:
            sent.append(wire.value(await connection.call("go", {})))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ask)
            while not connection._child.stderr_tail():  # noqa: ASYNC110 -- stderr has no event
                await anyio.sleep(0.01)
            assert other.told == []
            other.gate.set()

        assert sent[0] < 2000
        assert len(other.told) == sent[0]


async def test_a_flood_of_requests_is_refused() -> None:
    """The agent gets an answer to each; the ones being waited for are not touched."""
    code = f"""
ask = read()
for n in range({OPEN_REQUESTS} + 50): send(id=n, method="wait")
refused = [read() for _ in range(50)]
send(id=ask["id"], result=[r["error"]["message"] for r in refused][:1])
read()
"""
    async with connected(code) as (connection, _):
        assert wire.value(await connection.call("go", {})) == ["too many requests are open"]


async def test_a_call_cancelled_before_it_was_sent_was_not_sent() -> None:
    """So that nobody waits for the end of a turn that never began."""
    code = """
got = read()
send(id=got["id"], result=got["params"])
read()
"""
    async with connected(code) as (connection, _):
        call = connection.prepare()
        with anyio.CancelScope() as scope:
            scope.cancel()
            await connection.send(call, "go", "never")
        assert not call.sent
        assert wire.value(await connection.call("go", "second")) == "second"


async def test_an_answer_after_a_cancel_can_still_be_had() -> None:
    """The call is waited for again."""
    code = """
ask = read()
assert read()["method"] == "cancel"
send(id=ask["id"], result="late")
read()
"""
    async with connected(code) as (connection, _):
        order: list[str] = []
        call = connection.prepare(lambda: order.append("settled"))
        await connection.send(call, "go", {})
        with anyio.CancelScope() as scope:
            scope.cancel()
            await call.wait()
        await connection.notify("cancel", {})

        assert wire.value(await call.wait()) == "late"
        assert order == ["settled"]
