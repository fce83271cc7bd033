"""Agent children: how they are started, watched, weighed and ended, grandchildren included.

Owns process groups, the environment agents get, their stderr and the stop ladder. What is said over stdin and
stdout belongs to whoever asked for the process.
"""

import os
import re
import secrets
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from functools import partial

import anyio
import structlog
from anyio.abc import ByteReceiveStream, ByteSendStream, Process, TaskGroup

from roundhouse.agents.guard import NODE_VARIABLE, Guard, kill_group, sweep
from roundhouse.model.errors import AgentError
from roundhouse.model.task import FailureCode

log = structlog.get_logger(__name__)

CHILD_VARIABLE = "ROUNDHOUSE_CHILD"
"""Marks everything one agent child started, so that its end can take all of it along."""

CLOSE_WAIT = 2.5
"""Seconds after closing stdin, the gentlest stop there is; codex needs two of them."""

TERM_WAIT = 1.0
"""Seconds after SIGTERM to the group; several agents ignore it anyway."""

KILL_WAIT = 1.0
"""Seconds after SIGKILL; longer only if the kernel itself is stuck."""

HURRY = 0.4
"""Factor on the first two when a person waits: a cancel must end within ten seconds altogether."""

STDERR_WAIT = 0.05
"""Seconds after a death to read what is left of stderr, which a grandchild may hold open for ever."""

STDERR_KEPT = 64 * 1024
"""Bytes of stderr kept for the diagnosis."""

STDERR_SHOWN = 4000
"""Characters of it that go into an error."""

_REFERENCE = re.compile(r"\{env:(\w+)\}")


