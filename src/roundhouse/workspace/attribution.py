"""Who made each differing line: every line is followed through the snapshots between its two sides.

A turn or the person's edit makes lines and removes lines. A verdict or a rewind makes none: what it takes from its
second parent is its writer's, and what is gone again was removed by who removed it there. Where a file repeats lines and
the whole difference is aligned otherwise than its steps, the last step that fits the line has it.
"""

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from anyio import to_thread
from msgspec import Struct

from roundhouse.workspace.delta import GITLINK, Entry
from roundhouse.workspace.diff import PatchHunk
from roundhouse.workspace.history import History, Side, Step
from roundhouse.workspace.pairs import Pair, line_counts, pair_hunks
from roundhouse.workspace.snapshot import Author
from roundhouse.workspace.tokens import Gone, Makers, Origin, State, edited, mixed, taken
from roundhouse.workspace.tracing import NO_MODE, PERSON, Place, Trace, place

Hunks: TypeAlias = Mapping[Pair, list[PatchHunk] | None]
_Content: TypeAlias = tuple[str, str]
"""Mode and blob."""


class Lines(Struct, frozen=True):
    """A file's authors: by new line number what was added, by old line number what was deleted."""

    added: dict[int, Author]
    deleted: dict[int, Author]


async def lines_of(
    store_history: History, old: str, head: str, files: Iterable[tuple[Entry, Trace]]
) -> dict[bytes, Lines]:
    """The authors of every differing line between two snapshots, by new path. Raises GitError."""
    store = store_history.store
    wanted = list(files)

    def collect() -> list[_Walk]:
        return [_Walk(store_history, old, head, *file) for file in wanted]

    walks = await to_thread.run_sync(collect)
    hunks = await pair_hunks(store, {pair for walk in walks for pair in walk.pairs()})
    blobs = {
        blob
        for walk in walks
        for mode, blob in walk.contents(hunks)
        if mode not in {NO_MODE, GITLINK}
    }
    counts = await line_counts(store, blobs)

    def settle() -> dict[bytes, Lines]:
        return {walk.entry.path: walk.settle(hunks, counts) for walk in walks}

    return await to_thread.run_sync(settle)


class _Link(Struct, frozen=True):
    """Where a file comes from in one parent; `pair` is None where its content there has no lines in common."""

    place: Place
    pair: Pair | None = None

    def origin(self, states: Mapping[Place, State], hunks: Hunks) -> Origin:
        kept: list[PatchHunk] | None = None
        if self.pair is not None:
            kept = [] if self.pair[0] == self.pair[1] else hunks.get(self.pair)
        return Origin(states[self.place], kept)


class _Node(Struct):
    """A file in the snapshot that last changed it."""

    step: Step
    content: _Content
    first: _Link
    under: Place | None = None
    """Of a file that came from another name, what was at this one before."""
    second: _Link | None = None
    whole: bool = False
    """It is as in the second parent."""


