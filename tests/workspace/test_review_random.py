"""Random edits of two agents and the person, and random verdicts on them: nothing is lost, nothing is invented.

Who made which line is checked by `test_attribution_random`.
"""

import itertools
import os
import shutil
from collections import Counter
from pathlib import Path
from typing import Literal

import anyio
import msgspec
from anyio import to_thread
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from roundhouse.model.change import FileChange
from roundhouse.model.errors import Conflict
from roundhouse.model.review import Choice
from roundhouse.workspace.verdict import accept, reject
from tests.workspace.conftest import Bench, run
from tests.workspace.test_verdict import ALL, Verdicts, accepted, do_accept, do_reject, tree

_NUMBERS = itertools.count()
_PATHS = ["one.txt", "two", "sub/three.txt", "sub/fi ve", "sub/deep/fünf", "two/in", "six\n"]
_LINES = st.sampled_from(["a", "b", "c\r", "", "- d", "+ e", "\\ f", "  g"])
_END = st.sampled_from(["", "\n"])
_TEXT = st.builds(
    lambda lines, end: ("\n".join(lines) + end).encode(), st.lists(_LINES, max_size=30), _END
)
_START = "\n".join(["a", "b", "", "c\r", "c\r", "- d", "unlike", "a"] * 5).encode()
_AT = st.integers(min_value=0, max_value=40)


class Write(msgspec.Struct, frozen=True):
    """Makes a file, anew or again, or replaces it; as a link where its text is a name."""

    path: str
    text: bytes
    link: bool = False
    executable: bool = False


class Splice(msgspec.Struct, frozen=True):
    """Replaces some lines of a file that is there, in one or several places."""

    path: str
    places: list[int]
    gone: int
    come: list[str]


class Move(msgspec.Struct, frozen=True):
    """Renames a file that is there, or removes it."""

    path: str
    to: str | None


class Turn(msgspec.Struct, frozen=True):
    """Edits by one author."""

    author: str | None
    edits: list[Write | Splice | Move]


class Judge(msgspec.Struct, frozen=True):
    """A verdict: on one hunk, one file, several files, or all."""

    verdict: Literal["accept", "reject"]
    what: Literal["hunk", "file", "files", "all"]
    at: int


_PLACES = st.lists(_AT, min_size=1, max_size=4)
_PATH = st.sampled_from(_PATHS)
_EDITS = st.one_of(
    st.builds(Write, _PATH, _TEXT),
    st.builds(Write, _PATH, st.sampled_from([b"\0\1", b"\0\2\n"]), executable=st.booleans()),
    st.builds(Write, _PATH, st.sampled_from([b"one.txt", b"two"]), link=st.just(value=True)),
    *[st.builds(Splice, _PATH, _PLACES, st.integers(0, 3), st.lists(_LINES, max_size=3))] * 3,
    st.builds(Splice, _PATH, _PLACES, st.integers(0, 1), st.lists(_LINES, max_size=1)),
    st.builds(Move, _PATH, st.one_of(st.none(), _PATH)),
)
_STEPS = st.lists(
    st.one_of(
        st.builds(
            Turn, st.sampled_from(["a", "b", None]), st.lists(_EDITS, min_size=1, max_size=5)
        ),
        st.builds(
            Judge,
            st.sampled_from(["accept", "reject"]),
            st.sampled_from(["hunk", "hunk", "hunk", "file", "files", "all"]),
            _AT,
        ),
    ),
    min_size=4,
    max_size=12,
)


def make_room(root: Path, place: Path) -> None:
    """Take away what is at the place, or where its folders must be."""
    for above in reversed(place.relative_to(root).parents):
        if (root / above).is_file() or (root / above).is_symlink():
            (root / above).unlink()
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    place.unlink(missing_ok=True)
    place.parent.mkdir(parents=True, exist_ok=True)


def edit(root: Path, what: Write | Splice | Move) -> None:
    """Do it, where it can be done."""
    place = root / what.path
    there = place.is_symlink() or place.is_file()
    if isinstance(what, Write):
        make_room(root, place)
        if what.link:
            place.symlink_to(os.fsdecode(what.text))
        else:
            place.write_bytes(what.text)
            place.chmod(0o755 if what.executable else 0o644)
    elif isinstance(what, Splice) and there and not place.is_symlink():
        lines = place.read_bytes().split(b"\n")
        for number in what.places:
            at = number % (len(lines) + 1)
            lines[at : at + what.gone] = [line.encode() for line in what.come]
        place.write_bytes(b"\n".join(lines))
    elif isinstance(what, Move) and there and what.to is None:
        place.unlink()
    elif isinstance(what, Move) and there and what.to != what.path:
        aside = place.rename(root / "aside")
        make_room(root, root / (what.to or ""))
        aside.rename(root / (what.to or ""))


async def call(bench: Bench, *command: str) -> str:
    """Run a command in the snapshots' folder."""
    return await to_thread.run_sync(run, bench.store, *command)


async def content(bench: Bench, commit: str | None, path: str) -> list[str]:
    """A file's lines in a snapshot, whether or not the last has an end."""
    text = await bench.in_store("show", f"{commit}:{path}")
    return text.removesuffix("\n").split("\n") if text else []


