"""What differs between the contents of many files, in one call of git whatever their names are.

Owns the throw-away trees in which the contents lie side by side, and what is kept in memory of the answers: nothing of it
is written to a session's store. Which contents, and what a difference means, is the caller's.
"""

import tempfile
from collections import OrderedDict
from collections.abc import AsyncIterator, Collection, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Generic, TypeAlias, TypeVar

from anyio import to_thread

from roundhouse.workspace.diff import FilePatch, PatchHunk, parse_patch
from roundhouse.workspace.git import LONG_DEADLINE, git_in_store

MOST_BYTES = 16 << 20
"""A content over this has no lines for us."""
_AT_ONCE = 2_000
_PLAIN = ("--no-color", "--no-ext-diff", "--no-textconv", "--src-prefix=a/", "--dst-prefix=b/")

_PATCHES_KEPT = 16 << 20
"""Bytes of patch text; as objects it is some ten times that."""
_COUNTS_KEPT = 100_000
_Key = TypeVar("_Key")
_Item = TypeVar("_Item")
Pair: TypeAlias = tuple[str, str]
"""The blobs of a content before and after."""


class _Recent(Generic[_Key, _Item]):
    """What was found lately, up to a sum of weights. Contents are named by what they are, so it never goes stale."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._weight = 0
        self._found: OrderedDict[_Key, tuple[_Item, int]] = OrderedDict()

    def __contains__(self, key: _Key) -> bool:
        return key in self._found

    def take(self, key: _Key) -> _Item:
        self._found.move_to_end(key)
        return self._found[key][0]

    def keep(self, key: _Key, item: _Item, weight: int = 1) -> None:
        self._weight += weight - self._found.pop(key, (item, 0))[1]
        self._found[key] = (item, weight)
        while self._weight > self._most:
            self._weight -= self._found.popitem(last=False)[1][1]


_hunks: _Recent[Pair, list[PatchHunk] | None] = _Recent(_PATCHES_KEPT)
_counts: _Recent[str, int] = _Recent(_COUNTS_KEPT)


async def pair_hunks(store: Path, pairs: Iterable[Pair]) -> dict[Pair, list[PatchHunk] | None]:
    """The hunks of each pair, without context; None where either side has no lines. Raises GitError."""
    wanted = set(pairs)
    found = {pair: _hunks.take(pair) for pair in wanted if pair in _hunks}
    rest = await pair_patches(store, wanted - found.keys(), context=0, largest=MOST_BYTES)
    for pair, patch in rest.items():
        found[pair] = None if patch.binary else patch.hunks
        _hunks.keep(pair, found[pair], 1 + len(patch.raw))
    return found


async def pair_patches(
    store: Path, pairs: Iterable[Pair], *, context: int, largest: int
) -> dict[Pair, FilePatch]:
    """The patch of each pair under names that mean nothing; one over `largest` looks binary. Raises GitError."""
    found: dict[Pair, FilePatch] = {}
    large = f"core.bigFileThreshold={largest}"
    for portion in _portions(sorted(set(pairs))):
        sides = ([old for old, _new in portion], [new for _old, new in portion])
        async with _trees(store, sides) as (env, trees):
            out = await git_in_store(
                *("-c", large, "diff-tree", "-p", f"-U{context}", "--no-renames", *_PLAIN, *trees),
                store=store,
                env=env,
                deadline=LONG_DEADLINE,
            )
        for patch in await to_thread.run_sync(parse_patch, out):
            found[portion[int(patch.path)]] = patch
    return found


async def line_counts(store: Path, blobs: Iterable[str]) -> dict[str, int]:
    """How many lines each content has; 0 where it has none that can be told apart. Raises GitError."""
    wanted = set(blobs)
    found = {blob: _counts.take(blob) for blob in wanted if blob in _counts}
    for portion in _portions(sorted(wanted - found.keys())):
        async with _trees(store, ([], portion)) as (env, trees):
            out = await git_in_store(
                *(
                    "-c",
                    f"core.bigFileThreshold={MOST_BYTES}",
                    "diff-tree",
                    "-z",
                    "--numstat",
                    "--no-renames",
                    *trees,
                ),
                store=store,
                env=env,
                deadline=LONG_DEADLINE,
            )
        for line in out.split(b"\0"):
            if line:
                added, _deleted, name = line.split(b"\t")
                found[portion[int(name)]] = 0 if added == b"-" else int(added)
        for blob in portion:
            _counts.keep(blob, found.setdefault(blob, 0))
    return found


def _portions(items: list[_Item]) -> Iterable[list[_Item]]:
    return (items[at : at + _AT_ONCE] for at in range(0, len(items), _AT_ONCE))


@asynccontextmanager
async def _trees(
    store: Path, sides: Iterable[Collection[str]]
) -> AsyncIterator[tuple[dict[str, str], list[str]]]:
    """A tree for each side with its blobs under their numbers, and what makes git see it."""
    folder = await to_thread.run_sync(lambda: tempfile.TemporaryDirectory(prefix="roundhouse-"))
    try:
        await to_thread.run_sync(_borrow, Path(folder.name), store / "objects")
        env = {"GIT_OBJECT_DIRECTORY": folder.name}
        text = "".join(
            "".join(f"100644 blob {blob}\t{n}\n" for n, blob in enumerate(side)) + "\n"
            for side in sides
        )
        made = await git_in_store(
            "mktree", "--missing", "--batch", store=store, env=env, stdin=text.encode()
        )
        yield env, made.decode().split()
    finally:
        await to_thread.run_sync(folder.cleanup)


def _borrow(folder: Path, objects: Path) -> None:
    (folder / "info").mkdir()
    (folder / "info" / "alternates").write_bytes(bytes(objects) + b"\n")
