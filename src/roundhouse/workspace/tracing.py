"""Which snapshots a file's difference comes from, and whether one author made all of it.

Owns the walk back to where the file last was as it is on the old side. Who made which line is `attribution`'s.
"""

from collections.abc import Iterable
from typing import TypeAlias

from msgspec import Struct

from roundhouse.workspace.delta import Entry
from roundhouse.workspace.history import History, Side, Step
from roundhouse.workspace.snapshot import Author

Place: TypeAlias = tuple[str, bytes]
"""The snapshot that last changed a file of that name ("" = none did), and the name."""
NO_MODE = "000000"
PERSON = Author(None, None)


class Trace(Struct, frozen=True):
    """Who took part in a file's difference."""

    authors: set[Author]
    """All who may have made a line of it, and perhaps more of them where `mixed`."""
    mixed: bool
    """Whether lines must be looked at: what a verdict or a rewind took back is not its author's."""
    start: Place | None
    """Where the file was as on the old side; None where it never was, or where several ways lead back."""

    @property
    def only(self) -> Author | None:
        """The author of every line, where no line needs to be looked at."""
        return next(iter(self.authors)) if len(self.authors) == 1 and not self.mixed else None


def place(history: History, commit: str, path: bytes) -> Place:
    """Where the file's state in a snapshot comes from."""
    step = history.last_touch(commit, path)
    return ("" if step is None else step.commit, path)


def trace(history: History, old: str, head: str, entry: Entry) -> Trace:
    """Walk back from the new side of the difference `entry` between two snapshots."""
    goal = (entry.old_name, entry.old_mode, entry.old_blob)
    origin = place(history, old, entry.old_name)
    authors: set[Author] = set()
    mixed = renamed = False
    start: Place | None = None
    seen: set[Place] = set()
    rest = [place(history, head, entry.path)]
    while rest:
        at = rest.pop()
        if at in seen:
            continue
        seen.add(at)
        if at == origin:
            start = at
        if not at[0] or at == origin:
            continue
        step = history.steps[at[0]]
        if _version(step, at[1]) == goal:
            start = at
        elif step.beside is None:
            authors.add(step.author)
            before = _before(step.first, at[1])
            renamed = renamed or before != at[1]
            rest.append(place(history, step.parents[0], before))
        else:
            mixed = True
            rest += [place(history, *parent) for parent in _parents(step, at[1])]
    # Another file's way was followed: who removed what was here is not on it.
    astray = renamed and start is None
    return Trace(authors or {PERSON}, mixed or astray, None if mixed else start)


def _parents(step: Step, path: bytes) -> Iterable[tuple[str, bytes]]:
    """Where a file of a snapshot with two parents can come from."""
    if step.beside is None or not (path in step.beside.entries or path in step.beside.left):
        return [(step.parents[1], path)]
    return [
        (step.parents[0], _before(step.first, path)),
        (step.parents[1], _before(step.beside, path)),
    ]


def _before(side: Side, path: bytes) -> bytes:
    entry = side.entries.get(path)
    return path if entry is None else entry.old_name


def _version(step: Step, path: bytes) -> tuple[bytes, str, str]:
    entry = step.first.entries.get(path)
    if entry is None:
        return (path, NO_MODE, "0" * len(step.commit))
    return (path, entry.new_mode, entry.new_blob)
