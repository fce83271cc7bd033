"""One `opencode serve` child from start to death, and its one stream of events, handed out by session.

A server that died is not revived here: `backend` makes another. Turns and what events mean belong elsewhere.
"""

import re
import secrets
import signal
import socket
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from typing import Any

import anyio
import structlog
from anyio.abc import TaskGroup
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from roundhouse.agents.guard import kill_group
from roundhouse.agents.opencode.client import NoReply, OpenCodeClient
from roundhouse.agents.process import AgentProcess, Spawner, resolve_env
from roundhouse.model.agent import AgentSpec
from roundhouse.model.errors import AgentError
from roundhouse.model.event import AgentCrashed
from roundhouse.model.task import FailureCode

log = structlog.get_logger(__name__)

Json = dict[str, Any]

START_DEADLINE = 60.0
"""Seconds to the "listening" line; it took 18 with a fresh home on a busy machine."""

PORT_TRIES = 3
"""Somebody else may take the port between our choice and opencode's use of it."""

READY_LINE = re.compile(rb"listening on http[^\n]*\n")
LINE_LIMIT = 64 * 1024

INBOX = 4096
"""Events that may wait for one session; a slow session then slows the reading of the stream, as it must."""

RECONNECT_PAUSE = 0.2
DEAF_AFTER = 60.0
"""Seconds without an event stream after which a living process counts as dead."""


class StreamBroken:
    """Put between events where some may be missing."""


Inbox = MemoryObjectReceiveStream[Json | StreamBroken]
"""What a session hears; it ends when the server is gone."""


