"""Accepting by file and by hunk."""

import msgspec
import pytest

from roundhouse.model.errors import Conflict
from roundhouse.workspace.verdict import accept
from tests.workspace.conftest import Bench

_LINES = [f"line {number}" for number in range(40)]


async def two_hunks(bench: Bench) -> None:
    """An accepted file in which two agents then change one far end each; one removes, one makes a file."""
    (bench.path / "far.txt").write_text("\n".join(_LINES))
    await bench.take("a", "1")
    bench.worktree = msgspec.structs.replace(bench.row, reviewed_snapshot=bench.row.head_snapshot)
    (bench.path / "far.txt").write_text("\n".join(["top", *_LINES[1:]]))
    await bench.take("a", "2")
    (bench.path / "far.txt").write_text("\n".join(["top", *_LINES[1:-1], "bottom"]))
    (bench.path / "src" / "app.py").unlink()
    (bench.path / "made it").write_text("x")
    await bench.take("b", "3")


def reviewed(bench: Bench, commit: str) -> None:
    """The row as the caller would write it."""
    bench.worktree = msgspec.structs.replace(bench.row, reviewed_snapshot=commit)


async def test_one_hunk_moves_and_the_other_keeps_its_author(bench: Bench) -> None:
    """What is left to review is the rest, byte for byte."""
    await two_hunks(bench)
    far = next(file for file in (await bench.changes()).files if file.path == "far.txt")
    reviewed(bench, await accept(bench.snapshots, bench.row, hunks=[far.hunks[0].id]))

    text = await bench.in_store("show", f"{bench.row.reviewed_snapshot}:far.txt")
    assert text == "\n".join(["top", *_LINES[1:]])
    far = next(file for file in (await bench.changes()).files if file.path == "far.txt")
    assert [hunk.agents for hunk in far.hunks] == [["b"]]
    assert (bench.path / "far.txt").read_text().endswith("bottom")


async def test_files_one_by_one_and_everything_reach_the_last_snapshot(bench: Bench) -> None:
    """A made and a removed file too."""
    await two_hunks(bench)
    start = bench.row
    reviewed(bench, await accept(bench.snapshots, start, everything=True))
    assert (await bench.changes()).files == []
    bench.worktree = start
    for path in ("src/app.py", "made it", "far.txt"):
        reviewed(bench, await accept(bench.snapshots, bench.row, files=[path]))
        assert path not in [file.path for file in (await bench.changes()).files]
    assert (await bench.changes()).files == []
    parents = await bench.in_store("log", "-1", "--format=%P", bench.row.reviewed_snapshot or "")
    assert parents.split()[1] == bench.row.head_snapshot


async def test_what_is_not_there_now_is_refused(bench: Bench) -> None:
    """By its own code."""
    await two_hunks(bench)

    with pytest.raises(Conflict) as hunk:
        await accept(bench.snapshots, bench.row, hunks=["0" * 16])
    with pytest.raises(Conflict) as file:
        await accept(bench.snapshots, bench.row, files=["gone"])
    assert (hunk.value.code, file.value.code) == ("stale_hunk", "stale_file")
