"""JSON-RPC over a child's stdin and stdout.

Owns framing, matching of answers, order and the end of the connection. Notifications are handled one by one, in
the order they came, and before the answer that follows them is given out: whoever handles them slowly slows the
agent, and memory stays bounded. Knows nothing of what the methods mean.
"""

import signal
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import anyio
import structlog
from anyio.abc import ByteReceiveStream, ByteSendStream, TaskGroup
from msgspec import Raw

from roundhouse.agents.acp import wire
from roundhouse.agents.acp.wire import RpcError
from roundhouse.model.errors import AgentError
from roundhouse.model.task import FailureCode

log = structlog.get_logger(__name__)

MAX_LINE = 64 * 1024 * 1024
"""Bytes of one message; a longer one ends the connection."""

CHUNK = 256 * 1024
"""Bytes taken from the pipe at once at most."""

QUIET_AFTER_DEATH = 0.1
"""Seconds without a byte, after the child has ended, until what it said counts as complete: a grandchild may
hold the pipe open for ever."""

EXIT_WAIT = 0.5
"""Seconds to wait for the exit code of a child that has closed its stdout."""

OPEN_REQUESTS = 256
"""Requests of the agent that may be unanswered at once; more are refused."""

GARBAGE_LOGGED = 20
"""Lines of garbage that are logged a connection; the rest is only counted."""


class Child(Protocol):
    """What a connection needs of a process."""

    pid: int
    stdin: ByteSendStream
    stdout: ByteReceiveStream

    async def wait(self) -> int:
        """The exit code, independent of who holds the pipes."""
        ...

    def stderr_tail(self) -> str:
        """The end of what it wrote to stderr."""
        ...


class ConnectionLost(AgentError):
    """The agent ended."""

    def __init__(
        self,
        message: str,
        *,
        exit_code: int | None = None,
        stderr: str | None = None,
        failure: FailureCode = FailureCode.AGENT_CRASHED,
    ) -> None:
        super().__init__(message, failure=failure)
        self.exit_code = exit_code
        self.stderr = stderr


OnNotification = Callable[[str, Raw], Awaitable[None]]
OnRequest = Callable[[str, Raw], Awaitable[Any]]


class Call:
    """A request under way."""

    def __init__(self, then: Callable[[], None] | None) -> None:
        self.sent = False
        self._then = then
        self._settled = anyio.Event()
        self._result: Raw | None = None
        self._error: Exception | None = None

    @property
    def settled(self) -> bool:
        """Whether the answer is there."""
        return self._settled.is_set()

    async def wait(self) -> Raw:
        """The result, raw. Raises RpcError and ConnectionLost. May be awaited again after a cancel."""
        await self._settled.wait()
        if self._error is not None:
            raise self._error
        return self._result if self._result is not None else Raw(b"null")

    def settle(self, result: Raw | None, error: Exception | None) -> None:
        """Give out the answer; `then` runs before anything that came after it is looked at."""
        if self._settled.is_set():
            return
        self._result, self._error = result, error
        if self._then is not None:
            self._then()
        self._settled.set()


