"""Taking a worktree back to an earlier snapshot, and the move that brings its files from one snapshot to another.

Owns what stays: files that the rewind does not know of, and those that nobody's snapshot holds. The new snapshot is
made first, the files follow by `move`; a kill between the two leaves a snapshot that no row names.
"""

import shutil
from pathlib import Path
from typing import Any

from anyio import to_thread
from msgspec import Struct

from roundhouse.model.errors import Conflict, WorkspaceError
from roundhouse.model.session import Worktree
from roundhouse.workspace.delta import GITLINK, FileDelta
from roundhouse.workspace.diff import shown
from roundhouse.workspace.git import LONG_DEADLINE, git, git_in_store
from roundhouse.workspace.image import Raw, folder_aside, image_tree, smudged_tree
from roundhouse.workspace.move import Move
from roundhouse.workspace.placing import covered
from roundhouse.workspace.session_store import SessionStore, open_store
from roundhouse.workspace.snapshot import Snapshots

_NOTHING = "000000"
_DELTA = ("diff-tree", "-r", "-z", "--no-renames", "--no-abbrev", "--end-of-options")


class Target(Struct, frozen=True, kw_only=True):
    """Where a rewind leads. `files` is what it changes; `kept` are files that stay although the goal lacks them.

    Or has another file there: of what the rewind did not know nothing is deleted or overwritten.
    """

    snapshot: str
    files: list[FileDelta]
    kept: list[str]


class _Change(Struct, frozen=True):
    """One path that differs. None is no file."""

    path: bytes
    old: Raw | None
    new: Raw | None

    @property
    def gitlink(self) -> bool:
        """Whether either side is another repository's commit, whose files are not ours to move."""
        return any(raw is not None and raw.mode == GITLINK for raw in (self.old, self.new))


async def rewind_to(
    snapshots: Snapshots, worktree: Worktree, *, known: str, target: str, message: str
) -> Target:
    """A new last snapshot with the files of `target`, parents (head, target); the worktree is not written yet.

    `worktree.head_snapshot` is the safety snapshot, `known` the last before it: files first seen in between stay.
    Submodules stay where they are. Where nothing differs it is the head itself. Raises GitError.
    """
    head = worktree.head_snapshot
    if head is None:
        raise WorkspaceError("The session has no snapshot to go back from.")
    store = await open_store(snapshots.path(worktree.session_id), worktree)
    first_seen = {
        change.path for change in await _changes(store.path, known, head) if change.old is None
    }
    changes = await _changes(store.path, head, target)
    wanted = [change for change in changes if not change.gitlink]
    kept = {change.path for change in wanted if change.new is None and change.path in first_seen}
    stays = kept | {change.path for change in changes if change.gitlink and change.old}
    rest = [change for change in wanted if change.path not in kept]
    # Where a file that stays is, or has its folder, the target's cannot be.
    rest = [change for change in rest if change.new is None or not _beside(change.path, stays)]
    occupied = await to_thread.run_sync(_occupied, store.worktree, rest)
    rest = [change for change in rest if change.path not in occupied]
    snapshot = head
    if rest:
        snapshot = await snapshots.edited(
            worktree, _index_info(rest), parents=[head, target], message=message
        )
    return Target(
        snapshot=snapshot,
        files=await snapshots.turn_changes(worktree, head, snapshot),
        kept=[shown(path) for path in sorted(kept | occupied)],
    )


async def worktree_move(
    snapshots: Snapshots,
    worktree: Worktree,
    old: str,
    new: str,
    *,
    kind: str,
    then: dict[str, Any],
) -> Move:
    """The move of the worktree's files from snapshot `old` to `new`: the paths that differ, without submodules.

    Contents come as git would check them out there. Raises Conflict: `moved` where a file on the disk is not that of
    `old`, `occupied` where `new` makes a file and something unknown lies there (`details["paths"]`); GitError.
    """
    store = await open_store(snapshots.path(worktree.session_id), worktree)
    changes = [change for change in await _changes(store.path, old, new) if not change.gitlink]
    there = [change.path for change in changes if change.old]
    # The image first: an edit that comes before it is seen by the look, one that comes after by the move.
    before = await image_tree(store.path, store.worktree, there)
    moved = {*there} & await _moved(store, old)
    _refuse(moved, "moved", "is not as it was in the last snapshot", "Try again.")
    occupied = await to_thread.run_sync(_occupied, store.worktree, changes)
    remedy = "Move that file away, then try again."
    _refuse(occupied, "occupied", "is there, and no snapshot holds it", remedy)
    comes = [change.path for change in changes if change.new]
    after = await smudged_tree(store.path, new, comes, git_dir=store.git_dir)
    return Move(kind=kind, root=str(store.worktree), before=before, after=after, then=then)


async def _changes(store: Path, old: str, new: str) -> list[_Change]:
    """The paths that differ, sorted. Raises GitError."""
    out = await git_in_store(*_DELTA, old, new, store=store, deadline=LONG_DEADLINE)
    tokens = out.split(b"\0")
    found = []
    for words, path in zip(tokens[0::2], tokens[1::2], strict=False):
        old_mode, new_mode, old_blob, new_blob, _status = words[1:].decode().split(" ")
        before, after = Raw(old_mode, old_blob), Raw(new_mode, new_blob)
        found.append(
            _Change(
                path,
                None if old_mode == _NOTHING else before,
                None if new_mode == _NOTHING else after,
            )
        )
    return found


def _beside(path: bytes, stays: set[bytes]) -> bool:
    """Whether the path is a folder of one that stays, or lies below one."""
    return any(stay.startswith(path + b"/") or path.startswith(stay + b"/") for stay in stays)


def _occupied(root: Path, changes: list[_Change]) -> set[bytes]:
    """Files to be made where something lies that no snapshot holds. Blocking."""
    going = {change.path for change in changes if change.new is None}
    coming = [change.path for change in changes if change.old is None]
    return {path for path in coming if covered(root, path, going)}


def _index_info(changes: list[_Change]) -> bytes:
    # What goes makes room for what comes.
    ordered = sorted(changes, key=lambda change: change.new is not None)
    lines = []
    for change in ordered:
        raw = change.new or Raw(_NOTHING, change.old.blob if change.old else "")
        lines.append(f"{raw.mode} {raw.blob}\t".encode() + change.path + b"\0")
    return b"".join(lines)


async def _moved(store: SessionStore, old: str) -> set[bytes]:
    """The paths of the snapshot whose files are not as it has them, by the worktree's own rules."""
    async with folder_aside(store.path) as aside:
        index = aside / "index"
        if await to_thread.run_sync(store.index.is_file):
            # With its time, by which git tells which files it must read.
            await to_thread.run_sync(shutil.copy2, store.index, index)
        env = store.env | {"GIT_INDEX_FILE": str(index)}
        for command in (("read-tree", "--reset", old), ("update-index", "-q", "--refresh")):
            # A refresh fails where a file differs, which is asked next.
            check = command[0] == "read-tree"
            await git(*command, cwd=store.worktree, env=env, check=check, deadline=LONG_DEADLINE)
        out = await git(
            *("diff-files", "-z", "--name-only", "--ignore-submodules=all"),
            cwd=store.worktree,
            env=env,
        )
    return {path for path in out.split(b"\0") if path}


def _refuse(paths: set[bytes], code: str, what: str, remedy: str) -> None:
    if paths:
        raise Conflict(
            f"{shown(min(paths))} {what}; nothing was written.",
            code=code,
            remedy=remedy,
            details={"paths": [shown(path) for path in sorted(paths)]},
        )
