"""Files as they lie on the disk, byte for byte, as trees of a session's own store.

Owns raw images: no filter, no attribute, no index of anybody's has a say. A path in a tree is a file or a symbolic
link; what is anything else, or lies behind a link, is not there. `smudged_tree` is the one place where a repository's
rules turn a snapshot's contents into what its files hold. Placing files is `placing`'s.
"""

import hashlib
import os
import stat
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import anyio
from anyio import to_thread
from msgspec import Struct

from roundhouse.model.errors import Conflict
from roundhouse.workspace.diff import shown
from roundhouse.workspace.git import LONG_DEADLINE, git, git_in_store

LINK = "120000"
EXECUTABLE = "100755"
PLAIN = "100644"
_CHUNK = 1 << 20
_SHA1_LENGTH = 40
_GIT = b".git"
_NO_SPARSE = ("-c", "core.sparseCheckout=false")


class Raw(Struct, frozen=True):
    """One file or link: its mode in git's words and the blob of its bytes, or of a link's target."""

    mode: str
    blob: str


ODD = Raw("", "")
"""What is there and is neither file nor link nor folder. Equal to no file."""


@contextmanager
def folder(root: Path, names: list[bytes]) -> Iterator[tuple[int, int]]:
    """The deepest of these nested folders that is there, open, and how many names it is deep.

    No link is followed below the root. Blocking. Raises OSError.
    """
    opened = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    depth = 0
    try:
        for name in names:
            try:
                flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
                inner = os.open(name, flags, dir_fd=opened)
            except (FileNotFoundError, NotADirectoryError):
                break
            os.close(opened)
            opened, depth = inner, depth + 1
        yield opened, depth
    finally:
        os.close(opened)


def outside(path: bytes) -> bool:
    """Whether no move may write there: git's own files, and what is not below the root."""
    names = path.split(b"/")
    return any(name in {b"", b".", b".."} or name.lower() == _GIT for name in names)


def raw_now(root: Path, path: bytes, *, algorithm: str) -> Raw | None:
    """What lies at the path; None for nothing and for a folder. Blocking. Raises OSError."""
    *parents, name = path.split(b"/")
    with folder(root, parents) as (inside, depth):
        found = None if depth < len(parents) else entry_status(inside, name)
        if found is None or stat.S_ISDIR(found.st_mode):
            return None
        if stat.S_ISLNK(found.st_mode):
            target = os.readlink(name, dir_fd=inside)
            return Raw(LINK, _blob_name(algorithm, len(target), [target]))
        if not stat.S_ISREG(found.st_mode):
            return ODD
        opened = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=inside)
        with os.fdopen(opened, "rb") as file:
            size = os.fstat(opened).st_size
            blob = _blob_name(algorithm, size, iter(lambda: file.read(_CHUNK), b""))
        return Raw(mode_of(found), blob) if blob else ODD


def entry_status(inside: int, name: bytes) -> os.stat_result | None:
    """What the name in an open folder is, without following it; None for nothing. Blocking."""
    try:
        return os.stat(name, dir_fd=inside, follow_symlinks=False)
    except FileNotFoundError:
        return None


def mode_of(found: os.stat_result) -> str:
    """A file's mode in git's words."""
    return EXECUTABLE if found.st_mode & stat.S_IXUSR else PLAIN


def algorithm_of(tree: str) -> str:
    """The hash that the store's names are made with, from any of them."""
    return "sha1" if len(tree) == _SHA1_LENGTH else "sha256"


def _blob_name(algorithm: str, size: int, parts: Iterable[bytes]) -> str:
    """Git's name for these bytes; empty where they are not `size` bytes, since somebody is writing."""
    digest = hashlib.new(algorithm, b"blob %d\0" % size, usedforsecurity=False)
    for part in parts:
        digest.update(part)
        size -= len(part)
    return digest.hexdigest() if size == 0 else ""


@asynccontextmanager
async def folder_aside(store: Path) -> AsyncIterator[Path]:
    """A folder in the store for what is needed during the body only."""
    made = await to_thread.run_sync(lambda: TemporaryDirectory(dir=store, prefix="aside-"))
    try:
        yield Path(made.name)
    finally:
        with anyio.CancelScope(shield=True):
            await to_thread.run_sync(made.cleanup)