class _Walk:
    """One file's way from the old side to the new."""

    def __init__(self, history: History, old: str, head: str, entry: Entry, trace: Trace) -> None:
        self.entry = entry
        self._history = history
        self._nodes: dict[Place, _Node] = {}
        self._roots: dict[Place, _Content] = {}
        self._start = trace.start
        self._new = place(history, head, entry.path)
        if trace.start is not None:
            self._old = trace.start
            self._left = self._new
        else:
            self._old = place(history, old, entry.old_name)
            self._left = place(history, head, entry.old_name)
        if self._start is not None or not self._old[0]:
            self._roots[self._old] = (entry.old_mode, entry.old_blob)
        self._names: dict[bytes, Place] = {}
        rest = [self._new, self._old, self._left]
        while rest:
            at = rest.pop()
            if trace.start is None and at[1] not in self._names:
                self._names[at[1]] = place(history, old, at[1])
                rest.append(self._names[at[1]])
            if at[0] and at != self._start and at not in self._nodes:
                node = self._node(at)
                self._nodes[at] = node
                rest += [link.place for link in (node.first, node.second) if link is not None]
                rest += [node.under] if node.under is not None else []
        self._order = sorted(self._nodes, key=lambda at: self._nodes[at].step.index)

    def pairs(self) -> set[Pair]:
        """The contents to compare."""
        found = {_pair(self.entry)}
        for node in self._nodes.values():
            found |= {link.pair for link in (node.first, node.second) if link is not None}
        return {pair for pair in found if pair is not None and pair[0] != pair[1]}

    def contents(self, hunks: Hunks) -> set[_Content]:
        """Those whose lines are to be counted."""
        found = set(self._roots.values()) | {
            node.content
            for node in self._nodes.values()
            if node.first.pair is None or hunks.get(node.first.pair, []) is None
        }
        if _readable(self.entry, hunks) is None:
            found |= {_old_content(self.entry), _new_content(self.entry)}
        return found

    def settle(self, hunks: Hunks, counts: Mapping[str, int]) -> Lines:
        """The authors of the difference's lines."""
        makers = Makers()
        states: dict[Place, State] = {}
        for at in [*(at for at in self._places() if at not in self._nodes), *self._order]:
            node = self._nodes.get(at)
            if node is None:
                content = self._roots.get(at, (NO_MODE, ""))
                states[at] = State(makers.make(PERSON, _count(content, counts)))
            else:
                states[at] = _state(node, states, makers, hunks, _count(node.content, counts))
        return _Difference(self, states, makers, hunks).lines(counts)

    def _places(self) -> set[Place]:
        found = {self._new, self._old, self._left, *self._names.values()}
        for node in self._nodes.values():
            found |= {link.place for link in (node.first, node.second) if link is not None}
            found |= {node.under} if node.under is not None else set()
        return found

    def _node(self, at: Place) -> _Node:
        step = self._history.steps[at[0]]
        path = at[1]
        entry = step.first.entries.get(path)
        content = (NO_MODE, "") if entry is None else _new_content(entry)
        node = _Node(step, content, self._link(step.parents[0], step.first, path))
        if entry is not None and entry.old_path is not None and self._start is None:
            node.under = place(self._history, step.parents[0], path)
        if step.beside is not None:
            node.whole = path not in step.beside.entries and path not in step.beside.left
            if node.whole:
                node.second = _Link(self._at(step.parents[1], path, content))
            else:
                node.second = self._link(step.parents[1], step.beside, path)
                self._across(node, step, path)
        return node

    def _across(self, node: _Node, step: Step, path: bytes) -> None:
        """Find under its other name a file that is new to one of the parents only."""
        if step.across is None or step.beside is None or node.second is None:
            return
        first, second = step.first.entries.get(path), step.beside.entries.get(path)
        if first is None or second is None:
            return
        for entry in step.across.entries.values():
            if entry.old_path is None:
                continue
            if second.status == "A" and entry.old_path == first.old_name:
                at = self._at(step.parents[1], entry.path, _new_content(entry))
                node.second = _Link(at, _like(_new_content(entry), node.content))
            elif first.status == "A" and entry.path == second.old_name:
                at = self._at(step.parents[0], entry.old_path, _old_content(entry))
                node.first = _Link(at, _like(_old_content(entry), node.content))

    def _link(self, parent: str, side: Side, path: bytes) -> _Link:
        entry = side.entries.get(path)
        if entry is None:
            content = _old_content(side.left[path]) if path in side.left else (NO_MODE, "")
            return _Link(self._at(parent, path, content))
        return _Link(self._at(parent, entry.old_name, _old_content(entry)), _pair(entry))

    def _at(self, commit: str, path: bytes, content: _Content) -> Place:
        at = place(self._history, commit, path)
        if not at[0]:
            self._roots.setdefault(at, content)
        return at

    def touched(self) -> list[tuple[Author, _Link]]:
        """The edits that took part, oldest first."""
        nodes = [self._nodes[at] for at in self._order]
        return [(node.step.author, node.first) for node in nodes if node.second is None]

    def ends(self, states: Mapping[Place, State]) -> tuple[State, State, State]:
        """The old side, the new side, and what is left at the old side's name."""
        return states[self._old], states[self._new], states[self._left]

    def elsewhere(self, states: Mapping[Place, State]) -> set[int]:
        """The lines that stood on the old side under other names of the file."""
        names = self._names.items()
        return {
            token for name, at in names if name != self.entry.old_name for token in states[at].lines
        }


