"""Two snapshots compared: which files differ, who made which line of them, and the names of their hunks.

Owns what of it is kept in memory: snapshots never change, so what was worked out once stays right. What a list shows of
it, and in which portions, is `review`'s.
"""

import hashlib
from collections import Counter, OrderedDict
from collections.abc import Iterable
from pathlib import Path
from typing import TypeAlias

from anyio import to_thread
from msgspec import Struct

from roundhouse.workspace.attribution import Lines, lines_of
from roundhouse.workspace.delta import LARGE_BYTES, Entry, entries, some_patches
from roundhouse.workspace.diff import ID_LENGTH, FilePatch, PatchHunk, hunk_ids
from roundhouse.workspace.history import History
from roundhouse.workspace.locks import KeyedLocks
from roundhouse.workspace.pairs import MOST_BYTES
from roundhouse.workspace.snapshot import Author
from roundhouse.workspace.tracing import NO_MODE, PERSON, Trace, trace

MOST_LINES = 200_000
"""A file with more differing lines than this is told of, and never shown."""
_KEPT = 8
_LINES_KEPT = 2_000_000
_FILES_AT_ONCE = 500
_ORDINARY = {(NO_MODE, "100644")}

Made: TypeAlias = Counter[tuple[str, Author]]
"""How many lines each author added and deleted."""


class HunkMark(Struct, frozen=True):
    """A hunk by its name, and whose its changed lines are."""

    id: str
    made: Made


class ChangedFile(Struct, kw_only=True):
    """One file that differs."""

    entry: Entry
    authors: set[Author]
    """All who changed it."""
    only: Author | None
    """Who made all of it, where that is one."""
    lines: Lines | None = None
    marks: list[HunkMark] | None = None
    """Of its hunks, when they were looked at; none where it has no lines that can be shown at once."""
    counted: Made | None = None

    @property
    def id(self) -> str:
        """Derived from names, modes and contents on both sides."""
        entry = self.entry
        digest = hashlib.sha256(
            b"\0".join(
                (entry.old_name, entry.path, entry.old_mode.encode(), entry.new_mode.encode())
            )
        )
        digest.update(f"{entry.old_blob}{entry.new_blob}".encode())
        return digest.hexdigest()[:ID_LENGTH]

    @property
    def mode_id(self) -> str | None:
        """Names a difference of modes, which no hunk tells of; None where there is none."""
        modes = (self.entry.old_mode, self.entry.new_mode)
        if len(set(modes)) == 1 or modes[1] == NO_MODE or modes in _ORDINARY:
            return None
        digest = hashlib.sha256(b"mode\0" + self.entry.path + "\0".join(modes).encode())
        return digest.hexdigest()[:ID_LENGTH]

    @property
    def countable(self) -> bool:
        """Whether it has lines that can be told apart, and not too many."""
        entry = self.entry
        return not (entry.additions is None or entry.long)

    def author(self, kind: str, number: int | None) -> Author:
        """Who made the line with that number on its side."""
        if self.only is None and self.lines is not None and number is not None:
            side = self.lines.added if kind == "add" else self.lines.deleted
            return side.get(number, PERSON)
        return self.only or PERSON

    def made(self) -> Made:
        """How many lines each added and deleted; empty where lines do not say it."""
        if self.counted is None:
            self.counted = self._made()
        return self.counted

    def _made(self) -> Made:
        if self.only is not None:
            added, deleted = self.entry.additions or 0, self.entry.deletions or 0
            return Counter({("add", self.only): added, ("delete", self.only): deleted})
        if self.lines is None:
            return Counter()
        return Counter(("add", author) for author in self.lines.added.values()) + Counter(
            ("delete", author) for author in self.lines.deleted.values()
        )

    def made_in(self, hunk: PatchHunk) -> Made:
        """The same of one hunk."""
        return Counter(
            (line.kind, self.author(line.kind, line.new if line.kind == "add" else line.old))
            for line in hunk.lines
            if line.kind != "context"
        )

    def readable(self, patch: FilePatch | None, *, largest: int = LARGE_BYTES) -> bool:
        """Whether the patch can be shown, as far as its size goes."""
        same = self.entry.old_blob == self.entry.new_blob
        if patch is None:
            return same
        return not patch.binary and len(patch.raw) <= largest


