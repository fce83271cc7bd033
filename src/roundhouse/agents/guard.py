"""The guard: one tiny process per runner that ends its agents should the runner die.

This file is both the program (run by its path with `python -I -S`, standard library only) and the runner's
handle on it, `Guard`. The program sits in its own session, deaf to terminal signals, and reads `+GROUP` and
`-GROUP` lines from a pipe that only the runner holds. At end of file it kills the groups it was told of and
sweeps what carries the environment marker, then exits. Nothing here knows what an agent is.
"""

import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

NODE_VARIABLE = "ROUNDHOUSE_NODE"
"""The environment variable by which everything a node started is found, in whatever session it hides."""

END_WAIT = 5.0
"""Seconds the guard may take for its last sweep; it needs a few milliseconds."""

SWEEP_ROUNDS = 20
"""A sweep repeats while it finds new processes: they may fork while they are being killed."""


def sweep(value: str, variable: str = NODE_VARIABLE) -> int:
    """Kill every process whose environment holds `variable=value`, except the caller; returns how many.

    Where there is no /proc it finds nothing.
    """
    killed: set[int] = set()
    for _ in range(SWEEP_ROUNDS):
        found = _carriers(f"{variable}={value}".encode()) - killed
        if not found:
            break
        for pid in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        killed |= found
    return len(killed)


def kill_group(group: int, number: int = signal.SIGKILL) -> bool:
    """Signal a process group; False if there is none any more."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _carriers(wanted: bytes) -> set[int]:
    found = set()
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if wanted in (entry / "environ").read_bytes().split(b"\0"):
                found.add(int(entry.name))
    return found - {os.getpid()}


class Guard:
    """The runner's handle on its guard. `add` and `remove` never wait and never fail."""

    def __init__(self, marker: str) -> None:
        self.marker = marker
        self.pid: int | None = None
        self._groups: set[int] = set()
        self._pipe: int | None = None

    @classmethod
    @contextlib.asynccontextmanager
    async def start(cls, marker: str) -> AsyncIterator["Guard"]:
        """A running guard; on leaving, whatever is still there of this node's agents is killed."""
        guard = cls(marker)
        await guard.ensure()
        try:
            yield guard
        finally:
            await guard._end()

    async def ensure(self) -> None:
        """Start the guard anew if it has died, and tell it every group it must know."""
        if self._pipe is not None and self._told(b""):
            return
        # Not at the top: the program above runs without site-packages.
        import anyio

        self._close_pipe()
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        command = [sys.executable, "-I", "-S", __file__, self.marker]
        try:
            process = await anyio.open_process(
                command,
                stdin=reader,
                stdout=None,
                stderr=None,
                cwd="/",
                env={},
                start_new_session=True,
            )
        except BaseException:
            os.close(writer)
            raise
        finally:
            os.close(reader)
        self._process = process
        self.pid = process.pid
        self._pipe = writer
        self._told(b"".join(b"+%d\n" % group for group in self._groups))

    def add(self, group: int) -> None:
        """From now on `group` dies with the runner."""
        self._groups.add(group)
        self._told(b"+%d\n" % group)

    def remove(self, group: int) -> None:
        """`group` is gone; its number may be used again by strangers."""
        self._groups.discard(group)
        self._told(b"-%d\n" % group)

    def _told(self, lines: bytes) -> bool:
        if self._pipe is None:
            return False
        try:
            # An empty line means nothing to the guard, but shows whether it is there.
            os.write(self._pipe, lines or b"\n")
        except BlockingIOError:
            return True  # It is stopped, not dead; its last sweep finds by marker what it was not told.
        except OSError:
            return False
        return True

    def _close_pipe(self) -> None:
        if self._pipe is not None:
            os.close(self._pipe)
            self._pipe = None

    async def _end(self) -> None:
        import anyio

        self._close_pipe()
        with anyio.CancelScope(shield=True):
            with anyio.move_on_after(END_WAIT):
                await self._process.wait()
            if self._process.returncode is None:
                self._process.kill()
            await self._process.aclose()


def main() -> None:
    """Wait for the runner's end, then kill what it left."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    groups: set[int] = set()
    for line in sys.stdin.buffer:
        if line[:1] == b"+":
            groups.add(int(line[1:]))
        elif line[:1] == b"-":
            groups.discard(int(line[1:]))
    for group in groups:
        kill_group(group)
    sweep(sys.argv[1])


if __name__ == "__main__":
    main()