class _Difference:
    """The whole difference's lines, told by the states on both its sides."""

    def __init__(
        self, walk: _Walk, states: Mapping[Place, State], makers: Makers, hunks: Hunks
    ) -> None:
        self._entry = walk.entry
        self._walk = walk
        self._makers = makers
        self._hunks = hunks
        self._old, self._new, self._left = walk.ends(states)
        self._kept = set(self._old.lines)
        self._elsewhere = walk.elsewhere(states) if self._new.moved is not None else set()
        self._texts: dict[tuple[str, bytes], Author] | None = None

    def lines(self, counts: Mapping[str, int]) -> Lines:
        """By their numbers on either side."""
        found = Lines({}, {})
        gone = self._left.gone.all() | self._new.gone.all()
        hunks = _readable(self._entry, self._hunks)
        if hunks is None:
            old = range(1, _count(_old_content(self._entry), counts) + 1)
            new = range(1, _count(_new_content(self._entry), counts) + 1)
            found.deleted.update({number: self._deleted(number, gone, b"") for number in old})
            found.added.update({number: self._added(number, b"") for number in new})
            return found
        for line in (line for hunk in hunks for line in hunk.lines):
            if line.kind == "add" and line.new is not None:
                found.added[line.new] = self._added(line.new, line.text)
            elif line.kind == "delete" and line.old is not None:
                found.deleted[line.old] = self._deleted(line.old, gone, line.text)
        return found

    def _added(self, number: int, text: bytes) -> Author:
        if number > len(self._new.lines):
            return self._fitting("add", text)
        token = self._new.lines[number - 1]
        if token in self._kept:
            return self._fitting("add", text)
        if token in self._elsewhere and self._new.moved is not None:
            return self._new.moved
        return self._makers.author(token)

    def _deleted(self, number: int, gone: Mapping[int, Author], text: bytes) -> Author:
        token = self._old.lines[number - 1] if number <= len(self._old.lines) else -1
        return gone.get(token) or self._fitting("delete", text)

    def _fitting(self, kind: str, text: bytes) -> Author:
        touched = self._walk.touched()
        if self._texts is None:
            self._texts = {
                (line.kind, line.text): author
                for author, link in touched
                for hunk in (self._hunks.get(link.pair) if link.pair else None) or ()
                for line in hunk.lines
            }
        last = touched[-1][0] if touched else PERSON
        return self._texts.get((kind, text), last)


def _state(
    node: _Node, states: Mapping[Place, State], makers: Makers, hunks: Hunks, count: int
) -> State:
    author = node.step.author
    first = node.first.origin(states, hunks)
    if node.second is None:
        state = edited(first, author, makers, count)
    elif node.whole:
        state = taken(first.state, states[node.second.place], author)
    else:
        state = mixed(first, node.second.origin(states, hunks), author, makers, count)
    if node.under is not None:
        gone = Gone({}, (state.gone, states[node.under].gone))
        # A rewind moves nothing: the name is its target's.
        moved = author if node.second is None else state.moved
        state = State(state.lines, gone, moved)
    return state


def _count(content: _Content, counts: Mapping[str, int]) -> int:
    return 1 if content[0] == GITLINK else counts.get(content[1], 0)


def _old_content(entry: Entry) -> _Content:
    return (entry.old_mode, entry.old_blob)


def _new_content(entry: Entry) -> _Content:
    return (entry.new_mode, entry.new_blob)


def _pair(entry: Entry) -> Pair | None:
    return _like(_old_content(entry), _new_content(entry))


def _like(old: _Content, new: _Content) -> Pair | None:
    """The two contents, if both have lines of one kind: both a file's, or both a link's."""
    kinds = {old[0][:3], new[0][:3]}
    return (old[1], new[1]) if kinds in ({"100"}, {"120"}) else None


def _readable(entry: Entry, hunks: Hunks) -> list[PatchHunk] | None:
    """The entry's own hunks; None where all lines of both sides differ."""
    pair = _pair(entry)
    if pair is None:
        return None
    return [] if pair[0] == pair[1] else hunks.get(pair)
