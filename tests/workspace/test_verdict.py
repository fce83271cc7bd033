"""Accepting and rejecting by file, by hunk and by agent: every kind of difference, exactly, and back."""

import os
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeAlias

import msgspec
import pytest

from roundhouse.model.change import FileChange
from roundhouse.model.errors import Conflict
from roundhouse.model.review import Choice
from roundhouse.workspace.snapshot import parse_author
from roundhouse.workspace.verdict import Verdict, accept, reject
from tests.workspace.conftest import Bench
from tests.workspace.test_rewind import go

_LINES = [f"line {number}" for number in range(40)]
ALL = Choice(everything=True)
Verdicts: TypeAlias = Callable[[Bench, Choice], Awaitable[Verdict]]


def files(*paths: str) -> Choice:
    """These files."""
    return Choice(files=frozenset(paths))


def hunks(*ids: str) -> Choice:
    """These hunks."""
    return Choice(hunks=frozenset(ids))


def accepted(bench: Bench) -> None:
    """All so far was reviewed."""
    bench.worktree = msgspec.structs.replace(bench.row, reviewed_snapshot=bench.row.head_snapshot)


async def do_accept(bench: Bench, choice: Choice) -> Verdict:
    """Accept, and write the row."""
    made = await accept(bench.snapshots, bench.row, choice)
    bench.worktree = msgspec.structs.replace(bench.row, reviewed_snapshot=made.snapshot)
    return made


async def do_reject(bench: Bench, choice: Choice) -> Verdict:
    """Reject, bring the files there, and write the row."""
    made = await reject(bench.snapshots, bench.row, choice)
    assert await go(bench, bench.row.head_snapshot or "", made.snapshot) == []
    bench.worktree = msgspec.structs.replace(bench.row, head_snapshot=made.snapshot)
    return made


async def tree(bench: Bench, commit: str | None) -> str:
    """A snapshot's tree."""
    return (await bench.in_store("rev-parse", f"{commit}^{{tree}}")).strip()


async def pending(bench: Bench) -> dict[str, FileChange]:
    """The files that wait for a verdict."""
    return {file.path: file for file in (await bench.changes()).files}


async def two_hunks(bench: Bench) -> None:
    """An accepted file in which two agents then change one far end each; one removes, one makes a file."""
    (bench.path / "far.txt").write_text("\n".join(_LINES))
    await bench.take("a", "1")
    accepted(bench)
    (bench.path / "far.txt").write_text("\n".join(["top", *_LINES[1:]]))
    await bench.take("a", "2")
    (bench.path / "far.txt").write_text("\n".join(["top", *_LINES[1:-1], "bottom"]))
    (bench.path / "src" / "app.py").unlink()
    (bench.path / "made it").write_text("x")
    await bench.take("b", "3")


_TEXT = "".join(f"line {number}\n" for number in range(60))
_EDITED = _TEXT.replace("line 1\n", "first\n").replace("line 58\n", "last\n")
_ENTANGLED = ["file to folder", "file to folder/in", "folder to file", "folder to file/in"]
"""Of `all_kinds`: two pairs of which neither can be without the other."""


def kinds_before(root: Path) -> None:
    """One file for each kind of difference."""
    for name in ("renamed", "renamed and edited", "mode", "edited and mode"):
        (root / name).write_text(name + "\n" + _TEXT)
    (root / "crlf").write_bytes(_TEXT.replace("\n", "\r\n").encode())
    (root / "no end").write_text(_TEXT + "end")
    (root / "binary").write_bytes(b"\0\1")
    (root / "pointer").symlink_to("mode")
    (root / "file to link").write_text("x\ny\n")
    (root / "link to file").symlink_to("mode")
    (root / "file to folder").write_text("x\n")
    (root / "folder to file").mkdir()
    (root / "folder to file" / "in").write_text("y\n")
    (root / "deleted").write_text("z\n")
    (root / "emptied").write_text("z\n")


def kinds_after(root: Path) -> None:
    """What became of each."""
    (root / "renamed").rename(root / "ré\nnamed")
    (root / "renamed and edited").unlink()
    (root / os.fsdecode(b"moved \xff")).write_text("renamed and edited\n" + _EDITED)
    (root / "mode").chmod(0o755)
    (root / "edited and mode").write_text("edited and mode\n" + _EDITED)
    (root / "edited and mode").chmod(0o755)
    (root / "crlf").write_bytes(_EDITED.replace("\n", "\r\n").encode())
    (root / "no end").write_text(_EDITED + "END")
    (root / "binary").write_bytes(b"\0\2")
    for name in ("pointer", "file to link", "link to file", "file to folder", "deleted"):
        (root / name).unlink()
    (root / "pointer").symlink_to("crlf")
    (root / "file to link").symlink_to("mode")
    (root / "link to file").write_text("x\ny\n")
    (root / "file to folder").mkdir()
    (root / "file to folder" / "in").write_text("other\n")
    shutil.rmtree(root / "folder to file")
    (root / "folder to file").write_text("another\n")
    (root / "emptied").write_text("")
    (root / "created").write_text("new\r\n")
    (root / "created empty").write_text("")


