"""What differs between two snapshots: files, counts and bounded patches.

Owns the calls of `git diff-tree` and what they are bounded to; the reading of patch text is `diff`'s.
"""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from anyio import to_thread
from msgspec import Struct
from msgspec.structs import replace

from roundhouse.model.change import Operation
from roundhouse.workspace.diff import FilePatch, parse_patch, shown, whole_files
from roundhouse.workspace.git import LONG_DEADLINE, git_bounded, git_in_store
from roundhouse.workspace.pairs import pair_patches

LARGE_BYTES = 1 << 20
"""A file or a patch over this is told of, not shown."""
LARGE_LINES = 20_000
_ALL_PATCHES = 64 << 20
"""What one turn's patches may take of our memory."""
_COUNTED_BYTES = 32 << 20
"""Above this lines are not even counted."""
_ARGUMENTS = 60_000
"""Bytes of paths that one call gets."""
GITLINK = "160000"
_RENAMES = ("-M", "-l1000")
_OPERATIONS: dict[str, Operation] = {"A": "create", "D": "delete", "R": "rename"}
_PATCH = ("--no-color", "--no-ext-diff", "--no-textconv", "--src-prefix=a/", "--dst-prefix=b/")


class Entry(Struct, frozen=True, kw_only=True):
    """One file that differs. `additions` and `deletions` are None where git sees no lines."""

    path: bytes
    old_path: bytes | None
    status: str
    old_mode: str
    new_mode: str
    old_blob: str
    new_blob: str
    additions: int | None = None
    deletions: int | None = None

    @property
    def operation(self) -> Operation:
        """The difference in the product's words."""
        return _OPERATIONS.get(self.status[0], "edit")

    @property
    def old_name(self) -> bytes:
        """The path on the old side."""
        return self.old_path or self.path

    @property
    def gitlink(self) -> bool:
        """Whether either side is another repository's commit."""
        return GITLINK in {self.old_mode, self.new_mode}

    @property
    def long(self) -> bool:
        """Whether there are more differing lines than anyone wants at once."""
        return (self.additions or 0) + (self.deletions or 0) > LARGE_LINES


class FileDelta(Struct, frozen=True, kw_only=True):
    """One file that a turn changed. `patch` is text for people; a large one is replaced by a note."""

    file_path: str
    operation: Operation
    patch: str
    additions: int
    deletions: int
    old_path: str | None = None
    binary: bool = False
    too_large: bool = False


async def entries(store: Path, old: str, new: str) -> list[Entry]:
    """The files that differ, renames found, sorted by path. Raises GitError."""
    out = await git_in_store(
        *("-c", f"core.bigFileThreshold={_COUNTED_BYTES}", "diff-tree", "-r", "-z"),
        *(*_RENAMES, "--raw", "--numstat", "--no-abbrev", "--end-of-options", old, new),
        store=store,
        deadline=LONG_DEADLINE,
    )
    found: dict[bytes, Entry] = {}
    counts: dict[bytes, tuple[int | None, int | None]] = {}
    tokens = iter(out.split(b"\0"))
    for token in tokens:
        if token.startswith(b":"):
            entry = raw_entry(token, tokens)
            found[entry.path] = entry
        elif token:
            added, deleted, path = token.split(b"\t", 2)
            if not path:  # a rename: the two names follow
                next(tokens)
                path = next(tokens)
            counts[path] = (None, None) if added == b"-" else (int(added), int(deleted))
    return [_counted(found[path], *counts.get(path, (None, None))) for path in sorted(found)]


def raw_entry(token: bytes, tokens: Iterator[bytes]) -> Entry:
    """An entry of `--raw -z` output from its first token; takes the paths from those that follow."""
    old_mode, new_mode, old_blob, new_blob, status = token[1:].decode().split(" ")
    path = next(tokens)
    old_path = None
    if status.startswith("R"):
        old_path, path = path, next(tokens)
    return Entry(
        path=path,
        old_path=old_path,
        status=status,
        old_mode=old_mode,
        new_mode=new_mode,
        old_blob=old_blob,
        new_blob=new_blob,
    )