async def whole(bench: Bench) -> None:
    """What was reviewed and what is pending are the last snapshot, which is what the files hold."""
    row = bench.row
    sides = (row.reviewed_snapshot or "", row.head_snapshot or "")
    patch = bench.data / "check.patch"
    among = ("env", f"GIT_INDEX_FILE={bench.data}/index", "git", f"--git-dir={bench.store}")
    await call(bench, *among, "read-tree", sides[0])
    await call(bench, *among, "diff", "--binary", f"--output={patch}", *sides)
    if patch.stat().st_size:
        await call(bench, *among, "apply", "--cached", "--whitespace=nowarn", str(patch))
    assert (await call(bench, *among, "write-tree")).strip() == await tree(bench, sides[1])
    taken = await bench.snapshots.take(
        row, parents=[sides[1]], author=None, task_id=None, message="x"
    )
    assert not taken.changed
    for verdict, goal in ((accept, sides[1]), (reject, sides[0])):
        made = await verdict(bench.snapshots, row, ALL)
        assert await tree(bench, made.snapshot) == await tree(bench, goal)


def woven(result: list[str], first: list[str], second: list[str]) -> bool:
    """Whether each line comes from one of the two, or from both at once, and both are read in order."""
    ends = {(0, 0)}
    for line in result:
        reached = set()
        for one, two in ends:
            at_one = first.index(line, one) + 1 if line in first[one:] else None
            at_two = second.index(line, two) + 1 if line in second[two:] else None
            reached |= {(at_one or one, at_two or two)} if at_one or at_two else set()
            reached |= {(at_one, two)} if at_one else set()
            reached |= {(one, at_two)} if at_two else set()
        ends = reached
    return bool(ends)


async def one_hunk(bench: Bench, verdict: Verdicts, file: FileChange, at: int) -> None:
    """Judge one of a file's hunks: its lines move, and no other does."""
    reviewed, head = bench.row.reviewed_snapshot or "", bench.row.head_snapshot or ""
    hunk = file.hunks[at % len(file.hunks)]
    names = (file.old_path or file.path, file.path)
    others = await bench.in_store("diff", "--name-only", "-z", "--diff-filter=ADT", reviewed, head)
    apart = len(file.hunks) > 1 and file.path not in others.split("\0")
    old = await content(bench, reviewed, names[0]) if apart else []
    new = await content(bench, head, names[1]) if apart else []
    made = await verdict(bench, Choice(hunks=frozenset({hunk.id})))
    assert made.files == [file.path]
    if not apart:
        return
    lines = {
        kind: Counter(line.text for line in hunk.lines if line.kind == kind)
        for kind in ("add", "delete")
    }
    forth = verdict is do_accept
    wanted = Counter(old if forth else new)
    wanted.update(lines["add" if forth else "delete"])
    wanted.subtract(lines["delete" if forth else "add"])
    result = await content(bench, made.snapshot, names[0 if forth else 1])
    assert Counter(result) == wanted
    assert woven(result, old, new)


async def judge(bench: Bench, what: Judge) -> None:
    """Give the verdict, if there is something to judge."""
    verdict = do_accept if what.verdict == "accept" else do_reject
    pending = (await bench.changes()).files
    if not pending:
        return
    file = pending[what.at % len(pending)]
    if what.what == "hunk":
        # Mostly where there is something to split.
        files = sorted(pending, key=lambda file: len(file.hunks))
        file = files[-1] if what.at % 4 else file
        if file.hunks:
            await one_hunk(bench, verdict, file, what.at)
            return
    number = {"files": len(pending) // 2 + 1, "all": len(pending)}.get(what.what, 1)
    chosen = frozenset(file.path for file in (pending + pending)[what.at % len(pending) :][:number])
    made = await verdict(bench, Choice(files=chosen))
    assert set(made.files) == chosen
    assert {file.path for file in (await bench.changes()).files}.isdisjoint(chosen)


async def play(bench: Bench, steps: list[Turn | Judge]) -> None:
    """A session's life; after each step all is as it must be."""
    await bench.ensure()
    for path in _PATHS[:4]:
        edit(bench.path, Write(path, _START))
    await bench.take("a", "0")
    accepted(bench)
    for number, step in enumerate(steps):
        if isinstance(step, Turn):
            for what in step.edits:
                edit(bench.path, what)
            await bench.take(step.author, None if step.author is None else str(number))
        else:
            try:
                await judge(bench, step)
            except Conflict as refused:
                if refused.code != "entangled":
                    raise
        await whole(bench)
    await do_reject(bench, ALL)
    assert await tree(bench, bench.row.head_snapshot) == await tree(
        bench, bench.row.reviewed_snapshot
    )
    await whole(bench)
    await bench.in_store("fsck", "--strict")


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=_STEPS)
def test_nothing_is_lost_and_nothing_invented(
    repo: Path, tmp_path: Path, steps: list[Turn | Judge]
) -> None:
    """By whatever was edited, accepted and rejected before."""
    place = tmp_path / f"example {next(_NUMBERS)}"
    shutil.copytree(repo, place / "repo")
    anyio.run(play, Bench(place / "repo", place / "data"), steps)
