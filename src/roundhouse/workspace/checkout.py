"""What lies in the user's checkout: files, folders and links at given paths, and the files as git would keep them.

Owns how a checkout is looked at without a trace in its repository: objects go to the session's store, and its index is
only read. What follows from what is there is `apply`'s.
"""

import os
import stat
from collections.abc import Container, Iterable, Mapping
from pathlib import Path
from typing import Literal

from anyio import to_thread
from msgspec import Struct

from roundhouse.model.errors import WorkspaceError
from roundhouse.model.outcome import ConflictKind
from roundhouse.workspace.git import LONG_DEADLINE, GitError, git
from roundhouse.workspace.image import Raw
from roundhouse.workspace.placing import outside

_ATTRIBUTES = b".gitattributes"


class Seen(Struct, frozen=True):
    """What lies at a path. `parent` is what stands where its folder must be: a file, a link, a repository."""

    kind: Literal["absent", "file", "folder", "odd"]
    parent: bytes | None = None
    barred: ConflictKind | None = None


class Checkout(Struct, frozen=True):
    """The checkout's side: files as git would keep them, by path. `known` are those that its index names."""

    root: Path
    seen: dict[bytes, Seen]
    files: Mapping[bytes, Raw]
    known: frozenset[bytes] = frozenset()


async def git_dir_of(checkout: Path) -> Path:
    try:
        out = await git(
            *("rev-parse", "--absolute-git-dir"),
            cwd=checkout,
            env={"GIT_CEILING_DIRECTORIES": str(checkout.parent)},
        )
    except GitError as error:
        raise WorkspaceError(
            f"The checkout {checkout} is gone, or is no repository any more.",
            remedy="Put it back there, or register it as a project at its new place.",
        ) from error
    return Path(out.decode(errors="surrogateescape").removesuffix("\n"))


def _rules_above(paths: Iterable[bytes]) -> set[bytes]:
    """Where attributes for these paths can be written down."""
    folders = {path[:at] for path in paths for at in _slashes(path)}
    return {_ATTRIBUTES} | {folder + b"/" + _ATTRIBUTES for folder in folders}


def is_rules(path: bytes) -> bool:
    return path.rpartition(b"/")[2] == _ATTRIBUTES


def _slashes(path: bytes) -> list[int]:
    return [at for at, byte in enumerate(path) if byte == ord("/")]


def look(root: Path, paths: set[bytes]) -> dict[bytes, Seen]:
    """What lies at these paths, and where attributes for them can be. Blocking."""
    parents: dict[bytes, ConflictKind | None] = {}

    def parent_of(path: bytes) -> tuple[bytes | None, ConflictKind | None]:
        for at in _slashes(path):
            above = path[:at]
            if above not in parents:
                parents[above] = _bar(root, above)
            if parents[above] is not None:
                return above, parents[above]
        return None, None

    seen: dict[bytes, Seen] = {}
    inside = {path for path in paths if not outside(path)}
    for path in inside | _rules_above(inside):
        parent, barred = parent_of(path)
        kind = "absent" if parent is not None else _kind(root / os.fsdecode(path))
        seen[path] = Seen(kind, parent, barred)
    return seen | {path: Seen("absent", None, "outside") for path in paths - inside}


def _bar(root: Path, above: bytes) -> ConflictKind | None:
    """Why nothing can be written below it, None where it is a folder, or nothing."""
    place = root / os.fsdecode(above)
    try:
        mode = place.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None
    if stat.S_ISLNK(mode):
        return "outside"
    if not stat.S_ISDIR(mode):
        return "type"
    return "submodule" if os.path.lexists(place / ".git") else None


def _kind(place: Path) -> Literal["absent", "file", "folder", "odd"]:
    try:
        mode = place.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return "absent"
    if stat.S_ISDIR(mode):
        return "folder"
    return "file" if stat.S_ISREG(mode) or stat.S_ISLNK(mode) else "odd"


def readable(ground: Mapping[bytes, Seen], paths: Iterable[bytes]) -> list[bytes]:
    return [path for path in paths if ground[path].kind == "file"]


async def clean(
    store: Path, git_dir: Path, checkout: Path, ground: dict[bytes, Seen], aside: Path
) -> Checkout:
    """The files as git would keep them, by the checkout's own rules. Raises GitError.

    In an index of our own with the user's entries for these paths: whether line ends are converted, and what is executable
    where the disk cannot say it, depends on what is tracked. Times and flags are left out: every file here is read.
    """
    env = {"GIT_DIR": str(git_dir), "GIT_WORK_TREE": str(checkout)}
    listed = await _index(checkout, env, ground)
    env |= {
        "GIT_INDEX_FILE": str(aside / "index"),
        "GIT_OBJECT_DIRECTORY": str(store / "objects"),
    }
    lines = []
    for path, (left_out, raw) in listed.items():
        kind = ground[path].kind
        # What a sparse checkout leaves out is there all the same.
        if kind == "file" or (left_out and kind == "absent"):
            lines.append(f"{raw.mode} {raw.blob}\t".encode() + path + b"\0")
    change = ("update-index", "-z", "--index-info")
    await git(*change, cwd=checkout, env=env, stdin=b"".join(lines), deadline=LONG_DEADLINE)
    await git(
        *("update-index", "--add", "--replace", "-z", "--stdin"),
        cwd=checkout,
        env=env,
        stdin=b"".join(path + b"\0" for path in sorted(readable(ground, ground))),
        deadline=LONG_DEADLINE,
    )
    now = await _index(checkout, env, ground)
    files = {path: raw for path, (_left_out, raw) in now.items()}
    return Checkout(checkout, ground, files, frozenset(listed))


async def _index(
    checkout: Path, env: dict[str, str], wanted: Container[bytes]
) -> dict[bytes, tuple[bool, Raw]]:
    """An index's entries of these paths: whether a sparse checkout leaves it out, and what it holds."""
    out = await git("ls-files", "-z", "-t", "--stage", cwd=checkout, env=env)

    def parse() -> dict[bytes, tuple[bool, Raw]]:
        found = {}
        for line in out.split(b"\0"):
            words, _, path = line.partition(b"\t")
            if path in wanted:
                tag, mode, blob, _stage = words.decode().split(" ")
                found[path] = (tag == "S", Raw(mode, blob))
        return found

    return await to_thread.run_sync(parse)