def _counted(entry: Entry, additions: int | None, deletions: int | None) -> Entry:
    return Entry(
        path=entry.path,
        old_path=entry.old_path,
        status=entry.status,
        old_mode=entry.old_mode,
        new_mode=entry.new_mode,
        old_blob=entry.old_blob,
        new_blob=entry.new_blob,
        additions=additions,
        deletions=deletions,
    )


async def all_patches(store: Path, old: str, new: str) -> dict[bytes, FilePatch]:
    """The patches by new path, as many as fit the bound; files over 1 MB look binary. Raises GitError."""
    out, cut = await git_bounded(
        *_patch_command(),
        *(*_RENAMES, "--end-of-options", old, new),
        store=store,
        limit=_ALL_PATCHES,
        deadline=LONG_DEADLINE,
    )
    patches = await to_thread.run_sync(parse_patch, whole_files(out) if cut else out)
    return _by_path(patches)


async def some_patches(
    store: Path, old: str, new: str, wanted: Iterable[Entry], *, largest: int = LARGE_BYTES
) -> dict[bytes, FilePatch]:
    """The patches of these entries only, by new path; files over `largest` look binary. Raises GitError."""
    chosen = list(wanted)
    plain = [entry.path for entry in chosen if entry.old_path is None]
    # By content: a diff limited to some paths could pair renames otherwise than the list did.
    moved = [entry for entry in chosen if entry.old_path and entry.old_blob != entry.new_blob]
    pairs = [(entry.old_blob, entry.new_blob) for entry in moved]
    found = await pair_patches(store, pairs, context=3, largest=largest)
    result = {
        entry.path: replace(found[pair], old_path=entry.old_name, path=entry.path)
        for entry, pair in zip(moved, pairs, strict=True)
        if pair in found
    }
    for paths in chunked(plain):
        out, cut = await git_bounded(
            *_patch_command(largest),
            *("--no-renames", "--end-of-options", old, new, "--"),
            *paths,
            store=store,
            limit=_ALL_PATCHES,
            deadline=LONG_DEADLINE,
        )
        patches = await to_thread.run_sync(parse_patch, whole_files(out) if cut else out)
        result |= _by_path(patches)
    return result


def chunked(paths: Iterable[bytes]) -> Iterator[list[str]]:
    """The paths in portions that fit a command line."""
    portion: list[str] = []
    size = 0
    for path in paths:
        if portion and size + len(path) > _ARGUMENTS:
            yield portion
            portion, size = [], 0
        portion.append(os.fsdecode(path))
        size += len(path) + 1
    if portion:
        yield portion


async def file_deltas(store: Path, old: str, new: str) -> list[FileDelta]:
    """What one turn changed, with bounded patches. Raises GitError."""
    found = await entries(store, old, new)
    if not found:
        return []
    patches = await all_patches(store, old, new)
    return [_delta(entry, patches.get(entry.path)) for entry in found]


def _delta(entry: Entry, patch: FilePatch | None) -> FileDelta:
    counted = entry.additions is not None
    large = patch is None or len(patch.raw) > LARGE_BYTES or (patch.binary and counted)
    if patch is None or large:
        text = "(patch left out: over 1 MB)\n"
    else:
        # NUL can be inside a line of a file that looks like text in its first 8,000 bytes.
        text = patch.raw.decode(errors="replace").replace("\0", "\N{REPLACEMENT CHARACTER}")
    return FileDelta(
        file_path=shown(entry.path),
        old_path=None if entry.old_path is None else shown(entry.old_path),
        operation=entry.operation,
        patch=text,
        additions=entry.additions or 0,
        deletions=entry.deletions or 0,
        binary=not counted,
        too_large=large and counted,
    )


def _patch_command(largest: int = LARGE_BYTES) -> tuple[str, ...]:
    return ("-c", f"core.bigFileThreshold={largest}", "diff-tree", "-r", "-p", *_PATCH)


def _by_path(patches: list[FilePatch]) -> dict[bytes, FilePatch]:
    """A file that became a link (or the reverse) has two parts, which belong together."""
    result: dict[bytes, FilePatch] = {}
    for patch in patches:
        first = result.get(patch.path)
        if first is not None:
            patch = FilePatch(  # noqa: PLW2901
                old_path=first.old_path,
                path=patch.path,
                binary=first.binary or patch.binary,
                hunks=first.hunks + patch.hunks,
                raw=first.raw + patch.raw,
            )
        result[patch.path] = patch
    return result
