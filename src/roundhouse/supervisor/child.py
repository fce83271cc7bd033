"""One child: started, started again when it dies, replaced, stopped. Knows not what it does."""

import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

import anyio
import anyio.to_thread
from anyio.abc import Process

BACK_OFF = (0.2, 5.0)
"""Seconds until a dead child is started again: the first time and, doubling, at most."""

STABLE = 10.0
"""Seconds after which a child counts as running well and the back-off starts anew."""

LOG_MAX = 10 * 1024 * 1024
TAIL_BYTES = 4096

Say = Callable[[str], None]


class Child:
    """A program that is kept running. `run` it in a task group; it ends after `stop`."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        log: Path,
        say: Say,
        stop_deadline: float,
        pass_fds: Sequence[int] = (),
        umask: int = -1,
    ) -> None:
        self.name = name
        self.log = log
        self.deaths = 0
        """How often it ended by itself."""
        self._command = list(command)
        self._environment = dict(environment)
        self._say = say
        self._stop_deadline = stop_deadline
        self._pass_fds = list(pass_fds)
        self._umask = umask
        self._process: Process | None = None
        self._stopping = anyio.Event()
        self._replaced = anyio.Event()
        self._hurry = False

    @property
    def pid(self) -> int | None:
        """Its process id while it lives."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    async def run(self) -> None:
        """Keep it running until `stop`, which must be called: cancelling does not end what runs."""
        delay, longest = BACK_OFF
        while not self._stopping.is_set():
            started = anyio.current_time()
            code = await self._live()
            if self._stopping.is_set():
                return
            if self._replaced.is_set():
                self._replaced = anyio.Event()
                continue
            self.deaths += 1
            if anyio.current_time() - started > STABLE:
                delay = BACK_OFF[0]
            self._say(f"The {self.name} {_ended(code)}; it is started again. Its log: {self.log}")
            with anyio.move_on_after(delay):
                await self._stopping.wait()
            delay = min(delay * 2, longest)

    async def _live(self) -> int:
        # Shielded: the order of going down is the stack's, and a started process must not be lost.
        with anyio.CancelScope(shield=True):
            output = await anyio.to_thread.run_sync(_open_log, self.log)
            process = self._process = await anyio.open_process(
                self._command,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                env=self._environment,
                start_new_session=True,
                pass_fds=self._pass_fds,
                umask=self._umask,
            )
            output.close()
            try:
                if self._hurry:
                    self.kill()
                elif self._stopping.is_set():
                    self._signal(signal.SIGTERM)
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(self._end_when_replaced)
                    await process.wait()
                    tasks.cancel_scope.cancel()
            finally:
                await process.aclose()
        return await process.wait()

    async def _end_when_replaced(self) -> None:
        await self._replaced.wait()
        await self._end()

    async def stop(self) -> None:
        """End it: asked first, killed after its deadline. Returns when it is gone; twice is once."""
        self._stopping.set()
        with anyio.CancelScope(shield=True):
            await self._end()

    async def _end(self) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            return
        self._signal(signal.SIGTERM)
        with anyio.move_on_after(self._stop_deadline) as bound:
            await process.wait()
        if bound.cancelled_caught:
            self._say(f"The {self.name} did not stop in time and is killed.")
            self._signal(signal.SIGKILL)
            await process.wait()

    def replace(self) -> None:
        """Have it ended and started anew at once."""
        if self.pid is not None:
            self._replaced.set()

    def kill(self) -> None:
        """End it now and for good."""
        self._hurry = True
        self._stopping.set()
        self._signal(signal.SIGKILL)

    def _signal(self, number: signal.Signals) -> None:
        if self.pid is not None and self._process is not None:
            with suppress(ProcessLookupError):
                self._process.send_signal(number)

    def last_words(self) -> str:
        """The last line of its log."""
        try:
            with self.log.open("rb") as file:
                file.seek(max(0, self.log.stat().st_size - TAIL_BYTES))
                lines = file.read().decode(errors="replace").strip().splitlines()
        except OSError:
            return ""
        return lines[-1].strip() if lines else ""


def _open_log(path: Path) -> IO[bytes]:
    with suppress(FileNotFoundError):
        if path.stat().st_size > LOG_MAX:
            path.replace(path.with_suffix(".log.1"))
    path.touch(0o600)
    return path.open("ab")


def _ended(code: int) -> str:
    if code < 0:
        with suppress(ValueError):
            return f"was ended by {signal.Signals(-code).name}"
    return f"ended with code {code}"
