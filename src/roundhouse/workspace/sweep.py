"""Looks over a worktree's file data, in the process, to tell whether anything moved since the last look.

Owns the fingerprint. Asks no git: a difference only means that a snapshot is worth taking, and a difference
in ignored files costs one snapshot that finds nothing.
"""

import os
import time
from pathlib import Path

import anyio
from anyio import to_thread
from msgspec import Struct

from roundhouse.model.errors import WorkspaceError

YOUNG_NS = 10_000_000
"""An entry this fresh may change once more within its time stamp's own resolution."""
_MASK = (1 << 64) - 1
_SCANS_AT_ONCE = 4


class Fingerprint(Struct, frozen=True):
    """A worktree at one moment. Good inside one process only (it holds salted hashes).

    `settled` is False where an entry was too young, or moved during the scan, to be trusted.
    """

    files: int
    digest: int
    settled: bool


class Sweep:
    """Scans worktrees in threads, a few at once."""

    def __init__(self) -> None:
        self._limiter = anyio.CapacityLimiter(_SCANS_AT_ONCE)

    async def scan(self, root: Path) -> Fingerprint:
        """The worktree's fingerprint. Take it *before* the snapshot that it stands for.

        Raises WorkspaceError when the folder is missing.
        """
        return await to_thread.run_sync(fingerprint, root, limiter=self._limiter)

    @staticmethod
    def same(a: Fingerprint | None, b: Fingerprint | None) -> bool:
        """Whether surely nothing changed from `a` to `b`; False when in doubt."""
        return (
            a is not None
            and b is not None
            and a.settled
            and a.files == b.files
            and a.digest == b.digest
        )


def missing(root: Path) -> WorkspaceError:
    """The one way to say that a worktree's folder is not there."""
    return WorkspaceError(
        f"The worktree {root} is missing.",
        code="worktree_missing",
        remedy="Send the session a prompt: its worktree is made again.",
    )


def fingerprint(root: Path) -> Fingerprint:
    """`Sweep.scan`, blocking."""
    young = time.time_ns() - YOUNG_NS
    files = 0
    digest = 0
    settled = True
    folders = [os.fspath(root)]
    while folders:
        folder = folders.pop()
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.name == ".git":
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                        continue
                    found = entry.stat(follow_symlinks=False)
                    mtime, ctime = found.st_mtime_ns, found.st_ctime_ns
                    if mtime > young or ctime > young:
                        settled = False
                    files += 1
                    # Summed, since the order of a folder's entries is no promise.
                    digest += hash(
                        (entry.path, mtime, ctime, found.st_size, found.st_ino, found.st_mode)
                    )
        except PermissionError:
            digest += hash((folder, "closed"))
        except (FileNotFoundError, NotADirectoryError) as error:
            if not files and not os.path.isdir(root):  # noqa: PTH112
                raise missing(root) from error
            settled = False
    return Fingerprint(files, digest & _MASK, settled)
