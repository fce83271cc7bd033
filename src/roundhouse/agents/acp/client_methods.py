"""What an agent may ask of its client besides permission: files of the worktree, and terminals in it.

Owns the confinement of paths and the terminals' processes. Knows nothing of turns.
"""

import secrets
import stat
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import structlog
from anyio.abc import TaskGroup

from roundhouse.agents.acp import wire
from roundhouse.agents.acp.wire import RpcError
from roundhouse.agents.process import AgentProcess, Spawner
from roundhouse.model.errors import AgentError

FILE_LIMIT = 32 * 1024 * 1024
"""Bytes of a file that is read for an agent."""

OUTPUT_KEPT = 1024 * 1024
"""Bytes of a terminal's output that are kept when the agent names no limit."""

OUTPUT_MOST = 16 * 1024 * 1024
"""Bytes kept at most, whatever the agent asks for."""

TERMINALS = 32
"""Terminals a conversation may hold."""

OUTPUT_WAIT = 0.2
"""Seconds after a command's end to read what it wrote last; its children may hold the pipe open."""

log = structlog.get_logger(__name__)

Params = dict[str, Any]
Ended = Callable[["Terminal"], Awaitable[None]]


class Terminal:
    """A command and the end of its output."""

    def __init__(self, name: str, process: AgentProcess, limit: int) -> None:
        self.name = name
        self.process = process
        self.truncated = False
        self.finished = anyio.Event()
        self.told = anyio.Event()
        """Its end has been given to whoever follows the conversation."""
        self._limit = limit
        self._output = bytearray()

    async def read(self) -> None:
        """Follow the output until it ends; the oldest is dropped beyond the limit."""
        try:
            while True:
                self._output += await self.process.stdout.receive()
                if len(self._output) > self._limit:
                    del self._output[: len(self._output) - self._limit]
                    self.truncated = True
        except (anyio.EndOfStream, anyio.ClosedResourceError, anyio.BrokenResourceError):
            pass
        finally:
            self.finished.set()

    @property
    def output(self) -> str:
        """What is kept, from a character's beginning."""
        text = self._output.decode(errors="replace")
        return text.lstrip("\N{REPLACEMENT CHARACTER}") if self.truncated else text

    @property
    def status(self) -> dict[str, Any] | None:
        """The protocol's exit status, None while it runs."""
        code = self.process.returncode
        if code is None:
            return None
        return {
            "exitCode": code if code >= 0 else None,
            "signal": None if code >= 0 else str(-code),
        }


