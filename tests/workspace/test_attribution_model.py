"""Who made each line, against an independent model, over edits, renames, verdicts and rewinds."""

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import msgspec
from anyio import to_thread
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from roundhouse.model.change import ChangeSet
from roundhouse.model.review import Choice
from roundhouse.workspace.verdict import accept, reject
from tests.workspace.conftest import Bench, run

FILES = ("a.txt", "b file.txt", 'ünï "q".txt', "sub/d.txt")
AUTHORS = ("opencode", "claude", None)
Said = tuple[str, str, str, str | None]
"""File, kind, line, author."""


@dataclass
class State:
    """One snapshot: the lines of each file, who removed which line from it, and who last gave it its name."""

    files: dict[str, list[str]] = field(default_factory=dict)
    gone: dict[str, dict[str, str | None]] = field(default_factory=dict)
    moved: dict[str, str | None] = field(default_factory=dict)

    def copy(self) -> "State":
        """One to go on from."""
        return State(
            {path: list(lines) for path, lines in self.files.items()},
            {path: dict(lines) for path, lines in self.gone.items()},
            dict(self.moved),
        )

    def edit(self, path: str, at: int, remove: int, new: list[str], author: str | None) -> None:
        """Replace some lines."""
        lines = self.files.setdefault(path, [])
        at = min(at, len(lines))
        gone = self.gone.setdefault(path, {})
        gone |= dict.fromkeys(lines[at : at + remove], author)
        lines[at : at + remove] = new

    def drop(self, path: str, author: str | None) -> None:
        """Remove the file."""
        if path in self.files:
            self.edit(path, 0, len(self.files[path]), [], author)
            del self.files[path]

    def move(self, old: str, new: str, author: str | None) -> None:
        """Give the file another name."""
        lines = self.files.pop(old)
        self.files[new] = lines
        self.gone[new] = self.gone.get(new, {}) | self.gone.get(old, {})
        self.gone[old] = self.gone.get(old, {}) | dict.fromkeys(lines, author)
        self.moved[new] = author


def merged(first: State, second: State, files: dict[str, list[str]]) -> State:
    """What a verdict or a rewind left: it makes no line, and what it removed the other side removed, or the person."""
    result = State(files)
    for path in {*first.files, *second.files, *files, *first.gone, *second.gone}:
        now, one, two = (side.get(path) for side in (files, first.files, second.files))
        gone, other = first.gone.get(path, {}), second.gone.get(path, {})
        moved = first.moved if path in first.moved else second.moved
        if now != one:
            removed = {text: other.get(text) for text in one or [] if text not in (now or [])}
            if now == two:
                gone = gone | other | removed
                moved = second.moved
            else:
                removed |= {text: gone.get(text) for text in two or [] if text not in (now or [])}
                gone = other | gone | removed
        result.gone[path] = gone
        if path in moved:
            result.moved[path] = moved[path]
    return result


