"""A program that carries moves out and is killed on the way: the other side of `test_move`.

Each line of input is JSON: the move, and after which step to die. Each runs in a fork, so that only the first pays for the
imports; the answer is the number of steps, or -1 for one that was killed.
"""

import os
import signal
import sys
from functools import partial
from pathlib import Path

import anyio
import msgspec
from msgspec import Struct

from roundhouse.model.session import Worktree
from roundhouse.workspace.move import Move, carry_out, resume
from roundhouse.workspace.snapshot import Snapshots


class Order(Struct, frozen=True):
    """What to do. `last` is the step to die after, 0 to live."""

    snapshots: str
    worktree: Worktree
    move: Move
    last: int
    again: bool = False


class Deadly:
    """A step's listener that kills its own process after so many."""

    def __init__(self, last: int) -> None:
        self._last = last
        self.seen = 0

    def __call__(self, _step: str) -> None:
        """Count the step."""
        self.seen += 1
        if self.seen == self._last:
            os.kill(os.getpid(), signal.SIGKILL)


def run(order: Order) -> int:
    """Carry it out; gives the number of steps."""
    deadly = Deadly(order.last)
    work = partial(
        resume if order.again else carry_out,
        Snapshots(Path(order.snapshots)),
        order.worktree,
        order.move,
        step=deadly,
    )
    anyio.run(work)
    return deadly.seen


def main() -> None:
    """Serve orders until there are no more."""
    for line in sys.stdin:
        order = msgspec.json.decode(line, type=Order)
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            os.write(writer, str(run(order)).encode())
            os._exit(0)
        os.close(writer)
        _pid, status = os.waitpid(child, 0)
        answer = os.read(reader, 100).decode()
        os.close(reader)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        sys.stdout.write(f"{-1 if killed else answer}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