class ClientMethods:
    """The methods of one conversation."""

    def __init__(self, cwd: str, spawner: Spawner, tasks: TaskGroup, ended: Ended) -> None:
        self._cwd = cwd
        self._spawner = spawner
        self._tasks = tasks
        self._ended = ended
        self._terminals: dict[str, Terminal] = {}
        self._methods: dict[str, Callable[[Params], Awaitable[Any]]] = {
            "fs/read_text_file": self._read,
            "fs/write_text_file": self._write,
            "terminal/create": self._create,
            "terminal/output": self._output,
            "terminal/wait_for_exit": self._wait,
            "terminal/kill": self._kill,
            "terminal/release": self._release,
        }

    async def handle(self, method: str, params: Params) -> Any:
        """Do what the agent asks. Raises RpcError, also for methods there are not."""
        known = self._methods.get(method)
        if known is None:
            raise RpcError(wire.METHOD_NOT_FOUND, f"no method {method[:200]}")
        return await known(params)

    async def close(self) -> None:
        """End every terminal."""
        terminals, self._terminals = self._terminals, {}
        async with anyio.create_task_group() as tasks:
            for terminal in terminals.values():
                tasks.start_soon(partial(terminal.process.stop, hurry=True))

    async def _read(self, params: Params) -> Any:
        path = await self._confined(params)
        line, limit = _number(params, "line", 1), _number(params, "limit", None)
        return {"content": await anyio.to_thread.run_sync(_read_file, path, line or 1, limit)}

    async def _write(self, params: Params) -> Any:
        content = _text(params, "content")
        path = await self._confined(params)
        await anyio.to_thread.run_sync(_write_file, path, content)
        return {}

    async def _confined(self, params: Params, key: str = "path") -> Path:
        given = _text(params, key)
        try:
            root, path = await anyio.to_thread.run_sync(_resolve, self._cwd, given)
        except (OSError, ValueError) as error:
            raise RpcError(wire.INVALID_PARAMS, f"{given[:200]!r} is no path: {error}") from error
        if path != root and root not in path.parents:
            raise RpcError(wire.INVALID_PARAMS, f"{given[:200]} is outside the worktree")
        return path

    async def _create(self, params: Params) -> Any:
        if len(self._terminals) >= TERMINALS:
            raise RpcError(wire.INVALID_PARAMS, f"{TERMINALS} terminals are open already")
        command = [_text(params, "command"), *_texts(params.get("args"))]
        if len(command) == 1 and len(command[0].split()) > 1:
            command = ["/bin/sh", "-c", command[0]]
        cwd = self._cwd
        if params.get("cwd") is not None:
            cwd = str(await self._confined(params, "cwd"))
        env = {
            pair["name"]: pair["value"]
            for pair in params.get("env") or []
            if isinstance(pair, dict) and {"name", "value"} <= pair.keys()
        }
        try:
            process = await self._spawner.spawn(
                command, cwd=cwd, env=env, tasks=self._tasks, merge_stderr=True
            )
        except AgentError as error:
            raise RpcError(wire.INTERNAL_ERROR, error.message) from error
        await process.close_input()
        limit = min(_number(params, "outputByteLimit", None) or OUTPUT_KEPT, OUTPUT_MOST)
        terminal = Terminal(f"term_{secrets.token_hex(6)}", process, limit)
        self._terminals[terminal.name] = terminal
        self._tasks.start_soon(self._follow, terminal)
        return {"terminalId": terminal.name}

    async def _follow(self, terminal: Terminal) -> None:
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(terminal.read)
                await terminal.process.wait()
                with anyio.move_on_after(OUTPUT_WAIT):
                    await terminal.finished.wait()
                tasks.cancel_scope.cancel()
            await terminal.process.stop()
            await self._ended(terminal)
        except Exception:
            # The boundary of a terminal: the conversation and the runner go on.
            log.exception("terminal_not_followed", terminal=terminal.name)
        finally:
            terminal.told.set()

    async def _output(self, params: Params) -> Any:
        terminal = self._terminal(params)
        answer = {"output": terminal.output, "truncated": terminal.truncated}
        return answer if terminal.status is None else answer | {"exitStatus": terminal.status}

    async def _wait(self, params: Params) -> Any:
        terminal = self._terminal(params)
        await terminal.process.wait()
        with anyio.move_on_after(OUTPUT_WAIT):
            await terminal.finished.wait()
        return terminal.status

    async def _kill(self, params: Params) -> Any:
        await self._terminal(params).process.stop(hurry=True)
        return {}

    async def _release(self, params: Params) -> Any:
        terminal = self._terminal(params)
        del self._terminals[terminal.name]
        await terminal.process.stop(hurry=True)
        # The agent may end its turn at this answer; the command's end belongs into it.
        await terminal.told.wait()
        return {}

    def _terminal(self, params: Params) -> Terminal:
        name = _text(params, "terminalId")
        if name not in self._terminals:
            raise RpcError(wire.NOT_FOUND, f"no terminal {name[:200]}")
        return self._terminals[name]


def _resolve(cwd: str, given: str) -> tuple[Path, Path]:
    root = Path(cwd).resolve()
    return root, (root / given).resolve()


def _read_file(path: Path, line: int, limit: int | None) -> str:
    try:
        about = path.stat()
        if not stat.S_ISREG(about.st_mode):
            raise RpcError(wire.INVALID_PARAMS, f"{path} is not a file")
        if about.st_size > FILE_LIMIT:
            raise RpcError(wire.INVALID_PARAMS, f"{path} is over {FILE_LIMIT >> 20} MiB")
        text = path.read_bytes().decode(errors="replace")
    except FileNotFoundError:
        raise RpcError(wire.NOT_FOUND, f"{path} does not exist") from None
    except OSError as error:
        raise RpcError(wire.INTERNAL_ERROR, str(error)) from error
    if line <= 1 and limit is None:
        return text
    lines = text.splitlines(keepends=True)
    start = max(0, line - 1)
    return "".join(lines[start : None if limit is None else start + limit])


def _write_file(path: Path, content: str) -> None:
    try:
        if path.exists() and not path.is_file():
            raise RpcError(wire.INVALID_PARAMS, f"{path} is not a file")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode(errors="replace"))
    except OSError as error:
        raise RpcError(wire.INTERNAL_ERROR, str(error)) from error


def _text(params: Params, key: str) -> str:
    found = params.get(key)
    if not isinstance(found, str):
        raise RpcError(wire.INVALID_PARAMS, f"{key} must be text")
    return found


def _texts(found: Any) -> list[str]:
    return [str(item) for item in found] if isinstance(found, list) else []


def _number(params: Params, key: str, otherwise: int | None) -> int | None:
    found = params.get(key)
    return found if isinstance(found, int) and found >= 0 else otherwise
