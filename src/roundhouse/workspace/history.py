"""The snapshots behind a session's state: what each changed, and which of them last changed a file.

Owns reading them, once, and finding one's way in them. Snapshots never change, so what was read is kept in memory. Who
made a line is `attribution`'s.
"""

import re
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Collection, Iterator
from pathlib import Path

from anyio import to_thread
from msgspec import Struct, field

from roundhouse.workspace.delta import Entry, raw_entry
from roundhouse.workspace.git import LONG_DEADLINE, git_in_store
from roundhouse.workspace.snapshot import Author, parse_author

_RENAMES = ("-M", "-l1000")
_FORMAT = "--format=%x01%H %T %P%n%B%x02"
_TREES = re.compile(rb"([0-9a-f]{40,64}) ([0-9a-f]{40,64})\n")
_KEPT = 16
_ENTRIES_KEPT = 500_000


class Side(Struct, frozen=True):
    """What a snapshot changed against one of its parents."""

    entries: dict[bytes, Entry]
    """By new path."""
    left: dict[bytes, Entry]
    """By old path, the files that went to another name and left none of theirs behind."""

    @classmethod
    def of(cls, entries: list[Entry]) -> "Side":
        """The side that these entries make."""
        here = {entry.path: entry for entry in entries}
        moved = {entry.old_path: entry for entry in entries if entry.old_path is not None}
        return cls(here, {path: entry for path, entry in moved.items() if path not in here})


class Step(Struct):
    """One snapshot. `beside` is its difference to a second parent, `across` that between its parents."""

    commit: str
    tree: str
    parents: list[str]
    author: Author
    index: int
    """Parents come before children."""
    first: Side = field(default_factory=lambda: Side({}, {}))
    beside: Side | None = None
    across: Side | None = None


class _Chain(Struct):
    """Snapshots of which each is the first parent of the next; it goes on below at `start`."""

    start: tuple[int, int] | None
    commits: list[str] = []
    touched: dict[bytes, list[int]] = {}


class History:
    """All snapshots behind some, of one session."""

    def __init__(self, store: Path) -> None:
        self.store = store
        self.steps: dict[str, Step] = {}
        self._chains: list[_Chain] = []
        self._places: dict[str, tuple[int, int]] = {}
        self.size = 0

    @classmethod
    async def read(cls, store: Path, *snapshots: str) -> "History":
        """The history of these snapshots. One caller at a time for each store. Raises GitError."""
        history = _histories.pop(store, None) or cls(store)
        await history.extend(snapshots)
        if history.size <= _ENTRIES_KEPT:
            _histories[store] = history
        while len(_histories) > _KEPT:
            _histories.popitem(last=False)
        return history

    def last_touch(self, commit: str, path: bytes) -> Step | None:
        """The snapshot, at or before that one by first parents, that last changed the file; None before all."""
        place: tuple[int, int] | None = self._places[commit]
        while place is not None:
            chain = self._chains[place[0]]
            touched = chain.touched.get(path, ())
            at = bisect_right(touched, place[1])
            if at:
                return self.steps[chain.commits[touched[at - 1]]]
            place = chain.start
        return None

    async def extend(self, snapshots: Collection[str]) -> None:
        """Read what is new to it of these snapshots' history. Raises GitError."""
        wanted = [commit for commit in dict.fromkeys(snapshots) if commit not in self.steps]
        if not wanted:
            return
        known = [f"^{chain.commits[-1]}" for chain in self._chains]
        out = await git_in_store(
            *("log", "-z", "--topo-order", "--reverse", "--diff-merges=first-parent", "--raw"),
            *("--no-abbrev", *_RENAMES, _FORMAT, "--stdin"),
            store=self.store,
            stdin="".join(f"{commit}\n" for commit in (*wanted, *known)).encode(),
            deadline=LONG_DEADLINE,
        )
        steps = await to_thread.run_sync(_parse_steps, out, len(self.steps))
        trees = {step.commit: step.tree for step in (*self.steps.values(), *steps)}
        await self._second_parents([step for step in steps if len(step.parents) > 1], trees)
        for step in steps:
            self._add(step)

    async def _second_parents(self, merges: list[Step], trees: dict[str, str]) -> None:
        ends = [(trees[step.parents[1]], step.tree) for step in merges]
        for step, side in zip(merges, await self._sides(ends), strict=True):
            step.beside = side
        # A file that is new to one parent only may have another name there, as the two were compared.
        renaming = [step for step in merges if _may_rename(step)]
        ends = [(trees[step.parents[0]], trees[step.parents[1]]) for step in renaming]
        for step, side in zip(renaming, await self._sides(ends), strict=True):
            step.across = side

    async def _sides(self, ends: list[tuple[str, str]]) -> list[Side]:
        if not ends:
            return []
        out = await git_in_store(
            *("diff-tree", "--stdin", "-r", "-z", "--raw", "--no-abbrev", *_RENAMES),
            store=self.store,
            stdin="".join(f"{old} {new}\n" for old, new in ends).encode(),
            deadline=LONG_DEADLINE,
        )
        return await to_thread.run_sync(lambda text: list(_parse_sides(text)), out)

    def _add(self, step: Step) -> None:
        self.steps[step.commit] = step
        self.size += len(step.first.entries)
        start = self._places[step.parents[0]] if step.parents else None
        if start is not None and len(self._chains[start[0]].commits) == start[1] + 1:
            number = start[0]
        else:
            number = len(self._chains)
            self._chains.append(_Chain(start))
        chain = self._chains[number]
        place = (number, len(chain.commits))
        chain.commits.append(step.commit)
        for path in (*step.first.entries, *step.first.left):
            chain.touched.setdefault(path, []).append(place[1])
        self._places[step.commit] = place


_histories: OrderedDict[Path, History] = OrderedDict()


def _parse_steps(out: bytes, index: int) -> list[Step]:
    steps: list[Step] = []
    found: list[list[Entry]] = []
    tokens = iter(out.split(b"\0"))
    for token in tokens:
        if token.startswith(b"\x01"):
            ids, _, message = token[1:].partition(b"\n")
            commit, tree, *parents = ids.decode().split()
            author = parse_author(message.partition(b"\x02")[0].decode(errors="replace"))
            steps.append(Step(commit, tree, parents, author, index + len(steps)))
            found.append([])
        elif token.lstrip(b"\n").startswith(b":"):
            found[-1].append(raw_entry(token.lstrip(b"\n"), tokens))
    for step, entries in zip(steps, found, strict=True):
        step.first = Side.of(entries)
    return steps


def _parse_sides(out: bytes) -> Iterator[Side]:
    found: list[Entry] | None = None
    tokens = iter(out.split(b"\0"))
    for token in tokens:
        rest = token
        while match := _TREES.match(rest):
            if found is not None:
                yield Side.of(found)
            found = []
            rest = rest[match.end() :]
        if found is not None and rest.startswith(b":"):
            found.append(raw_entry(rest, tokens))
    if found is not None:
        yield Side.of(found)


def _may_rename(step: Step) -> bool:
    if step.beside is None:
        return False
    sides = (step.first.entries, step.beside.entries)
    return any(
        entry.status == "A" and entry.path in other and other[entry.path].status != "A"
        for side, other in (sides, sides[::-1])
        for entry in side.values()
    )
