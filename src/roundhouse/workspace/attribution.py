"""Who made each differing line, from the turns between two snapshots.

Owns the history of a session's snapshots and the walk through it. A file that one turn alone touched needs no look at
its lines. Along a straight line of turns each line is followed through what the turns did, all files in one call of
git; where a snapshot has two parents, or a turn's difference cannot be read, `git blame` is asked, file by file. Where
the whole difference is aligned otherwise than its steps, the last turn that fits the line has it.
"""

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeAlias

import anyio
from anyio import to_thread
from msgspec import Struct

from roundhouse.model.errors import WorkspaceError
from roundhouse.workspace.delta import LARGE_BYTES, Entry, chunked, raw_entry
from roundhouse.workspace.diff import FilePatch, PatchHunk, parse_log, parse_patch
from roundhouse.workspace.git import LONG_DEADLINE, git_in_store
from roundhouse.workspace.snapshot import Author, parse_author

_FORMAT = "--format=%x01%H %P%n%B%x02"
_BLAMED = re.compile(rb"([0-9a-f]{40,64}) \d+ (\d+)")
_PLAIN = (
    *("--no-color", "--no-ext-diff", "--no-textconv"),
    *("--src-prefix=a/", "--dst-prefix=b/", "-U0"),
)
_LARGE = ("-c", f"core.bigFileThreshold={LARGE_BYTES}")
_BLAMES_AT_ONCE = 4
_RANGES = 100
"""Above this many hunks the whole file is blamed: the command line has an end."""


Parts: TypeAlias = list[list[PatchHunk]]
"""What a step did to a file: mostly one list of hunks; two where a file became a link, or the reverse."""
Changes: TypeAlias = dict[tuple[str, bytes], Parts | None]
"""By step and new path; None where there are no lines to read."""


class Step(Struct, frozen=True):
    """One snapshot: its author and the files that it changed against its first parent."""

    commit: str
    parents: list[str]
    author: Author
    entries: list[Entry]


class Touch(Struct, frozen=True):
    """One step that changed a file, and the file's names before and after."""

    step: Step
    entry: Entry


class Lines(Struct, frozen=True):
    """A file's authors: by new line number what was added, by old line number what was deleted."""

    added: dict[int, Author]
    deleted: dict[int, Author]


class Followed(Struct, frozen=True):
    """Which step made a line, by its number now; which step removed one, by its number at first."""

    made: dict[int, str]
    removed: dict[int, str]


