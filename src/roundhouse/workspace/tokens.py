"""The lines of one file as tokens: each made once, kept while its line stands, and remembered when it is gone. Pure.

Owns what an edit and what a snapshot with two parents do to them. Which snapshots, and their hunks, is `attribution`'s.
"""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import chain
from typing import TypeVar

from msgspec import Struct

from roundhouse.workspace.diff import PatchHunk
from roundhouse.workspace.snapshot import Author

_Slot = TypeVar("_Slot")


class Makers:
    """Hands out tokens, and knows who made each."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._authors: list[Author] = []
        self._next = 0

    def make(self, author: Author, count: int) -> list[int]:
        """New tokens of that author."""
        self._starts.append(self._next)
        self._authors.append(author)
        self._next += count
        return list(range(self._next - count, self._next))

    def author(self, token: int) -> Author:
        """Who made the line."""
        return self._authors[bisect_right(self._starts, token) - 1]


class Gone(Struct, frozen=True):
    """Who removed lines: what a step removed, over what those before it did."""

    removed: dict[int, Author]
    under: tuple["Gone", ...] = ()

    def all(self) -> dict[int, Author]:
        """By token; what was found first counts."""
        found: dict[int, Author] = {}
        seen: set[int] = set()
        rest = [self]
        while rest:
            part = rest.pop()
            if id(part) not in seen:
                seen.add(id(part))
                found = part.removed | found
                rest.extend(reversed(part.under))
        return found


class State(Struct, frozen=True):
    """A file in one snapshot: its lines, who removed others, and who last moved it here."""

    lines: list[int]
    gone: Gone = Gone({})
    moved: Author | None = None


class Origin(Struct, frozen=True):
    """A parent's state of a file, and how the lines got from there; `hunks` is None where nothing was kept."""

    state: State
    hunks: list[PatchHunk] | None

    def slots(self) -> list[int | None] | None:
        """For each line now the parent's token, None where the line is not its."""
        if self.hunks is None:
            return None
        added = sum(hunk.new_count for hunk in self.hunks)
        return carried(self.state.lines, self.hunks, [None] * added)[0]


def carried(
    lines: Sequence[int], hunks: Sequence[PatchHunk], new: Sequence[_Slot]
) -> tuple[list[int | _Slot], list[int]]:
    """The lines after the hunks (without context), whose additions are `new`; and the lines that went."""
    result: list[int | _Slot] = []
    removed: list[int] = []
    at = used = 0
    for hunk in hunks:
        # Of an empty side git names the line before it.
        start = hunk.old_start - 1 if hunk.old_count else hunk.old_start
        result += lines[at:start]
        at = start + hunk.old_count
        removed += lines[start:at]
        result += new[used : used + hunk.new_count]
        used += hunk.new_count
    result += lines[at:]
    return result, removed


def edited(origin: Origin, author: Author, makers: Makers, count: int) -> State:
    """The state after an edit. `count` is the number of lines then, used where nothing was kept."""
    before = origin.state
    if origin.hunks is None:
        lines, removed = makers.make(author, count), before.lines
    elif not origin.hunks:
        lines, removed = before.lines, []
    else:
        new = makers.make(author, sum(hunk.new_count for hunk in origin.hunks))
        lines, removed = carried(before.lines, origin.hunks, new)
    return State(lines, _over(dict.fromkeys(removed, author), before.gone), before.moved)


def taken(first: State, second: State, author: Author) -> State:
    """The second parent's state as a whole. `author` removed what that parent knows nothing of."""
    removed = _removed(first, second, set(second.lines), author)
    return State(second.lines, Gone(removed, (second.gone, first.gone)), second.moved)


def mixed(first: Origin, second: Origin, author: Author, makers: Makers, count: int) -> State:
    """Some of the first parent's lines and some of the second's. What is neither's is the author's."""
    slots = first.slots()
    others = second.slots()
    size = len(slots) if slots is not None else len(others) if others is not None else count
    lines: list[int] = []
    texts: dict[bytes, int] | None = None
    for number, pair in enumerate(
        zip(slots or [None] * size, others or [None] * size, strict=False), 1
    ):
        token = pair[0] if pair[0] is not None else pair[1]
        if token is None:
            # Lines repeat, and git aligned them otherwise with either parent.
            texts = _gone_texts(first, second) if texts is None else texts
            token = texts.get(_text(first, second, number))
        lines.append(makers.make(author, 1)[0] if token is None else token)
    alive = set(lines)
    removed = _removed(second.state, first.state, alive, author)
    removed |= _removed(first.state, second.state, alive, author)
    gone = Gone(removed, (first.state.gone, second.state.gone))
    return State(lines, gone, first.state.moved or second.state.moved)


def _removed(state: State, other: State, alive: set[int], author: Author) -> dict[int, Author]:
    """Who removed the state's lines that are not there now: who removed them on the other side."""
    missing = [token for token in state.lines if token not in alive]
    there = other.gone.all() if missing else {}
    return {token: there.get(token, author) for token in missing}


def _over(removed: dict[int, Author], gone: Gone) -> Gone:
    return Gone(removed, (gone,)) if removed else gone


def _gone_texts(*origins: Origin) -> dict[bytes, int]:
    return {
        line.text: origin.state.lines[line.old - 1]
        for origin in origins
        for hunk in origin.hunks or ()
        for line in hunk.lines
        if line.kind == "delete" and line.old is not None and line.old <= len(origin.state.lines)
    }


def _text(first: Origin, second: Origin, number: int) -> bytes:
    for hunk in chain(first.hunks or (), second.hunks or ()):
        if hunk.new_start <= number < hunk.new_start + hunk.new_count:
            return next((line.text for line in hunk.lines if line.new == number), b"")
    return b""