class Comparison(Struct):
    """What differs between two snapshots of one session, sorted by path."""

    store: Path
    old: str
    head: str
    files: list[ChangedFile]
    history: History

    async def patches(
        self, files: Iterable[ChangedFile], *, largest: int = LARGE_BYTES
    ) -> dict[bytes, FilePatch]:
        """The patches of these files, by new path. Raises GitError."""
        chosen = [file.entry for file in files]
        return await some_patches(self.store, self.old, self.head, chosen, largest=largest)

    async def mark(self, files: Iterable[ChangedFile]) -> None:
        """Name the hunks of these files. Raises GitError."""
        rest = [file for file in files if file.marks is None]
        for at in range(0, len(rest), _FILES_AT_ONCE):
            portion = rest[at : at + _FILES_AT_ONCE]
            patches = await self.patches(file for file in portion if not file.entry.long)
            await to_thread.run_sync(_mark, portion, patches)

    async def whole(self, file: ChangedFile) -> FilePatch | None:
        """The patch of a file too large for a list, with its authors known; None past all bounds. Raises GitError."""
        entry = file.entry
        lines = (entry.additions or 0) + (entry.deletions or 0)
        if entry.additions is None or lines > MOST_LINES:
            return None
        patch = (await self.patches([file], largest=MOST_BYTES)).get(entry.path)
        if patch is None or not file.readable(patch, largest=MOST_BYTES):
            return None
        if file.only is None and file.lines is None:
            await self.follow([file])
        return patch

    async def follow(self, files: list[ChangedFile]) -> None:
        """Find out who made each line of these files. Raises GitError."""

        def traces() -> list[tuple[Entry, Trace]]:
            return [
                (file.entry, trace(self.history, self.old, self.head, file.entry)) for file in files
            ]

        found = await lines_of(self.history, self.old, self.head, await to_thread.run_sync(traces))
        for file in files:
            file.lines = lines = found.get(file.entry.path)
            file.counted = None
            if file.entry.gitlink and lines is not None:
                # A link to another repository has one line; its last mover made it.
                file.only = next(iter((*lines.added.values(), *lines.deleted.values())), None)


async def compare(store: Path, old: str, head: str) -> Comparison:
    """Two snapshots compared, with the author of every line where several worked on one file. Raises GitError."""
    key = (store, old, head)
    async with _locks.hold(str(store)):
        found = _comparisons.pop(key, None) or await _compare(store, old, head)
        lines = sum(
            len(file.lines.added) + len(file.lines.deleted) + 1
            for file in found.files
            if file.lines is not None
        )
        if lines <= _LINES_KEPT:
            _comparisons[key] = found
        while len(_comparisons) > _KEPT:
            _comparisons.popitem(last=False)
    return found


_locks = KeyedLocks()
_comparisons: OrderedDict[tuple[Path, str, str], Comparison] = OrderedDict()


async def _compare(store: Path, old: str, head: str) -> Comparison:
    changed = await entries(store, old, head)
    history = await History.read(store, old, head)

    def traced() -> list[ChangedFile]:
        files = []
        for entry in changed:
            found = trace(history, old, head, entry)
            files.append(ChangedFile(entry=entry, authors=found.authors, only=found.only))
        return files

    files = await to_thread.run_sync(traced)
    comparison = Comparison(store, old, head, files, history)
    await comparison.follow([file for file in files if file.only is None and file.countable])
    return comparison


def _mark(files: list[ChangedFile], patches: dict[bytes, FilePatch]) -> None:
    for file in files:
        patch = patches.get(file.entry.path)
        file.marks = []
        if patch is not None and file.readable(patch) and not file.entry.long:
            ids = hunk_ids(file.entry.path, patch.hunks)
            file.marks = [
                HunkMark(name, file.made_in(hunk))
                for name, hunk in zip(ids, patch.hunks, strict=True)
            ]