async def all_kinds(bench: Bench) -> None:
    """One difference of each kind."""
    kinds_before(bench.path)
    await bench.take("a", "1")
    accepted(bench)
    kinds_after(bench.path)
    await bench.take("b", "2")


async def test_one_hunk_moves_and_the_other_keeps_its_author(bench: Bench) -> None:
    """What is left to review is the rest, byte for byte."""
    await two_hunks(bench)
    far = (await pending(bench))["far.txt"]
    made = await do_accept(bench, hunks(far.hunks[0].id))

    assert (made.files, made.hunks, made.mixed) == (["far.txt"], 1, [])
    text = await bench.in_store("show", f"{bench.row.reviewed_snapshot}:far.txt")
    assert text == "\n".join(["top", *_LINES[1:]])
    far = (await pending(bench))["far.txt"]
    assert [hunk.agents for hunk in far.hunks] == [["b"]]
    assert (bench.path / "far.txt").read_text().endswith("bottom")


async def test_one_hunk_goes_and_the_other_keeps_its_author(bench: Bench) -> None:
    """In the files too; the snapshot is the person's, and knows where the lines came from."""
    await two_hunks(bench)
    head = bench.row.head_snapshot
    far = (await pending(bench))["far.txt"]
    made = await do_reject(bench, hunks(far.hunks[0].id))

    assert (made.files, made.hunks) == (["far.txt"], 1)
    assert (bench.path / "far.txt").read_text() == "\n".join([*_LINES[:-1], "bottom"])
    far = (await pending(bench))["far.txt"]
    assert [hunk.agents for hunk in far.hunks] == [["b"]]
    log = await bench.in_store("log", "-1", "--format=%P%n%B", made.snapshot)
    assert log.startswith(f"{head} {bench.row.reviewed_snapshot}\nRejected\n")
    assert parse_author(log).agent is None


@pytest.mark.parametrize("verdict", [do_accept, do_reject])
async def test_everything_at_once_reaches_the_other_side(bench: Bench, verdict: Verdicts) -> None:
    """Exactly, with every kind of difference."""
    await all_kinds(bench)
    reviewed, head = bench.row.reviewed_snapshot, bench.row.head_snapshot
    goal = await tree(bench, head if verdict is do_accept else reviewed)
    made = await verdict(bench, ALL)

    assert await tree(bench, made.snapshot) == goal
    assert await pending(bench) == {}
    again = await verdict(bench, ALL)
    assert (again.snapshot, again.files) == (made.snapshot, [])


@pytest.mark.parametrize("verdict", [do_accept, do_reject])
async def test_file_by_file_reaches_the_other_side(bench: Bench, verdict: Verdicts) -> None:
    """Each verdict takes away its file only."""
    await all_kinds(bench)
    reviewed, head = bench.row.reviewed_snapshot, bench.row.head_snapshot
    goal = await tree(bench, head if verdict is do_accept else reviewed)
    names = list(await pending(bench))
    assert len(names) > 15
    for name in [name for name in names if name not in _ENTANGLED]:
        assert (await verdict(bench, files(name))).files == [name]
        names.remove(name)
        assert list(await pending(bench)) == names
    for first in (0, 2):
        await verdict(bench, files(*_ENTANGLED[first : first + 2]))
    assert await tree(bench, bench.row.reviewed_snapshot) == goal
    assert await tree(bench, bench.row.head_snapshot) == goal


@pytest.mark.parametrize("verdict", [do_accept, do_reject])
async def test_hunk_by_hunk_reaches_the_other_side(bench: Bench, verdict: Verdicts) -> None:
    """Names and modes go with the last; what has no hunks goes by file."""
    await all_kinds(bench)
    reviewed, head = bench.row.reviewed_snapshot, bench.row.head_snapshot
    goal = await tree(bench, head if verdict is do_accept else reviewed)
    await verdict(bench, files(*_ENTANGLED))
    several = 0
    while left := await pending(bench):
        change = next(iter(left.values()))
        several += len(change.hunks) > 1
        await verdict(bench, hunks(change.hunks[-1].id) if change.hunks else files(change.path))
    assert several == 6
    assert await tree(bench, bench.row.reviewed_snapshot) == goal
    assert await tree(bench, bench.row.head_snapshot) == goal