class Play:
    """Model and session, changed alike."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.authors: dict[str, str | None] = {}
        self.head = State()
        self.reviewed = State()
        self.states: dict[str, State] = {}
        self.task = 0

    def fresh(self, count: int, author: str | None) -> list[str]:
        """Lines that never were before."""
        numbers = range(len(self.authors), len(self.authors) + count)
        lines = [f"line {number} of {number * 7919}" for number in numbers]
        self.authors |= dict.fromkeys(lines, author)
        return lines

    def write(self) -> None:
        """Bring the worktree's files to the model's last state."""
        for path in FILES:
            place = self.bench.path / path
            if path in self.head.files:
                place.parent.mkdir(exist_ok=True)
                place.write_text("".join(f"{line}\n" for line in self.head.files[path]))
            else:
                place.unlink(missing_ok=True)

    async def take(self, author: str | None, *second: str) -> None:
        """A snapshot of the model's last state."""
        self.write()
        self.task += 1
        taken = await self.bench.take(author, None if author is None else str(self.task), *second)
        self.states[taken.commit] = self.head.copy()

    async def read(self, commit: str) -> dict[str, list[str]]:
        """The files of a snapshot."""
        found = {}
        for path in FILES:
            if path in await self.bench.tree(commit):
                text = await self.bench.in_store("show", f"{commit}:{path}")
                found[path] = text.splitlines()
        return found

    def differing(self, changes: ChangeSet, old: State) -> Iterator[Said]:
        """What the change set must say, file by file as it pairs them."""
        new = self.head
        for file in changes.files:
            name = file.old_path or file.path
            before = old.files.get(name, []) if file.operation != "create" else []
            after = new.files.get(file.path, []) if file.operation != "delete" else []
            elsewhere = {
                text for path, lines in old.files.items() if path != name for text in lines
            }
            for text in after:
                if text not in before:
                    by = new.moved[file.path] if text in elsewhere else self.authors[text]
                    yield file.path, "add", text, by
            for text in before:
                if text not in after:
                    gone = new.gone.get(name, {}) | new.gone.get(file.path, {})
                    yield file.path, "delete", text, gone[text]

    async def compare(self, old: State, since: str | None = None) -> ChangeSet:
        """Every line's author, shares and sums."""
        changes = await self.bench.changes(since=since)
        said = [
            (file.path, line.kind, line.text, line.agent)
            for file in changes.files
            for hunk in file.hunks
            for line in hunk.lines
            if line.kind != "context"
        ]
        expected = list(self.differing(changes, old))
        assert {*said} == {*expected}
        assert len(said) == len(expected)
        changed = {
            path
            for path in {*old.files, *self.head.files}
            if old.files.get(path) != self.head.files.get(path)
        }
        assert changed == {
            path for file in changes.files for path in (file.path, file.old_path) if path
        }
        assert changes.totals.additions == sum(kind == "add" for _, kind, _, _ in expected)
        assert changes.totals.deletions == sum(kind == "delete" for _, kind, _, _ in expected)
        for share in changes.totals.agents:
            assert share.lines == sum(author == share.name for *_, author in expected)
        return changes

    async def turn(self, author: str | None, edits: list[tuple[str, int, int, int]]) -> None:
        """Edits of one author."""
        for path, at, remove, add in edits:
            if add or path in self.head.files:
                self.head.edit(path, at, remove, self.fresh(add, author), author)
        await self.take(author)

    async def drop(self, author: str | None, path: str) -> None:
        """Remove a file."""
        self.head.drop(path, author)
        await self.take(author)

    async def move(self, author: str | None, old: str, new: str) -> None:
        """Rename a file."""
        if self.head.files.get(old) and new not in self.head.files:
            self.head.move(old, new, author)
            await self.take(author)

    async def verdict(self, kind: str, picks: list[int], *, hunks: bool) -> None:
        """Accept or reject some files, or some hunks of files that keep their names."""
        files = (await self.bench.changes()).files
        ids = [
            hunk.id for file in files if hunks and file.operation == "edit" for hunk in file.hunks
        ]
        paths = [file.path for file in files if not hunks]
        choice = Choice(
            files=frozenset(paths[pick % len(paths)] for pick in picks if paths),
            hunks=frozenset(ids[pick % len(ids)] for pick in picks if ids),
        )
        if kind == "accept":
            made = (await accept(self.bench.snapshots, self.bench.row, choice)).snapshot
            self.reviewed = merged(self.reviewed, self.head, await self.read(made))
            self.bench.worktree = msgspec.structs.replace(self.bench.row, reviewed_snapshot=made)
            self.states[made] = self.reviewed.copy()
        else:
            made = (await reject(self.bench.snapshots, self.bench.row, choice)).snapshot
            self.head = merged(self.head, self.reviewed, await self.read(made))
            self.bench.worktree = msgspec.structs.replace(self.bench.row, head_snapshot=made)
            self.states[made] = self.head.copy()
            self.write()

    async def rewind(self, pick: int) -> None:
        """Go back to a snapshot, or undo that."""
        target = list(self.states)[pick % len(self.states)]
        state = self.states[target]
        self.head = merged(
            self.head, state, {path: list(lines) for path, lines in state.files.items()}
        )
        await self.take(None, target)


EDIT = st.tuples(st.sampled_from(FILES), st.integers(0, 25), st.integers(0, 4), st.integers(0, 3))
WHO = st.sampled_from(AUTHORS)
PICKS = st.lists(st.integers(0, 20), min_size=1, max_size=3)
TURN = st.tuples(st.just("turn"), WHO, st.lists(EDIT, min_size=1, max_size=4))
STEP = st.one_of(
    TURN,
    TURN,
    TURN,
    st.tuples(st.just("drop"), WHO, st.sampled_from(FILES)),
    st.tuples(st.just("move"), WHO, st.sampled_from(FILES), st.sampled_from(FILES)),
    st.tuples(st.sampled_from(["accept", "reject"]), PICKS, st.booleans()),
    st.tuples(st.just("rewind"), st.integers(0, 20)),
    st.tuples(st.just("since"), st.integers(0, 20)),
)


async def play(folder: Path, steps: list[tuple[Any, ...]]) -> None:
    """Change model and session alike; compare after each step."""
    repo = folder / "repo"
    repo.mkdir()
    bench = Bench(repo, folder / "data")
    game = Play(bench)
    for path in FILES[:2]:
        game.head.edit(path, 0, 0, game.fresh(24, None), None)
        (repo / path).write_text("".join(f"{line}\n" for line in game.head.files[path]))
    for command in (
        ["init", "--quiet"],
        ["add", "--all"],
        ["-c", "user.name=n", "-c", "user.email=e", "commit", "--quiet", "-m", "first"],
    ):
        await to_thread.run_sync(run, repo, "git", *command)
    await bench.ensure()
    assert bench.row.head_snapshot is not None
    game.states[bench.row.head_snapshot] = game.head.copy()
    game.reviewed = game.head.copy()
    for kind, *rest in steps:
        if kind in {"accept", "reject"}:
            await game.verdict(kind, rest[0], hunks=rest[1])
        elif kind == "since":
            commit = list(game.states)[rest[0] % len(game.states)]
            await game.compare(game.states[commit], commit)
        else:
            await getattr(game, kind)(*rest)
        await game.compare(game.reviewed)


@settings(
    max_examples=int(os.environ.get("ATTRIBUTION_EXAMPLES", "25")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(st.lists(STEP, min_size=4, max_size=9))
def test_every_line_has_the_author_that_an_independent_model_says(
    steps: list[tuple[Any, ...]],
) -> None:
    """Two agents and the person edit, rename, remove and make anew; what is taken or given back keeps its writer."""
    with tempfile.TemporaryDirectory() as folder:
        anyio.run(play, Path(folder), steps)