class History:
    """The steps from one snapshot to another, oldest first."""

    def __init__(self, store: Path, head: str, steps: list[Step], *, straight: bool) -> None:
        self._store = store
        self._head = head
        self._steps = steps
        self._straight = straight
        self._by_path = [{entry.path: entry for entry in step.entries} for step in steps]
        self._by_old = [{entry.old_name: entry for entry in step.entries} for step in steps]
        self._authors = {step.commit: step.author for step in steps}
        self._blames = anyio.CapacityLimiter(_BLAMES_AT_ONCE)

    @classmethod
    async def read(cls, store: Path, old: str, head: str) -> "History":
        """The steps of the first-parent chain after `old`, or all, where `old` is not on it. Raises GitError."""
        steps = await _steps(store, f"{old}..{head}")
        # None although they differ: `old` is an accepted part of `head`, and comes after it.
        straight = old == head or bool(steps and steps[0].parents[:1] == [old])
        if not straight:
            steps = await _steps(store, head)
        return cls(store, head, steps, straight=straight)

    def touches(self, entry: Entry) -> list[Touch]:
        """The steps that changed the file, under whatever name it had, oldest first."""
        found = {touch.step.commit: touch for touch in self._backward(entry.path)}
        found |= {touch.step.commit: touch for touch in self._forward(entry.old_name)}
        return [found[step.commit] for step in self._steps if step.commit in found]

    async def lines(self, wanted: Iterable[tuple[Entry, FilePatch]]) -> dict[bytes, Lines]:
        """The authors of every differing line of these files, by new path. Raises GitError."""
        files = list(wanted)
        changes = await self._changes([entry for entry, _patch in files])
        made: dict[bytes, dict[int, str]] = {}
        failed: list[WorkspaceError] = []

        async def blame(entry: Entry, patch: FilePatch) -> None:
            try:
                async with self._blames:
                    made[entry.path] = await blamed(self._store, self._head, entry.path, patch)
            except WorkspaceError as error:
                failed.append(error)
                tasks.cancel_scope.cancel()

        async with anyio.create_task_group() as tasks:
            for entry, patch in files:
                if not self._readable(self.touches(entry), changes) and entry.status != "D":
                    tasks.start_soon(blame, entry, patch)
        if failed:  # by itself, not in a group
            raise failed[0]
        unknown = {commit for found in made.values() for commit in found.values()}
        self._authors |= await _authors(self._store, unknown - self._authors.keys())

        def settle() -> dict[bytes, Lines]:
            return {
                entry.path: self._settle(entry, patch, changes, made.get(entry.path))
                for entry, patch in files
            }

        return await to_thread.run_sync(settle)

    async def _changes(self, files: list[Entry]) -> Changes:
        """What each step did to these files, without context, by step and new path."""
        pairs: dict[str, str] = {}
        paths: set[bytes] = set()
        found: Changes = {}
        for touch in (touch for entry in files for touch in self.touches(entry)):
            entry, step = touch.entry, touch.step
            if entry.old_path is None:
                paths.add(entry.path)
                pairs[step.commit] = step.parents[0]
            elif entry.old_blob != entry.new_blob and (step.commit, entry.path) not in found:
                out = await git_in_store(
                    *(*_LARGE, "diff", *_PLAIN, entry.old_blob, entry.new_blob), store=self._store
                )
                for patch in parse_patch(out):
                    _add_part(found, step.commit, entry.path, patch)
        stdin = "".join(f"{commit} {parent}\n" for commit, parent in pairs.items()).encode()
        for portion in chunked(sorted(paths)):
            out = await git_in_store(
                *(*_LARGE, "diff-tree", "--stdin", "-r", "-p", "--no-renames", *_PLAIN),
                *("--", *portion),
                store=self._store,
                stdin=stdin,
                deadline=LONG_DEADLINE,
            )
            for commit, patch in await to_thread.run_sync(lambda text: list(parse_log(text)), out):
                _add_part(found, commit or "", patch.path, patch)
        return found

    def _readable(self, touches: list[Touch], changes: Changes) -> bool:
        """Whether the file's lines can be followed through these steps."""
        return self._straight and all(
            len(touch.step.parents) == 1 and _parts(touch, changes) is not None for touch in touches
        )

    def _settle(
        self, entry: Entry, patch: FilePatch, changes: Changes, blame: dict[int, str] | None
    ) -> Lines:
        touches = self.touches(entry)
        inside = {touch.step.commit for touch in touches}
        # Beside a second parent also a step outside may be right: it wrote what came back.
        free = blame is not None and any(len(touch.step.parents) > 1 for touch in touches)
        last = touches[-1].step.author if touches else Author(None, None)
        by_text = _last_by_text(touches, changes)
        back = list(self._backward(entry.path))[::-1]
        made = _follow(back, changes).made if blame is None else blame
        forth = list(self._forward(entry.old_name)) if self._straight else []
        removed = _follow(forth, changes).removed
        added: dict[int, Author] = {}
        deleted: dict[int, Author] = {}
        for line in (line for hunk in patch.hunks for line in hunk.lines):
            fitting = by_text.get((line.kind, line.text), last)
            if line.kind == "add" and line.new is not None:
                commit = made.get(line.new, "")
                known = free or commit in inside
                added[line.new] = self._authors.get(commit, fitting) if known else fitting
            elif line.kind == "delete" and line.old is not None:
                deleted[line.old] = self._authors.get(removed.get(line.old, ""), fitting)
        return Lines(added, deleted)

    def _backward(self, path: bytes) -> Iterator[Touch]:
        for step, by_path in zip(reversed(self._steps), reversed(self._by_path), strict=True):
            entry = by_path.get(path)
            if entry is not None:
                yield Touch(step, entry)
                path = entry.old_name

    def _forward(self, path: bytes) -> Iterator[Touch]:
        for step, by_old in zip(self._steps, self._by_old, strict=True):
            entry = by_old.get(path)
            if entry is not None:
                yield Touch(step, entry)
                path = entry.path


def only_author(touches: list[Touch]) -> Author | None:
    """The author of all of a file's difference, where no line needs to be looked at."""
    authors = {touch.step.author for touch in touches}
    # A step with two parents took lines back that others had written.
    merged = any(len(touch.step.parents) > 1 for touch in touches)
    return authors.pop() if len(authors) == 1 and not merged else None


