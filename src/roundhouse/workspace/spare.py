"""Spare worktrees: one kept ready for each repository where making one takes long.

Owns when one is worth it, where it lies and how a session gets it. A spare is a detached worktree that no session has;
its record is written last, so that a half-made one is never given away.
"""

import hashlib
from pathlib import Path

import msgspec
import structlog
from anyio import to_thread
from msgspec import Struct

from roundhouse.model.errors import WorkspaceError
from roundhouse.workspace.git import LONG_DEADLINE, git, run_git
from roundhouse.workspace.locks import KeyedLocks
from roundhouse.workspace.trash import Trash

logger = structlog.get_logger(__name__)

SLOW = 2.0
"""Seconds that making a worktree may take before its repository gets a spare."""
_NAME_LENGTH = 16
_PARALLEL = ("-c", "checkout.workers=2")


class _Record(Struct, frozen=True):
    common: str


class Spares:
    """The spare worktrees under a folder, for repositories where making one takes over `after` seconds.

    `locks` are the repositories', by the path of their git folder.
    """

    def __init__(self, folder: Path, trash: Trash, locks: KeyedLocks, *, after: float) -> None:
        self._folder = folder
        self._after = after
        self._trash = trash
        self._locks = locks
        self._wanted: dict[Path, str] = {}

    def took(self, common: Path, base: str, seconds: float) -> None:
        """Making a worktree of that commit took so long."""
        if seconds > self._after:
            self._wanted[common] = base

    async def prepare(self) -> None:
        """Make the spares that are missing, where they are worth it. A failure is logged and not tried again."""
        for common in list(self._wanted):
            async with self._locks.hold(str(common)):
                base = self._wanted.pop(common, None)
                if base is None or await to_thread.run_sync(self._record(common).is_file):
                    continue
                try:
                    await self._make(common, base)
                except WorkspaceError as error:
                    logger.warning("no spare worktree", repository=str(common), error=str(error))

    async def take(self, common: Path, path: Path, branch: str, base: str) -> bool:
        """Make the spare the worktree at `path`, on a new branch at `base`. False if there is none that works.

        The caller holds the repository's lock.
        """
        spare = self._spare(common)

        def claim() -> bool:
            record = self._record(common)
            there = record.is_file()
            record.unlink(missing_ok=True)
            if there and path.is_dir() and not any(path.iterdir()):
                path.rmdir()  # else git would move the spare into it
            return there

        if not await to_thread.run_sync(claim):
            return False
        moved = await run_git("worktree", "move", str(spare), str(path), cwd=common)
        if moved.exit_code == 0:
            switch = ("checkout", "--quiet", "--force", "--no-track", "-b", branch, base)
            done = await run_git(*_PARALLEL, *switch, cwd=path, deadline=LONG_DEADLINE)
            if done.exit_code == 0:
                self._wanted[common] = base
                return True
            await self._remove(common, path)
        await self._remove(common, spare)
        return False

    async def drop(self, common: Path) -> None:
        """Take the repository's spare away; none is fine. The caller holds the repository's lock."""
        self._wanted.pop(common, None)
        there = await to_thread.run_sync(self._record(common).is_file)
        await to_thread.run_sync(self._record(common).unlink, True)
        if there:
            await self._remove(common, self._spare(common))

    async def _make(self, common: Path, base: str) -> None:
        spare = self._spare(common)
        await to_thread.run_sync(lambda: self._folder.mkdir(parents=True, exist_ok=True))
        await self._remove(common, spare)
        await git(
            *(*_PARALLEL, "worktree", "add", "--quiet", "--detach", str(spare), base),
            cwd=common,
            deadline=LONG_DEADLINE,
        )
        record = msgspec.json.encode(_Record(str(common)))
        await to_thread.run_sync(self._record(common).write_bytes, record)

    async def _remove(self, common: Path, path: Path) -> None:
        await to_thread.run_sync(self._trash.discard, path)
        await run_git("worktree", "remove", "--force", "--force", str(path), cwd=common)

    def _spare(self, common: Path) -> Path:
        return self._folder / hashlib.sha256(str(common).encode()).hexdigest()[:_NAME_LENGTH]

    def _record(self, common: Path) -> Path:
        spare = self._spare(common)
        return spare.with_name(f"{spare.name}.json")