class OpenCodeServer:
    """A running server. `start` it once; `stop` it any number of times."""

    def __init__(self, spec: AgentSpec, spawner: Spawner, tasks: TaskGroup) -> None:
        self.port = 0
        self.version = ""
        self.turns = 0
        """Turns that run on it now."""
        self.condemned = False
        """It holds a turn that would not end: no new turn, and it stops when the last one has ended."""
        self._spec = spec
        self._spawner = spawner
        self._tasks = tasks
        self._process: AgentProcess | None = None
        self._client: OpenCodeClient | None = None
        self._inboxes: dict[str, MemoryObjectSendStream[Json | StreamBroken]] = {}
        self._gone = anyio.Event()
        self._connected = anyio.Event()
        self._end: str | None = None

    @property
    def client(self) -> OpenCodeClient:
        """Its API."""
        if self._client is None:
            raise RuntimeError("the server was not started")
        return self._client

    @property
    def pid(self) -> int | None:
        """The process."""
        return self._process.pid if self._process is not None else None

    @property
    def alive(self) -> bool:
        """Whether it can be asked."""
        return self._process is not None and self._process.alive and not self._gone.is_set()

    async def start(self) -> None:
        """Spawn it and return when it answers. Raises AgentError (agent_not_installed, agent_start_failed)."""
        for attempt in range(1, PORT_TRIES + 1):
            process = await self._start_once()
            if self.alive:
                return
            said = process.stderr_tail() or "it says nothing"
            log.warning("opencode_start_failed", attempt=attempt, stderr=said)
            if process.returncode is None or attempt == PORT_TRIES:
                await process.stop(hurry=True)
                raise AgentError(
                    f"the opencode server did not start: {said}",
                    failure=FailureCode.AGENT_START_FAILED,
                )

    async def stop(self, *, hurry: bool = False) -> None:
        """End the process; whoever still listens hears the end."""
        self._end = self._end or "opencode was stopped"
        if self._process is not None:
            # It is deaf to the end of its stdin, and quick to obey this.
            if self._process.alive:
                kill_group(self._process.pid, signal.SIGTERM)
            await self._process.stop(hurry=hurry)
        self._let_go()

    def death(self) -> AgentCrashed:
        """What is to be said of its end."""
        code = self._process.returncode if self._process is not None else None
        stderr = self._process.stderr_tail() if self._process is not None else ""
        how = f"was killed by signal {-code}" if code and code < 0 else f"ended with code {code}"
        error = self._end or f"the opencode server {how}"
        return AgentCrashed(error=error, exit_code=code, stderr=stderr or None)

    async def is_gone(self, within: float) -> bool:
        """Whether it is dead, or dies within so many seconds."""
        with anyio.move_on_after(within):
            await self._gone.wait()
        return self._gone.is_set()

    @contextmanager
    def listening(self, *session_ids: str) -> Iterator[Inbox]:
        """An inbox of the events of these sessions."""
        send, receive = anyio.create_memory_object_stream[Json | StreamBroken](INBOX)
        for session_id in session_ids:
            self._inboxes[session_id] = send
        if self._gone.is_set():
            send.close()
        try:
            yield receive
        finally:
            for session_id in [key for key, value in self._inboxes.items() if value is send]:
                del self._inboxes[session_id]
            send.close()
            receive.close()

    # ------------------------------------------------------------ start

    async def _start_once(self) -> AgentProcess:
        self.port = _free_port()
        password = secrets.token_urlsafe(24)
        env = resolve_env(self._spec.env) | {
            "OPENCODE_SERVER_PASSWORD": password,
            "OPENCODE_ENABLE_QUESTION_TOOL": "1",
        }
        command = [*self._spec.command, "serve", "--hostname", "127.0.0.1"]
        process = await self._spawner.spawn(
            [*command, "--port", str(self.port)], cwd=await _home(env), env=env, tasks=self._tasks
        )
        try:
            # In a thread: the first client of a process imports its transport.
            client = await anyio.to_thread.run_sync(
                OpenCodeClient, f"http://127.0.0.1:{self.port}", password
            )
            with anyio.move_on_after(START_DEADLINE):
                # A request before that line is accepted and never answered.
                if await _listening_line(process):
                    self.version = await self._health(process, client)
                    self._process, self._client = process, client
                    self._tasks.start_soon(self._run, process, client)
                    await self._connected.wait()
            if not self.alive:
                await client.aclose()
        except BaseException:
            with anyio.CancelScope(shield=True):
                await process.stop(hurry=True)
            raise
        return process

    async def _health(self, process: AgentProcess, client: OpenCodeClient) -> str:
        while process.alive:
            try:
                return await client.version()
            except NoReply:
                await anyio.sleep(RECONNECT_PAUSE)
        return ""

    # ------------------------------------------------------------ life

    async def _run(self, process: AgentProcess, client: OpenCodeClient) -> None:
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(_drain, process)
                tasks.start_soon(self._follow, client)
                await process.wait()
                tasks.cancel_scope.cancel()
        except Exception:
            # The boundary of a server: its turns fail, the others and the runner go on.
            log.exception("opencode_server_not_followed", port=self.port)
            await process.stop(hurry=True)
        finally:
            self._let_go()
            with anyio.CancelScope(shield=True):
                await client.aclose()

    async def _follow(self, client: OpenCodeClient) -> None:
        heard = anyio.current_time()
        while True:
            try:
                async with aclosing(client.events()) as events:
                    async for event in events:
                        await self._hand_out(event.get("payload") or {})
                        # After it, as a slow session may hold it up.
                        heard = anyio.current_time()
            except NoReply as error:
                log.info("opencode_stream_broken", error=str(error), port=self.port)
            if anyio.current_time() - heard > DEAF_AFTER:
                self._end = f"the opencode server did not answer for {DEAF_AFTER:.0f} s"
                self._tasks.start_soon(self.stop)
                return
            await anyio.sleep(RECONNECT_PAUSE)

    async def _hand_out(self, event: Json) -> None:
        kind = event.get("type")
        if kind == "server.connected":
            # The first time nobody listens yet.
            self._connected.set()
            for one in set(self._inboxes.values()):
                await _put(one, StreamBroken())
            return
        properties = event.get("properties") or {}
        session_id = properties.get("sessionID")
        inbox = self._inboxes.get(session_id) if isinstance(session_id, str) else None
        if kind == "session.created":
            self._adopt(properties.get("info") or {})
        # "sync" says again what was said.
        if inbox is not None and kind != "sync":
            await _put(inbox, event)

    def _adopt(self, info: Json) -> None:
        """A sub-agent's session speaks into its parent's inbox."""
        parent = self._inboxes.get(str(info.get("parentID")))
        if parent is not None:
            self._inboxes[str(info.get("id"))] = parent

    def _let_go(self) -> None:
        self._gone.set()
        # Whoever waits for the stream waits no longer.
        self._connected.set()
        for inbox in self._inboxes.values():
            inbox.close()


async def _put(
    inbox: MemoryObjectSendStream[Json | StreamBroken], item: Json | StreamBroken
) -> None:
    try:
        await inbox.send(item)
    except (anyio.BrokenResourceError, anyio.ClosedResourceError):
        log.debug("opencode_event_for_nobody")


async def _listening_line(process: AgentProcess) -> bool:
    """Whether it says that it listens, before it ends."""
    seen = b""
    async for chunk in process.stdout:
        seen = (seen + chunk)[-LINE_LIMIT:]
        if READY_LINE.search(seen):
            return True
    await process.wait()
    return False


async def _drain(process: AgentProcess) -> None:
    async for chunk in process.stdout:
        log.debug("opencode_stdout", pid=process.pid, text=chunk.decode(errors="replace"))


async def _home(env: dict[str, str]) -> str:
    """A folder that stays: worktrees go."""
    home = anyio.Path(env.get("HOME") or "~")
    home = await home.expanduser()
    return str(home) if await home.is_dir() else "/"


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