def follow(steps: Iterable[tuple[str, Parts]]) -> Followed:
    """Follow a file's lines through steps, each its commit and its hunks without context."""
    # The file's lines now: the number that each had at first, or the step that made it.
    alive: list[int | str] = []
    known = 0  # how many of the first lines `alive` covers; those after it follow unchanged
    removed: dict[int, str] = {}
    for commit, parts in steps:
        for hunk in (hunk for part in parts for hunk in reversed(part)):
            start = hunk.old_start - 1 if hunk.old_count else hunk.old_start
            end = start + hunk.old_count
            missing = max(0, end - len(alive))
            alive.extend(range(known + 1, known + missing + 1))
            known += missing
            removed |= {line: commit for line in alive[start:end] if isinstance(line, int)}
            alive[start:end] = [commit] * hunk.new_count
    made = {number: line for number, line in enumerate(alive, 1) if isinstance(line, str)}
    return Followed(made, removed)


def _follow(touches: list[Touch], changes: Changes) -> Followed:
    steps: list[tuple[str, Parts]] = []
    for touch in touches:
        parts = _parts(touch, changes)
        if parts is None:
            return Followed({}, {})
        steps.append((touch.step.commit, parts))
    return follow(steps)


def _parts(touch: Touch, changes: Changes) -> Parts | None:
    # Not there: a rename or a change of mode alone.
    return changes.get((touch.step.commit, touch.entry.path), [])


def _add_part(changes: Changes, commit: str, path: bytes, patch: FilePatch) -> None:
    parts = changes.setdefault((commit, path), [])
    if parts is None or patch.binary:
        changes[commit, path] = None
    else:
        parts.append(patch.hunks)


def _last_by_text(touches: list[Touch], changes: Changes) -> dict[tuple[str, bytes], Author]:
    return {
        (line.kind, line.text): touch.step.author
        for touch in touches
        for part in _parts(touch, changes) or []
        for hunk in part
        for line in hunk.lines
    }


async def _steps(store: Path, revisions: str) -> list[Step]:
    out = await git_in_store(
        *("log", "-z", "--first-parent", "-m", "--raw", "--no-abbrev", "-M", "-l1000", _FORMAT),
        *("--end-of-options", revisions),
        store=store,
        deadline=LONG_DEADLINE,
    )
    return await to_thread.run_sync(_parse_steps, out)


def _parse_steps(out: bytes) -> list[Step]:
    steps: list[Step] = []
    tokens = iter(out.split(b"\0"))
    for token in tokens:
        if token.startswith(b"\x01"):
            ids, _, message = token[1:].partition(b"\n")
            commit, *parents = ids.decode().split()
            author = parse_author(message.partition(b"\x02")[0].decode(errors="replace"))
            steps.append(Step(commit, parents, author, []))
        elif token.lstrip(b"\n").startswith(b":"):
            steps[-1].entries.append(raw_entry(token.lstrip(b"\n"), tokens))
    return steps[::-1]


async def _authors(store: Path, commits: set[str]) -> dict[str, Author]:
    if not commits:
        return {}
    out = await git_in_store(
        *("log", "-z", "--no-walk", "--stdin", _FORMAT),
        store=store,
        stdin="".join(f"{commit}\n" for commit in commits).encode(),
    )
    return {step.commit: step.author for step in _parse_steps(out)}


async def blamed(store: Path, head: str, path: bytes, patch: FilePatch) -> dict[int, str]:
    """The snapshot that each line of the patch's new side comes from, by line number. Raises GitError."""
    parts = [hunk for hunk in patch.hunks if hunk.new_count]
    if not parts:
        return {}
    ranges: list[str] = []
    if len(parts) <= _RANGES:
        ranges = [word for hunk in parts for word in ("-L", f"{hunk.new_start},+{hunk.new_count}")]
    out = await git_in_store(
        *("blame", "--porcelain", *ranges, head, "--", os.fsdecode(path)),
        store=store,
        deadline=LONG_DEADLINE,
    )
    found: dict[int, str] = {}
    for line in out.split(b"\n"):
        if not line.startswith(b"\t") and (match := _BLAMED.match(line)):
            found[int(match[2])] = match[1].decode()
    return found