class Connection:
    """One agent at the other end. `run` must run for anything else to work."""

    def __init__(
        self, name: str, child: Child, on_notification: OnNotification, on_request: OnRequest
    ) -> None:
        self.lost: AgentError | None = None
        self._name = name
        self._child = child
        self._on_notification = on_notification
        self._on_request = on_request
        self._calls: dict[int, Call] = {}
        self._number = 0
        self._open_requests = 0
        self._garbage = 0
        self._chunks = 0
        self._read_all = anyio.Event()
        self._ended = anyio.Event()

    async def run(self) -> None:
        """Read until the agent ends; then every call fails with ConnectionLost. Never raises."""
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._follow_death, tasks)
                await self._read(tasks)
                self._read_all.set()
                with anyio.move_on_after(EXIT_WAIT):
                    self._lose(self._crash(await self._child.wait()))
                tasks.cancel_scope.cancel()
        finally:
            self._lose(ConnectionLost(f"{self._name} closed its output"))

    async def call(self, method: str, params: Any) -> Raw:
        """Ask and await the answer. Raises RpcError and ConnectionLost."""
        call = self.prepare()
        await self.send(call, method, params)
        return await call.wait()

    def prepare(self, then: Callable[[], None] | None = None) -> Call:
        """A call that is not sent yet."""
        return Call(then)

    async def send(self, call: Call, method: str, params: Any) -> None:
        """Send a prepared call. `call.sent` tells after a cancel whether the agent will have seen it."""
        if self.lost is not None:
            raise self.lost
        # The stream looks for a cancel before it takes the first byte: after this it finds none.
        await anyio.lowlevel.checkpoint_if_cancelled()
        self._number += 1
        number = self._number
        line = wire.request(number, method, params)
        self._calls[number] = call
        call.sent = True
        await self._write(line)

    async def notify(self, method: str, params: Any) -> None:
        """Tell without an answer. Raises ConnectionLost."""
        await self._write(wire.notification(method, params))

    async def _write(self, line: bytes) -> None:
        try:
            await self._child.stdin.send(line)
        except (anyio.BrokenResourceError, anyio.ClosedResourceError, OSError):
            with anyio.move_on_after(EXIT_WAIT):
                await self._ended.wait()
            raise self.lost or ConnectionLost(f"{self._name} closed its input") from None

    def _lose(self, reason: AgentError) -> None:
        if self.lost is None:
            self.lost = reason
        calls, self._calls = self._calls, {}
        for call in calls.values():
            call.settle(None, self.lost)
        self._ended.set()

    def _crash(self, code: int) -> ConnectionLost:
        stderr = self._child.stderr_tail()
        last = stderr.splitlines()[-1].strip() if stderr else ""
        how = f"exit code {code}" if code >= 0 else f"killed by {_signal_name(-code)}"
        said = f": {last[:300]}" if last else ""
        return ConnectionLost(
            f"{self._name} ended ({how}){said}", exit_code=code, stderr=stderr or None
        )

    async def _follow_death(self, tasks: TaskGroup) -> None:
        code = await self._child.wait()
        seen = -1
        while seen != self._chunks and not self._read_all.is_set():
            seen = self._chunks
            with anyio.move_on_after(QUIET_AFTER_DEATH):
                await self._read_all.wait()
        self._lose(self._crash(code))
        tasks.cancel_scope.cancel()

    async def _read(self, tasks: TaskGroup) -> None:
        parts: list[bytes] = []
        size = 0
        while True:
            try:
                chunk = await self._child.stdout.receive(CHUNK)
            except (anyio.EndOfStream, anyio.ClosedResourceError, anyio.BrokenResourceError):
                return
            self._chunks += 1
            first, *lines = chunk.split(b"\n")
            parts.append(first)
            size += len(first)
            if size > MAX_LINE:
                self._lose(self._too_long())
                return
            if not lines:
                continue
            lines.insert(0, b"".join(parts))
            rest = lines.pop()
            parts, size = [rest], len(rest)
            for line in lines:
                await self._take(line, tasks)

    def _too_long(self) -> AgentError:
        return AgentError(f"{self._name} sent a line longer than {MAX_LINE >> 20} MiB")

    async def _take(self, line: bytes, tasks: TaskGroup) -> None:
        if not line or line.isspace():
            return
        frame = wire.decode_frame(line)
        if frame is None:
            self._log_garbage(line)
        elif frame.method is None:
            call = self._calls.pop(frame.id, None) if isinstance(frame.id, int) else None
            if call is None:
                self._log_garbage(line)
            elif bytes(frame.error) != b"null":
                call.settle(None, wire.error(frame.error))
            else:
                call.settle(frame.result, None)
        elif isinstance(frame.id, int | str):
            handle = self._on_request if self._open_requests < OPEN_REQUESTS else _surplus
            self._open_requests += 1
            tasks.start_soon(self._answer, handle, frame.id, frame.method, frame.params)
            if handle is _surplus:
                # The refusals need a chance to run before more requests are read.
                await anyio.lowlevel.checkpoint()
        else:
            await self._on_notification(frame.method, frame.params)

    async def _answer(self, handle: OnRequest, number: int | str, method: str, params: Raw) -> None:
        try:
            line = wire.answer(number, await handle(method, params))
        except RpcError as error:
            line = wire.refusal(number, error)
        except Exception:
            # The boundary of a request: the agent waits for an answer, whatever broke on our side.
            log.exception("agent_request_failed", agent=self._name, method=method)
            line = wire.refusal(number, RpcError(wire.INTERNAL_ERROR, "the client failed"))
        finally:
            self._open_requests -= 1
        try:
            await self._write(line)
        except AgentError:
            log.debug("agent_gone_before_answer", agent=self._name, method=method)

    def _log_garbage(self, line: bytes) -> None:
        self._garbage += 1
        if self._garbage <= GARBAGE_LOGGED:
            log.warning("agent_garbage", agent=self._name, pid=self._child.pid, line=line[:300])


async def _surplus(method: str, params: Raw) -> None:
    raise RpcError(wire.INTERNAL_ERROR, "too many requests are open")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
