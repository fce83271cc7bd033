"""A runner that kills itself, as `kill -9` would, at a named point of what it does in one session.

`python -m tests.runner.victim DATABASE_URL DATA_DIR SESSION POINT`
"""

import os
import signal
import sys
from pathlib import Path
from typing import Any

import anyio

from roundhouse.runner import books
from roundhouse.runner.ground import Ground
from roundhouse.workspace.move import carry_out, finish
from tests.runner.echo import EchoBackend
from tests.runner.harness import catalog_of, running

ROWS = "rows"
"""The files are there, the rows are not."""
FINISH = "finish"
"""The rows are there, the journal as well."""


def arm(session_id: str, point: str) -> None:
    """Set the trap: at a step of the move, or around what follows it."""

    def step(name: str) -> None:
        if name.startswith(point):
            os.kill(os.getpid(), signal.SIGKILL)

    async def trapped_move(snapshots: Any, worktree: Any, move: Any) -> list[str]:
        if worktree.session_id != session_id:
            return await carry_out(snapshots, worktree, move)
        return await carry_out(snapshots, worktree, move, step=step)

    async def trapped_finish(snapshots: Any, of: str) -> None:
        if of == session_id:
            step(FINISH)
        await finish(snapshots, of)

    persist = books.Books.persist

    async def trapped_rows(self: books.Books, ground: Ground, writing: books.Writing) -> Any:
        if ground.session.id == session_id:
            step(ROWS)
        return await persist(self, ground, writing)

    traps = ((books, "carry_out", trapped_move), (books, "finish", trapped_finish))
    for owner, name, trap in (*traps, (books.Books, "persist", trapped_rows)):
        setattr(owner, name, trap)


async def main(database_url: str, data_dir: str, session_id: str, point: str) -> None:
    """Serve until the trap springs."""
    arm(session_id, point)
    async with running(database_url, Path(data_dir), lambda *_: EchoBackend(), catalog_of()):
        await anyio.sleep_forever()


if __name__ == "__main__":
    anyio.run(main, *sys.argv[1:5])  # type: ignore[arg-type]