async def image_tree(store: Path, root: Path, paths: Iterable[bytes]) -> str:
    """The tree of what lies at these paths now, its contents kept in the store. Raises GitError, OSError."""
    wanted = sorted(set(paths))
    async with folder_aside(store) as aside:
        modes, places = await to_thread.run_sync(_gather, root, wanted, aside)
        out = await git_in_store(
            *("hash-object", "-w", "--no-filters", "--stdin-paths"),
            store=store,
            stdin=b"".join(_quoted(place) + b"\n" for place in places),
            deadline=LONG_DEADLINE,
        )
    blobs = out.decode().split()
    pairs = zip(modes.items(), blobs, strict=True)
    return await write_tree(store, {path: Raw(mode, blob) for (path, mode), blob in pairs})


def _gather(root: Path, paths: list[bytes], aside: Path) -> tuple[dict[bytes, str], list[bytes]]:
    """The modes by path, and where git can read each one's bytes; a link's target gets a file for that."""
    modes: dict[bytes, str] = {}
    places: list[bytes] = []
    for path in paths:
        *parents, name = path.split(b"/")
        with folder(root, parents) as (inside, depth):
            found = None if depth < len(parents) else entry_status(inside, name)
            if found is None:
                continue
            if stat.S_ISLNK(found.st_mode):
                place = aside / str(len(places))
                place.write_bytes(os.readlink(name, dir_fd=inside))
                modes[path] = LINK
                places.append(os.fsencode(place))
            elif stat.S_ISREG(found.st_mode):
                modes[path] = mode_of(found)
                places.append(os.path.join(os.fsencode(root), path))  # noqa: PTH118 - bytes
    return modes, places


def _quoted(path: bytes) -> bytes:
    """A path in git's quoting, which every line of its input may have."""
    plain = range(0x20, 0x7F)
    inner = b"".join(
        bytes((byte,)) if byte in plain and byte not in b'"\\' else b"\\%03o" % byte
        for byte in path
    )
    return b'"' + inner + b'"'


async def write_tree(store: Path, files: Mapping[bytes, Raw]) -> str:
    """The tree with these files. Raises Conflict (`outside`) for a path that no tree can hold, GitError.

    Of a file and another that lies in it the second stays.
    """
    wrong = sorted(filter(outside, files))
    if wrong:
        # Git would leave it out without a word.
        raise Conflict(f"{shown(wrong[0])} is not a path for a file.", code="outside")
    lines = (f"{raw.mode} {raw.blob}\t".encode() + path + b"\0" for path, raw in files.items())
    async with folder_aside(store) as aside:
        env = {"GIT_INDEX_FILE": str(aside / "index")}
        change = ("update-index", "-z", "--index-info")
        await git_in_store(*change, store=store, env=env, stdin=b"".join(lines))
        return (await git_in_store("write-tree", store=store, env=env)).decode().strip()


async def read_tree(store: Path, tree: str) -> dict[bytes, Raw]:
    """The files of such a tree by path, sorted. Raises GitError."""
    out = await git_in_store(
        "ls-tree", "-r", "-z", "--full-tree", tree, store=store, deadline=LONG_DEADLINE
    )
    found: dict[bytes, Raw] = {}
    for line in out.split(b"\0"):
        if line:
            words, _, path = line.partition(b"\t")
            mode, _kind, blob = words.decode().split(" ")
            found[path] = Raw(mode, blob)
    return found


async def smudged_tree(store: Path, tree: str, paths: Iterable[bytes], *, git_dir: Path) -> str:
    """The raw tree of what these paths hold once git checks the snapshot out in that repository.

    Its configuration and its attributes hold, as they are in the snapshot, not as they lie in its files now. Writes into
    nothing but the store. `paths` are files of the snapshot, without submodules. Raises GitError.
    """
    wanted = sorted(set(paths))
    async with folder_aside(store) as aside:
        # Empty: attributes come from the index, where all of the snapshot's are.
        files = aside / "files"
        await to_thread.run_sync(files.mkdir)
        env = {
            "GIT_DIR": str(git_dir),
            "GIT_WORK_TREE": str(files),
            "GIT_INDEX_FILE": str(aside / "index"),
            "GIT_OBJECT_DIRECTORY": str(store / "objects"),
        }
        await git(*_NO_SPARSE, "read-tree", tree, cwd=files, env=env, deadline=LONG_DEADLINE)
        await git(
            *(*_NO_SPARSE, "checkout-index", "--quiet", "-z", "--stdin"),
            cwd=files,
            env=env,
            stdin=b"".join(path + b"\0" for path in wanted),
            deadline=LONG_DEADLINE,
        )
        return await image_tree(store, files, wanted)
