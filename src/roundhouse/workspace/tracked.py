"""Files that git tracks in a worktree although an ignore rule names them: they belong to snapshots all the same.

Owns bringing the private index in line with what the worktree's own index tracks, and what it tracked at the last look.
An ignored file stays in it while the file is there, until somebody takes it out of the worktree's index.
"""

import os
import stat
from pathlib import Path

import msgspec
from anyio import to_thread
from msgspec import Struct

from roundhouse.workspace.git import LONG_DEADLINE, git, git_in_store, run_git
from roundhouse.workspace.image import entry_status, folder
from roundhouse.workspace.session_store import SessionStore

_RECORD = "tracked.json"
_NAMES = "tracked"


class _Record(Struct, frozen=True):
    """What the last look left: the data of the worktree's index, our tree, what that lacks of what is tracked."""

    stamp: str
    tree: str
    lacking: list[bytes] = []


async def follow(store: SessionStore, last: str, tree: str, gone: set[bytes]) -> str:
    """The private index's tree once it has what the worktree's index tracks; `tree` is what it holds now.

    `gone` are paths that `last`, the last snapshot's tree, had and `tree` lacks: those that are still there stay.
    Raises GitError.
    """
    stamp = await to_thread.run_sync(_stamp, store)
    known = await to_thread.run_sync(_recorded, store)
    lacking, dropped, names = set[bytes](), set[bytes](), None
    if known is not None and known.stamp == stamp:
        lacking = {*known.lacking}
        if tree != known.tree:
            lost = gone if known.tree == last else await _gone(store, known.tree, tree)
            lacking |= await to_thread.run_sync(_tracked, store, lost)
    elif (names := await _names(store)) is not None:
        private = await git("ls-files", "-z", cwd=store.worktree, env=store.env)
        lacking = await to_thread.run_sync(_less, names, private)
        left = await to_thread.run_sync(_left, store, names)
        dropped = await _ignored(store, left & set(private.split(b"\0"))) if left else left
        gone = gone - left
    else:
        known = None
    added = await to_thread.run_sync(_there, store.worktree, lacking | gone)
    if added or dropped:
        await _change(store, dropped, "--force-remove")
        await _change(store, added, "--add", "--remove")
        tree = (await git("write-tree", cwd=store.worktree, env=store.env)).decode().strip()
    record = _Record(stamp, tree, sorted(lacking - added))
    if record != known and (known is not None or names is not None):
        await to_thread.run_sync(_write, store, record, names)
    return tree


async def agree(store: SessionStore) -> None:
    """Take what the worktree's index tracks as it is, since we wrote it: nobody took anything out. Raises GitError."""
    names = await _names(store)
    if names is not None:
        await to_thread.run_sync(_write, store, _Record("", ""), names)


async def _gone(store: SessionStore, old: str, new: str) -> set[bytes]:
    listing = ("diff-tree", "-r", "-z", "--no-renames", "--name-only", "--diff-filter=D", old, new)
    out = await git_in_store(*listing, store=store.path, deadline=LONG_DEADLINE)
    return {path for path in out.split(b"\0") if path}


async def _names(store: SessionStore) -> bytes | None:
    """The paths that the worktree's index tracks, as `ls-files -z` names them; None where git can read none."""
    if not await to_thread.run_sync((store.git_dir / "index").is_file):
        return None
    env = {"GIT_DIR": str(store.git_dir), "GIT_WORK_TREE": str(store.worktree)}
    done = await run_git("ls-files", "-z", cwd=store.worktree, env=env)
    return None if done.exit_code else done.stdout


async def _ignored(store: SessionStore, paths: set[bytes]) -> set[bytes]:
    """Those of the private index's paths that an ignore rule names."""
    if not paths:
        return set()
    # Of all, since check-ignore takes no path literally.
    listing = ("ls-files", "-z", "--cached", "--ignored", "--exclude-standard")
    out = await git(*listing, cwd=store.worktree, env=store.env, deadline=LONG_DEADLINE)
    return paths & set(out.split(b"\0"))


async def _change(store: SessionStore, paths: set[bytes], *how: str) -> None:
    if paths:
        await git(
            *("update-index", "-z", *how, "--stdin"),
            cwd=store.worktree,
            env=store.env,
            stdin=_joined(paths),
            deadline=LONG_DEADLINE,
        )


def _joined(paths: set[bytes]) -> bytes:
    return b"".join(path + b"\0" for path in sorted(paths))


def _less(names: bytes, others: bytes) -> set[bytes]:
    """The names that are not among the others."""
    return set() if names == others else set(names.split(b"\0")) - set(others.split(b"\0"))


def _there(root: Path, paths: set[bytes]) -> set[bytes]:
    """Those that are links, or files that can be read, below no link. Blocking."""
    found = set()
    for path in paths:
        *parents, name = path.split(b"/")
        try:
            with folder(root, parents) as (inside, depth):
                status = entry_status(inside, name) if depth == len(parents) else None
                if status is None:
                    continue
                readable = os.access(name, os.R_OK, dir_fd=inside)
        except OSError:
            continue
        if stat.S_ISLNK(status.st_mode) or (stat.S_ISREG(status.st_mode) and readable):
            found.add(path)
    return found


def _stamp(store: SessionStore) -> str:
    try:
        found = (store.git_dir / "index").stat()
    except OSError:
        return "none"
    return f"{found.st_mtime_ns} {found.st_size} {found.st_ino}"


def _recorded(store: SessionStore) -> _Record | None:
    try:
        return msgspec.json.decode((store.path / _RECORD).read_bytes(), type=_Record)
    except (OSError, msgspec.MsgspecError):
        return None


def _tracked(store: SessionStore, paths: set[bytes]) -> set[bytes]:
    """Those that the worktree's index tracked at the last look. Blocking."""
    return paths & set((store.path / _NAMES).read_bytes().split(b"\0")) if paths else paths


def _left(store: SessionStore, names: bytes) -> set[bytes]:
    """What was tracked at the last look and is not any more. Blocking."""
    place = store.path / _NAMES
    return _less(place.read_bytes(), names) if place.is_file() else set()


def _write(store: SessionStore, record: _Record, names: bytes | None) -> None:
    # The names first: a record without them would stand for others.
    for name, content in ((_NAMES, names), (_RECORD, msgspec.json.encode(record))):
        if content is not None:
            place = store.path / name
            new = place.with_name(f"{name}.new")
            new.write_bytes(content)
            new.replace(place)