def scrub_environment(marker: str, extra: Mapping[str, str]) -> dict[str, str]:
    """The environment of an agent: ours without any ROUNDHOUSE_* variable, plus `extra` and the marker."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("ROUNDHOUSE_")}
    return kept | dict(extra) | {NODE_VARIABLE: marker}


def resolve_env(env: Mapping[str, str]) -> dict[str, str]:
    """Fill `{env:NAME}` from our environment; a variable that is nothing but an unset name is left out.

    ROUNDHOUSE_* counts as unset: our token and database address never reach an agent.
    """
    resolved = {}
    for key, value in env.items():
        filled = _REFERENCE.sub(lambda match: _visible(match[1]) or "", value)
        if filled or not _REFERENCE.fullmatch(value):
            resolved[key] = filled
    return resolved


def _visible(name: str) -> str | None:
    return None if name.startswith("ROUNDHOUSE_") else os.environ.get(name)


def resident_bytes(pid: int) -> int:
    """Resident memory of a process and its descendants; 0 when it is gone."""
    import psutil

    try:
        root = psutil.Process(pid)
        tree = [root, *root.children(recursive=True)]
    except psutil.Error:
        return 0
    total = 0
    for process in tree:
        try:
            total += process.memory_info().rss
        except psutil.Error:
            continue
    return total


class AgentProcess:
    """A running child in a process group of its own. `stop` may be called at any time, more than once."""

    def __init__(self, process: Process, mark: str, guard: Guard | None) -> None:
        if process.stdin is None or process.stdout is None:
            raise ValueError("stdin and stdout must be pipes")
        self.pid = process.pid
        self.stdin: ByteSendStream = process.stdin
        self.stdout: ByteReceiveStream = process.stdout
        self._process = process
        self._mark = mark
        self._guard = guard
        self._stderr = bytearray()
        self._stderr_read = anyio.Event()
        self._ended = anyio.Event()
        self._stopping = anyio.Lock()
        self._closed = False
        self._descendants_ended = False
        self._input_closed = False

    @property
    def returncode(self) -> int | None:
        """None while it runs; negative is the number of the signal that ended it."""
        return self._process.returncode

    @property
    def alive(self) -> bool:
        """Whether the child itself runs."""
        return self._process.returncode is None

    async def wait(self) -> int:
        """The exit code. Does not wait for grandchildren that hold the pipes, and stderr is read by then."""
        await self._ended.wait()
        return self._process.returncode if self._process.returncode is not None else -signal.SIGKILL

    def stderr_tail(self) -> str:
        """The end of what it wrote to stderr."""
        return self._stderr.decode(errors="replace")[-STDERR_SHOWN:].strip()

    async def close_input(self) -> None:
        """Give the child the end of its stdin; it need not be waited for again when it is stopped."""
        self._input_closed = True
        await self.stdin.aclose()

    async def stop(self, *, hurry: bool = False) -> None:
        """End the child and all it started: close stdin, SIGTERM, SIGKILL. Bounded; returns when it is over."""
        factor = HURRY if hurry else 1.0
        with anyio.CancelScope(shield=True):
            async with self._stopping:
                if self._closed:
                    return
                await self._ask_to_end(factor)
                await self._end_descendants()
                with anyio.move_on_after(KILL_WAIT):
                    await self._process.wait()
                if self.alive:
                    log.error("agent_survived_kill", pid=self.pid)
                    return
                self._closed = True
                await self._process.aclose()

    async def watch(self) -> None:
        """Follow stderr and the end of the child; being cancelled stops it. Run once, by `Spawner`."""
        try:
            async with anyio.create_task_group() as readers:
                readers.start_soon(self._read_stderr)
                await self._process.wait()
                with anyio.move_on_after(STDERR_WAIT):
                    await self._stderr_read.wait()
                self._ended.set()
                # Only now, so that a death is reported before the search for what it left behind.
                await self._end_descendants()
                readers.cancel_scope.cancel()
        except Exception:
            # The boundary of a child, as when there are no file descriptors left: the others and the runner go on.
            log.exception("agent_not_watched", pid=self.pid)
        finally:
            self._ended.set()
            if self.alive:
                await self.stop()

    async def _ask_to_end(self, factor: float) -> None:
        if not self.alive:
            return
        with anyio.move_on_after(0 if self._input_closed else CLOSE_WAIT * factor) as patience:
            await self.close_input()
            await self._process.wait()
        if patience.cancelled_caught and kill_group(self.pid, signal.SIGTERM):
            with anyio.move_on_after(TERM_WAIT * factor):
                await self._process.wait()

    async def _end_descendants(self) -> None:
        if self._descendants_ended:
            return  # The number may be a stranger's group by now.
        kill_group(self.pid)
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(partial(sweep, self._mark, CHILD_VARIABLE))
        if self._guard is not None:
            self._guard.remove(self.pid)
        self._descendants_ended = not self.alive

    async def _read_stderr(self) -> None:
        stream = self._process.stderr
        try:
            while stream is not None:
                chunk = await stream.receive()
                self._stderr += chunk
                del self._stderr[:-STDERR_KEPT]
                log.debug("agent_stderr", pid=self.pid, text=chunk.decode(errors="replace"))
        except (anyio.EndOfStream, anyio.ClosedResourceError, anyio.BrokenResourceError):
            pass
        finally:
            self._stderr_read.set()


class Spawner:
    """Starts agent children for one node, under its guard and with its marker."""

    def __init__(self, guard: Guard | None, marker: str) -> None:
        self.marker = marker
        self._guard = guard
        self._prefix: list[str] | None = None

    async def spawn(
        self,
        command: Sequence[str],
        *,
        cwd: str,
        env: Mapping[str, str],
        tasks: TaskGroup,
        merge_stderr: bool = False,
    ) -> AgentProcess:
        """Start `command`. Raises AgentError (agent_not_installed, agent_start_failed).

        `tasks` gets the task that watches it; when that group is cancelled, the child is stopped.
        """
        mark = secrets.token_hex(8)
        environment = scrub_environment(self.marker, env) | {CHILD_VARIABLE: mark}
        program = await find_program(command[0], environment.get("PATH"), cwd)
        if self._prefix is None:
            self._prefix = await _death_signal()
        if self._guard is not None:
            await self._guard.ensure()
        try:
            process = await anyio.open_process(
                [*self._prefix, program, *command[1:]],
                cwd=cwd,
                env=environment,
                stderr=subprocess.STDOUT if merge_stderr else subprocess.PIPE,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            raise AgentError(
                f"{command[0]} could not be started in {cwd}: {error}",
                failure=FailureCode.AGENT_START_FAILED,
            ) from error
        if self._guard is not None:
            self._guard.add(process.pid)
        child = AgentProcess(process, mark, self._guard)
        tasks.start_soon(child.watch)
        return child


async def find_program(name: str, path: str | None, cwd: str) -> str:
    """The program's full path. Raises AgentError (agent_not_installed)."""
    # A relative name with a slash means the worktree, as for any shell started in it.
    wanted = f"{cwd}/{name}" if "/" in name and not name.startswith("/") else name
    found = await anyio.to_thread.run_sync(partial(shutil.which, wanted, path=path))
    if found is None:
        raise AgentError(f"{name} is not installed", failure=FailureCode.AGENT_NOT_INSTALLED)
    return found


async def _death_signal() -> list[str]:
    # The second belt. The signal follows the thread that spawned: anyio spawns from the loop's own.
    setpriv = await anyio.to_thread.run_sync(shutil.which, "setpriv")
    if setpriv is None:
        return []
    prefix = [setpriv, "--pdeathsig", "KILL", "--"]
    tried = await anyio.run_process([*prefix, "true"], check=False)
    return prefix if tried.returncode == 0 else []
