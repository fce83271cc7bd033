"""Who made each line, against an independent model."""

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import msgspec
import pytest
from anyio import to_thread
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from roundhouse.workspace.attribution import History, blamed, follow
from roundhouse.workspace.delta import all_patches, entries
from roundhouse.workspace.diff import PatchHunk, parse_patch
from tests.workspace.conftest import Bench, run

FILES = ("a.txt", "b file.txt", "ünï.txt")
AUTHORS = ("opencode", "claude", None)


def hunk(old: int, old_count: int, new: int, new_count: int) -> PatchHunk:
    """A hunk without context, by its numbers."""
    header = f"@@ -{old},{old_count} +{new},{new_count} @@\n"
    body = "-x\n" * old_count + "+x\n" * new_count
    [file] = parse_patch(b"diff --git a/f b/f\n--- a/f\n+++ b/f\n" + (header + body).encode())
    return file.hunks[0]


@pytest.mark.parametrize(
    ("steps", "made", "removed"),
    [
        ([("A", [hunk(2, 1, 1, 0)])], {}, {2: "A"}),
        ([("A", [hunk(2, 1, 1, 0)]), ("B", [hunk(2, 1, 1, 0)])], {}, {2: "A", 3: "B"}),
        (
            [("A", [hunk(0, 0, 1, 5)]), ("B", [hunk(3, 4, 2, 0)])],
            {1: "A", 2: "A"},
            {1: "B"},
        ),
        (
            [("A", [hunk(1, 1, 1, 2), hunk(4, 2, 5, 1)])],
            {1: "A", 2: "A", 5: "A"},
            {1: "A", 4: "A", 5: "A"},
        ),
        (
            [("A", [hunk(1, 3, 0, 0)]), ("B", [hunk(0, 0, 1, 2)])],
            {1: "B", 2: "B"},
            {1: "A", 2: "A", 3: "A"},
        ),
        ([], {}, {}),
    ],
)
def test_each_line_is_followed_to_the_step_that_made_or_removed_it(
    steps: list[tuple[str, list[PatchHunk]]], made: dict[int, str], removed: dict[int, str]
) -> None:
    """Through shifts, replacements, the end of the file and its re-creation."""
    found = follow((commit, [hunks]) for commit, hunks in steps)

    assert (found.made, found.removed) == (made, removed)


@dataclass
class Model:
    """Files as lists of (line, author); the lines that were there at first, and who removed them."""

    files: dict[str, list[tuple[str, str | None]]]
    removed: dict[tuple[str, str], str | None] = field(default_factory=dict)
    first: dict[str, list[str]] = field(default_factory=dict)
    number: int = 0

    def fresh(self) -> str:
        """A line that never was before."""
        self.number += 1
        return f"line {self.number} of {self.number * 7919}"

    def edit(self, file: str, at: int, remove: int, add: int, author: str | None) -> None:
        """Replace `remove` lines from `at` by `add` new ones."""
        lines = self.files.setdefault(file, [])
        at = min(at, len(lines))
        for text, _author in lines[at : at + remove]:
            if text in self.first.get(file, ()):
                self.removed[file, text] = author
        lines[at : at + remove] = [(self.fresh(), author) for _ in range(add)]

    def drop(self, file: str, author: str | None) -> None:
        """Remove the file."""
        self.edit(file, 0, len(self.files.get(file, [])), 0, author)
        self.files.pop(file, None)


EDIT = st.tuples(
    st.sampled_from(FILES),
    st.integers(0, 12),
    st.integers(0, 4),
    st.integers(0, 3),
)
TURN = st.tuples(st.sampled_from(AUTHORS), st.lists(EDIT, min_size=1, max_size=3), st.booleans())


def differing(model: Model) -> Iterator[tuple[str, str, str, str | None]]:
    """What the change set must say: file, kind, line, author."""
    for file in FILES:
        first = model.first.get(file, [])
        for text, author in model.files.get(file, []):
            if text not in first:
                yield file, "add", text, author
        current = {text for text, _author in model.files.get(file, [])}
        for text in first:
            if text not in current:
                yield file, "delete", text, model.removed[file, text]


async def play(
    folder: Path, turns: list[tuple[str | None, list[tuple[str, int, int, int]], bool]]
) -> None:
    """Edit model and worktree alike; compare after each turn."""
    repo = folder / "repo"
    repo.mkdir()
    model = Model({})
    for file in FILES[:2]:
        model.edit(file, 0, 0, 10, None)
        (repo / file).write_text("".join(f"{text}\n" for text, _ in model.files[file]))
        model.first[file] = [text for text, _ in model.files[file]]
    for command in (
        ["init", "--quiet"],
        ["add", "--all"],
        ["-c", "user.name=n", "-c", "user.email=e", "commit", "--quiet", "-m", "first"],
    ):
        await to_thread.run_sync(run, repo, "git", *command)
    bench = Bench(repo, folder / "data")
    await bench.ensure()
    for task, (author, edits, drop) in enumerate(turns, 1):
        if drop:
            model.drop(edits[0][0], author)
        for file, at, remove, add in edits[drop:]:
            model.edit(file, at, remove, add, author)
        for file in FILES:
            if file in model.files:
                text = "".join(f"{line}\n" for line, _ in model.files[file])
                (bench.path / file).write_text(text)
            else:
                (bench.path / file).unlink(missing_ok=True)
        await bench.take(author, None if author is None else str(task))
        changes = await bench.changes()
        said = [
            (file.path, line.kind, line.text, line.agent)
            for file in changes.files
            for hunk_ in file.hunks
            for line in hunk_.lines
            if line.kind != "context"
        ]
        expected = list(differing(model))
        assert sorted(said, key=str) == sorted(expected, key=str)
        assert changes.totals.additions == sum(kind == "add" for _, kind, _, _ in expected)
        assert changes.totals.deletions == sum(kind == "delete" for _, kind, _, _ in expected)
        for share in changes.totals.agents:
            assert share.lines == sum(author == share.name for *_, author in expected)


