"""A whole Roundhouse as a user starts it: `roundhouse up` on a folder of its own, driven over HTTP and WebSocket."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Self

import anyio
import anyio.abc
import anyio.to_thread
import httpx2
import psutil
import websockets

READY = re.compile(r"Roundhouse is ready at (http://[^/]+)/\?token=(\S+)")
START_DEADLINE = 60.0
TURN_DEADLINE = 90.0
Json = dict[str, Any]


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def marked(data_dir: Path) -> list[psutil.Process]:
    """Every process of this machine that belongs to a Roundhouse on `data_dir`."""
    mine = []
    for process in psutil.process_iter():
        try:
            told = [*process.cmdline(), process.environ().get("E2E_STACK", "")]
        except (psutil.Error, OSError):
            continue
        if any(str(data_dir) in word for word in told) and process.pid != os.getpid():
            mine.append(process)
    return mine


def wait_gone(data_dir: Path, deadline: float = 15.0) -> list[psutil.Process]:
    """The processes still alive after waiting for all of them to end."""
    _, alive = psutil.wait_procs(marked(data_dir), timeout=deadline)
    return alive


class Stack:
    """A running `roundhouse up`, and what a test does with it."""

    def __init__(self, data_dir: Path, environment: Mapping[str, str]) -> None:
        self.data_dir = data_dir
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("ROUNDHOUSE_", "GIT_"))},
            "E2E_STACK": str(data_dir),
            "ROUNDHOUSE_DATA_DIR": str(data_dir),
            "DEMO_HOME": str(data_dir / "demo-home"),
            **environment,
        }
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.token = ""
        self.process: anyio.abc.Process | None = None
        self.output: list[str] = []
        self.http = httpx2.AsyncClient(base_url=self.url, timeout=30)

    # ------------------------------------------------------------ life

    async def start(self) -> None:
        """Start and wait for the ready line."""
        self.process = await anyio.open_process(
            [sys.executable, "-m", "roundhouse", "up", "--port", str(self.port)],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        pending = ""
        with anyio.fail_after(START_DEADLINE):
            while not (ready := READY.search(pending)):
                try:
                    pending += (await self.process.stdout.receive()).decode(errors="replace")
                except anyio.EndOfStream:
                    raise AssertionError(f"`up` ended without being ready: {pending}") from None
        self.token = ready[2]
        self.http.headers["Authorization"] = f"Bearer {self.token}"

    async def stop(self, how: signal.Signals = signal.SIGTERM, deadline: float = 30.0) -> int:
        """Stop the supervisor and return its exit code; with SIGTERM everything must be gone after it."""
        assert self.process is not None
        self.process.send_signal(how)
        with anyio.fail_after(deadline):
            code = await self.process.wait()
        await self.process.aclose()
        self.process = None
        return code

    async def aclose(self) -> None:
        """Whatever is left goes; a test that cares has looked before."""
        with anyio.CancelScope(shield=True):
            await self.http.aclose()
            if self.process is not None:
                with suppress(TimeoutError):
                    await self.stop()
            for process in await anyio.to_thread.run_sync(wait_gone, self.data_dir, 5.0):
                process.kill()

    def child(self, word: str) -> psutil.Process:
        """The one process of this stack whose command line holds `word`."""
        found = [p for p in marked(self.data_dir) if word in " ".join(p.cmdline())]
        assert found, f"no {word} process"
        return found[0]

    # ------------------------------------------------------------ HTTP

    async def call(
        self, method: str, url: str, /, *, expect: int | None = None, **body: Any
    ) -> Json:
        """One request; fails the test unless the answer is `expect` (or any 2xx)."""
        answer = await self.http.request(method, url, json=body or None)
        good = answer.is_success if expect is None else answer.status_code == expect
        assert good, f"{method} {url}: {answer.status_code} {answer.text}"
        return dict(answer.json()) if answer.content else {}

    async def session(self, repo: Path, **more: Any) -> Json:
        """A new session on `repo`, registered when needed."""
        project = await self.call("POST", "/api/projects", path=str(repo))
        return await self.call("POST", "/api/sessions", project_id=project["id"], **more)

    async def send(self, session: str, agent: str, text: str, **more: Any) -> Json:
        """Queue a task."""
        return await self.call(
            "POST", f"/api/sessions/{session}/tasks", agent=agent, input=text, **more
        )

    async def ended(self, session: str, task: str, deadline: float = TURN_DEADLINE) -> Json:
        """The task after its end, waited for on the live stream."""
        await self.until(
            session,
            lambda e: e["type"] == "task_ended" and e["task_id"] == task,
            deadline=deadline,
        )
        return await self.call("GET", f"/api/tasks/{task}")

    async def turn(self, session: str, agent: str, text: str, **more: Any) -> Json:
        """Queue a task and wait for its end."""
        task = await self.send(session, agent, text, **more)
        return await self.ended(session, task["id"])

    async def settled(self, session: str) -> Json:
        """The session once nothing runs and nothing settles in it."""
        with anyio.fail_after(TURN_DEADLINE):
            while True:
                state = await self.call("GET", f"/api/sessions/{session}")
                if state["running_task"] is None and not state["queued"]:
                    return state
                await anyio.sleep(0.05)

    async def events(self, session: str) -> list[Json]:
        """All events so far, checked to be gapless."""
        collected: list[Json] = []
        while True:
            after = collected[-1]["seq"] if collected else 0
            page = await self.call(
                "GET", f"/api/sessions/{session}/events?after={after}&limit=1000"
            )
            collected += page["events"]
            if not page["events"] or collected[-1]["seq"] >= page["last_seq"]:
                break
        assert [e["seq"] for e in collected] == list(range(1, len(collected) + 1))
        return collected

    async def text_of(self, session: str, task: str) -> str:
        """The answer of one task."""
        return "".join(
            e["text"]
            for e in await self.events(session)
            if e["type"] == "text" and e["task_id"] == task
        )

    # ------------------------------------------------------------ live

    @asynccontextmanager
    async def socket(self) -> AsyncIterator[websockets.ClientConnection]:
        """A WebSocket to the server."""
        async with websockets.connect(
            f"ws://127.0.0.1:{self.port}/api/ws",
            additional_headers={"Authorization": f"Bearer {self.token}"},
            subprotocols=[websockets.Subprotocol("roundhouse.v1")],
            max_size=None,
            close_timeout=1.0,
        ) as connection:
            yield connection

    async def until(
        self,
        session: str,
        last: Callable[[Json], bool],
        *,
        after: int = 0,
        deadline: float = TURN_DEADLINE,
    ) -> list[Json]:
        """Follow a session's events over the WebSocket until `last` says so; returns all seen."""
        seen: list[Json] = []
        with anyio.fail_after(deadline):
            async with self.socket() as connection:
                subscribe = {"op": "subscribe", "session_id": session, "after": after}
                await connection.send(json.dumps(subscribe))
                async for frame in connection:
                    message = json.loads(frame)
                    assert message["op"] != "error", message
                    if message["op"] == "event":
                        seen.append(message)
                        if last(message):
                            return seen
        raise AssertionError(f"the stream ended early, after {seen[-3:]}")

    @classmethod
    @asynccontextmanager
    async def running(
        cls, data_dir: Path, environment: Mapping[str, str] | None = None
    ) -> AsyncIterator[Self]:
        """A started stack, taken down at the end."""
        stack = cls(data_dir, environment or {})
        try:
            await stack.start()
            yield stack
        finally:
            await stack.aclose()


def run_cli(
    stack: Stack, *words: str, stdin: str | None = None
) -> "subprocess.CompletedProcess[str]":
    """One command as a user calls it."""
    return subprocess.run(
        [sys.executable, "-m", "roundhouse", *words],
        env=stack.environment,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def counting(pieces: int) -> str:
    """The whole answer of the demo agent to `SLOW pieces`."""
    return "".join(f"{n} " for n in range(pieces))


def git(repo: Path, *words: str) -> str:
    """git as the user runs it."""
    return subprocess.run(
        ["git", *words], cwd=repo, check=True, capture_output=True, text=True
    ).stdout
