"""What a turn costs through Roundhouse over the same turn on the agent's bare stdio, in one run.

The agent is the demo agent and answers at once. Bare: `session/prompt` on its stdin until its answer, on a warm process.
Through Roundhouse, seen by a client: POST of the task until `task_ended` on the WebSocket, on the warm agent, with all that
lies between: the row, the claim, the sweep, the events, the end in one transaction.
"""

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import anyio
import anyio.abc
from anyio.streams.buffered import BufferedByteReceiveStream

from tests.e2e.stack import Stack, git

TURNS = 200
WARM_UP = 20


class BareAgent:
    """The demo agent on its stdio, spoken to with nothing between."""

    def __init__(self, process: anyio.abc.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._stdin = process.stdin
        self._stdout = BufferedByteReceiveStream(process.stdout)
        self._last = 0

    async def call(self, method: str, params: dict[str, object]) -> dict[str, object]:
        """One request and its answer; what comes between is read and dropped."""
        self._last += 1
        request = {"jsonrpc": "2.0", "id": self._last, "method": method, "params": params}
        await self._stdin.send(json.dumps(request).encode() + b"\n")
        while True:
            message = json.loads(await self._stdout.receive_until(b"\n", 1 << 20))
            if message.get("id") == self._last and "method" not in message:
                return dict(message["result"])


async def bare_turns(cwd: Path) -> list[float]:
    """Seconds of each turn on bare stdio."""
    async with await anyio.open_process(
        [sys.executable, "-m", "roundhouse.agents.demo"]
    ) as process:
        agent = BareAgent(process)
        await agent.call("initialize", {"protocolVersion": 1, "clientCapabilities": {}})
        session = await agent.call("session/new", {"cwd": str(cwd), "mcpServers": []})
        times = []
        for n in range(TURNS + WARM_UP):
            began = time.perf_counter()
            await agent.call(
                "session/prompt",
                {
                    "sessionId": session["sessionId"],
                    "prompt": [{"type": "text", "text": f"SAY {n}"}],
                },
            )
            times.append(time.perf_counter() - began)
        process.terminate()
    return times[WARM_UP:]


async def roundhouse_turns(stack: Stack, repo: Path) -> tuple[list[float], list[float]]:
    """Seconds of each turn as a client sees it, and from claim to end as the rows say."""
    session = (await stack.session(repo))["id"]
    seen, rows = [], []
    async with stack.socket() as connection:
        await connection.send(json.dumps({"op": "subscribe", "session_id": session, "after": 0}))
        for n in range(TURNS + WARM_UP):
            began = time.perf_counter()
            await stack.send(session, "demo", f"SAY {n}")
            while (frame := json.loads(await connection.recv())).get("type") != "task_ended":
                pass
            seen.append(time.perf_counter() - began)
            rows.append(frame["ms"] / 1000)
            await stack.settled(session)
    return seen[WARM_UP:], rows[WARM_UP:]


def row(name: str, times: Iterable[float]) -> tuple[float, float]:
    """Print one line of the table; returns p50 and p95 in milliseconds."""
    ordered = sorted(t * 1000 for t in times)
    p50 = statistics.median(ordered)
    p95 = ordered[int(len(ordered) * 0.95)]
    print(f"{name:34} p50 {p50:7.2f} ms   p95 {p95:7.2f} ms   max {ordered[-1]:7.2f} ms")
    return p50, p95


async def main() -> None:
    """Measure both and print the difference."""
    with tempfile.TemporaryDirectory() as folder:
        repo = Path(folder, "repo")
        repo.mkdir()
        git(repo, "init", "-q")
        (repo / "a.txt").write_text("a\n")
        git(repo, "add", "-A")
        git(repo, "-c", "user.name=P", "-c", "user.email=p@example.org", "commit", "-qm", "first")
        bare = await bare_turns(repo)
        async with Stack.running(Path(folder, "data")) as stack:
            seen, rows = await roundhouse_turns(stack, repo)
        bare50, bare95 = row("bare ACP stdio", bare)
        row("claim to end (task_ended.ms)", rows)
        seen50, seen95 = row("POST to task_ended at the client", seen)
        print(f"overhead at the client: p50 {seen50 - bare50:.2f} ms, p95 {seen95 - bare95:.2f} ms")