@settings(
    max_examples=int(os.environ.get("ATTRIBUTION_EXAMPLES", "12")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(st.lists(TURN, min_size=1, max_size=6))
def test_every_line_has_the_author_that_an_independent_model_says(
    turns: list[tuple[str | None, list[tuple[str, int, int, int]], bool]],
) -> None:
    """Two agents and the person, random edits, deletions and re-creations of files; every line is unique."""
    with tempfile.TemporaryDirectory() as folder:
        anyio.run(play, Path(folder), turns)


async def test_lines_are_followed_through_a_rename_with_edits(bench: Bench) -> None:
    """Under the new name the old authors stay, also of what was deleted before and after."""
    text = [f"original {number}" for number in range(20)]

    def write(name: str, lines: list[str]) -> None:
        (bench.path / name).write_text("".join(f"{line}\n" for line in lines))

    write("README.md", text)
    first = await bench.take("base", "0")
    bench.worktree = msgspec.structs.replace(bench.row, reviewed_snapshot=first.commit)
    write("README.md", ["by a", *text[1:]])
    await bench.take("a", "1")
    (bench.path / "README.md").unlink()
    write("renamed.md", ["by a", *text[1:9], "by b", *text[10:]])
    await bench.take("b", "2")
    write("renamed.md", ["by a", *text[1:9], "by b", *text[10:19]])
    await bench.take("c", "3")

    [file] = (await bench.changes()).files
    assert (file.operation, file.old_path) == ("rename", "README.md")
    lines = {
        (line.kind, line.text): line.agent
        for hunk_ in file.hunks
        for line in hunk_.lines
        if line.kind != "context"
    }
    assert lines == {
        ("add", "by a"): "a",
        ("delete", "original 0"): "a",
        ("add", "by b"): "b",
        ("delete", "original 9"): "b",
        ("delete", "original 19"): "c",
    }


async def test_what_a_rewind_brings_back_belongs_to_who_wrote_it(bench: Bench) -> None:
    """The second parent says so."""
    path = bench.path / "new"
    path.write_text("by a\nby a too\n")
    first = await bench.take("a", "1")
    path.write_text("by b\n")
    await bench.take("b", "2")
    path.write_text("by a\nby a too\n")
    await bench.take(None, None, first.commit)

    [file] = (await bench.changes()).files
    assert [(share.name, share.lines) for share in file.agents] == [("a", 2)]


async def test_following_the_turns_says_what_blame_says(bench: Bench) -> None:
    """Two ways to the same answer, on a file whose lines repeat."""
    lines = [f"    item {number % 7}\n" for number in range(60)]
    for turn in range(12):
        lines[turn * 3 : turn * 3 + turn % 4] = [f"    item {turn % 5}\n", "\n"]
        (bench.path / "README.md").write_text("".join(lines))
        await bench.take(f"agent {turn % 3}", str(turn))
    base, head = bench.row.base_snapshot, bench.row.head_snapshot
    assert base is not None
    assert head is not None
    history = await History.read(bench.store, base, head)
    [entry] = await entries(bench.store, base, head)
    patches = await all_patches(bench.store, base, head)
    patch = patches[entry.path]

    followed = (await history.lines([(entry, patch)]))[entry.path].added
    blame = await blamed(bench.store, head, entry.path, patch)

    by_commit = {touch.step.commit: touch.step.author for touch in history.touches(entry)}
    expected = {line: by_commit[commit] for line, commit in blame.items() if commit in by_commit}
    assert {line: followed[line] for line in expected} == expected
    assert len(set(expected.values())) > 5


async def test_a_turn_that_cannot_be_read_line_by_line_is_no_obstacle(bench: Bench) -> None:
    """The file was binary, or a link, for a while."""
    path = bench.path / "file"
    path.write_text("by a\nsecond\n")
    await bench.take("a", "1")
    path.write_bytes(b"\0\1\2")
    await bench.take("b", "2")
    path.write_text("by c\nby c too\n")
    await bench.take("c", "3")
    path.unlink()
    path.symlink_to("README.md")
    await bench.take("d", "4")
    path.unlink()
    path.write_text("by e\n")
    await bench.take("e", "5")
    path.write_text("by e\nby f\n")
    await bench.take("f", "6")

    [file] = (await bench.changes()).files
    assert [(line.text, line.agent) for line in file.hunks[0].lines] == [
        ("by e", "e"),
        ("by f", "f"),
    ]