async def test_some_hunks_of_a_renamed_file_leave_its_name_to_the_last(bench: Bench) -> None:
    """Accepted under the old name, rejected under the new."""
    await all_kinds(bench)
    start = bench.row
    change = next(file for file in (await bench.changes()).files if len(file.hunks) > 1)
    moved = (await pending(bench))["moved \\xff"]
    assert change.path == "crlf"
    await do_accept(bench, hunks(moved.hunks[0].id))
    text = await bench.in_store("show", f"{bench.row.reviewed_snapshot}:renamed and edited")
    assert ("first\n" in text, "last\n" in text) == (True, False)
    bench.worktree = start
    await do_reject(bench, hunks(moved.hunks[0].id))
    text = (bench.path / os.fsdecode(b"moved \xff")).read_text()
    assert ("first\n" in text, "last\n" in text) == (False, True)


async def test_a_file_that_cannot_be_without_another_is_refused(bench: Bench) -> None:
    """Instead of silently deciding about the other too."""
    await all_kinds(bench)
    for verdict, name in (
        (accept, "file to folder/in"),
        (accept, "folder to file"),
        (reject, "file to folder"),
        (reject, "folder to file/in"),
    ):
        with pytest.raises(Conflict) as refused:
            await verdict(bench.snapshots, bench.row, files(name))
        assert refused.value.code == "entangled"
        assert refused.value.details is not None
        assert name in refused.value.details["paths"]
    await do_accept(bench, files("file to folder"))
    await do_accept(bench, files("file to folder/in"))
    await do_reject(bench, files("folder to file"))
    await do_reject(bench, files("folder to file/in"))
    assert (bench.path / "folder to file" / "in").read_text() == "y\n"


async def test_a_submodules_link_is_accepted_and_rejected(bench: Bench) -> None:
    """As a file; its own files stay."""
    await bench.git(
        "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(bench.repo), "sub"
    )
    await bench.take("a", "1")
    start = bench.row
    await do_accept(bench, files("sub"))
    assert list(await pending(bench)) == [".gitmodules"]
    bench.worktree = start
    await do_reject(bench, ALL)
    assert await tree(bench, bench.row.head_snapshot) == await tree(bench, start.base_snapshot)
    assert (bench.path / "sub" / "README.md").exists()
    assert not (bench.path / ".gitmodules").exists()


async def test_by_agent_takes_what_only_that_agent_wrote(bench: Bench) -> None:
    """What others wrote in too is named, and left."""
    await two_hunks(bench)
    (bench.path / "both").write_text("a\n")
    await bench.take("a", "4")
    (bench.path / "both").write_text("a\nb\n")
    await bench.take("b", "5")
    mixed = (await pending(bench))["both"].hunks[0].id
    start = bench.row
    made = await do_accept(bench, Choice(agent="b"))
    assert (made.files, made.hunks, made.mixed) == (
        ["far.txt", "made it", "src/app.py"],
        3,
        [mixed],
    )
    assert [hunk.agents for hunk in (await pending(bench))["far.txt"].hunks] == [["a"]]
    bench.worktree = start
    made = await do_reject(bench, Choice(agent="a"))
    assert (made.files, made.hunks, made.mixed) == (["far.txt"], 1, [mixed])
    assert (bench.path / "far.txt").read_text() == "\n".join([*_LINES[:-1], "bottom"])
    made = await do_reject(bench, Choice(agent="nobody"))
    assert (made.snapshot, made.files) == (bench.row.head_snapshot, [])


async def test_what_is_not_there_now_is_refused(bench: Bench) -> None:
    """By its own code, by either verdict, before there is a snapshot too."""
    await two_hunks(bench)
    never = msgspec.structs.replace(bench.row, reviewed_snapshot=None, head_snapshot=None)
    for verdict in (accept, reject):
        for row in (bench.row, never):
            with pytest.raises(Conflict) as hunk:
                await verdict(bench.snapshots, row, hunks("0" * 16))
            with pytest.raises(Conflict) as file:
                await verdict(bench.snapshots, row, files("gone"))
            assert (hunk.value.code, file.value.code) == ("stale_hunk", "stale_file")
        assert (await verdict(bench.snapshots, never, ALL)).snapshot == ""


async def test_a_hunk_of_a_file_too_large_for_the_list(bench: Bench) -> None:
    """It has the id that the file tells when it is asked for alone."""
    lines = [
        f"a rather long line, so that few of them are many bytes, {n:06}" for n in range(20000)
    ]
    (bench.path / "large.txt").write_text("\n".join(lines) + "\n")
    await bench.take("a", "1")
    accepted(bench)
    edited = ["first", *lines[1:-1], "last"]
    (bench.path / "large.txt").write_text("\n".join(edited) + "\n")
    await bench.take("b", "2")
    [file] = (await bench.changes()).files
    assert (file.too_large, file.hunks) == (True, [])
    [whole] = (await bench.changes(path="large.txt")).files

    made = await do_accept(bench, hunks(whole.hunks[0].id))

    assert (made.files, made.hunks) == (["large.txt"], 1)
    [rest] = (await bench.changes(path="large.txt")).files
    assert [line.text for line in rest.hunks[0].lines if line.kind == "add"] == ["last"]
    assert len(rest.hunks) == 1
