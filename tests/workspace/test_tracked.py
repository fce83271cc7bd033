"""Files that git tracks although an ignore rule names them: in snapshots while they are tracked and there."""

import shutil
from pathlib import Path

import msgspec
import pytest

from roundhouse.workspace.commit import commit
from tests.workspace.conftest import Bench


@pytest.fixture
async def ignoring(bench: Bench) -> Bench:
    """A session that ignores *.env, which its base says."""
    (bench.path / ".gitignore").write_text("*.env\n")
    await bench.take(None, None)
    return bench


async def operations(bench: Bench, old: str) -> list[tuple[str, str]]:
    """What became of which file since then."""
    return [(delta.operation, delta.file_path) for delta in await bench.deltas(old)]


def head(bench: Bench) -> str:
    """The last snapshot."""
    assert bench.row.head_snapshot is not None
    return bench.row.head_snapshot


async def add(bench: Bench, name: str = "q.env", *, committed: bool = True) -> None:
    """What an agent does to have git track an ignored file."""
    (bench.path / name).write_text("q\n")
    await bench.git("add", "-f", name)
    if committed:
        await bench.git("commit", "-qm", "by the agent")


@pytest.mark.parametrize("committed", [True, False], ids=["committed", "staged"])
async def test_a_file_that_was_added_by_force_is_part_of_the_snapshot(
    ignoring: Bench, *, committed: bool
) -> None:
    """Later edits and its deletion too; another that is only ignored is not."""
    before = head(ignoring)
    (ignoring.path / "other.env").write_text("not tracked")
    await add(ignoring, committed=committed)
    await ignoring.take()
    assert await operations(ignoring, before) == [("create", "q.env")]
    (ignoring.path / "q.env").write_text("edited\n")
    before = head(ignoring)
    await ignoring.take()
    assert await operations(ignoring, before) == [("edit", "q.env")]
    (ignoring.path / "q.env").unlink()
    before = head(ignoring)
    await ignoring.take()
    assert await operations(ignoring, before) == [("delete", "q.env")]
    assert not (await ignoring.take()).changed
    (ignoring.path / "q.env").write_text("again\n")
    before = head(ignoring)
    await ignoring.take()
    assert await operations(ignoring, before) == [("create", "q.env")]


async def test_a_commit_keeps_it(ignoring: Bench) -> None:
    """The branch had it before, and has it afterwards."""
    await add(ignoring)
    (ignoring.path / "z.txt").write_text("z\n")
    await ignoring.take()
    tip = (await ignoring.git("rev-parse", "HEAD")).strip()
    made = await commit(ignoring.snapshots, ignoring.row, target=head(ignoring), message="mine")

    assert await ignoring.in_repo("diff", "--name-status", tip, made.commit) == (
        "A\t.gitignore\nA\tz.txt\n"
    )
    assert await ignoring.git("status", "--porcelain") == ""


async def test_who_takes_it_out_of_the_index_takes_it_out_of_the_snapshot(ignoring: Bench) -> None:
    """The file stays on the disk, and the next look of anybody's finds nothing more."""
    await add(ignoring)
    await ignoring.take()
    before = head(ignoring)
    await ignoring.git("rm", "-q", "--cached", "q.env")
    await ignoring.take("claude", "2")

    assert await operations(ignoring, before) == [("delete", "q.env")]
    assert "claude" in await ignoring.in_store("log", "-1", "--format=%an", head(ignoring))
    assert (ignoring.path / "q.env").read_text() == "q\n"
    assert not (await ignoring.take(None, None)).changed


async def test_a_file_of_the_base_that_becomes_ignored_stays_until_it_is_untracked(
    bench: Bench,
) -> None:
    """The ignore rule alone changes nothing, as in git; without one, untracking changes nothing."""
    await bench.git("rm", "-q", "--cached", "README.md")
    assert not (await bench.take()).changed
    await bench.git("add", "README.md")
    (bench.path / ".gitignore").write_text("README.md\n")
    before = head(bench)
    await bench.take()
    assert await operations(bench, before) == [("create", ".gitignore")]
    before = head(bench)
    await bench.git("rm", "-q", "--cached", "README.md")
    await bench.take()
    assert await operations(bench, before) == [("delete", "README.md")]


async def test_what_was_moved_back_by_us_stays(ignoring: Bench) -> None:
    """A rejected untracking, and a rewind that is undone: the snapshot says it is there, and it is."""
    await add(ignoring)
    await ignoring.take()
    had = head(ignoring)
    await ignoring.git("rm", "-q", "--cached", "q.env")
    await ignoring.take()
    ignoring.worktree = msgspec.structs.replace(ignoring.row, head_snapshot=had)
    assert not (await ignoring.take(None, None)).changed
    (ignoring.path / "q.env").unlink()
    await ignoring.take()
    (ignoring.path / "q.env").write_text("q\n")
    ignoring.worktree = msgspec.structs.replace(ignoring.row, head_snapshot=had)
    assert not (await ignoring.take(None, None)).changed


async def test_what_our_own_commit_takes_out_of_the_index_stays(ignoring: Bench) -> None:
    """A commit of what was accepted alone unstages the rest; that is nobody's deletion."""
    accepted = head(ignoring)
    await add(ignoring, committed=False)
    await ignoring.take()
    await commit(ignoring.snapshots, ignoring.row, target=accepted, message="part")

    assert await ignoring.git("ls-files", "q.env") == ""
    assert not (await ignoring.take(None, None)).changed


async def test_a_worktree_that_is_made_again_keeps_it(ignoring: Bench) -> None:
    """Though no index knows it there."""
    await add(ignoring, committed=False)
    await ignoring.take()
    shutil.rmtree(ignoring.path)
    await ignoring.ensure()
    await ignoring.snapshots.restore(ignoring.row, head(ignoring))

    assert (ignoring.path / "q.env").read_text() == "q\n"
    assert not (await ignoring.take(None, None)).changed


@pytest.mark.parametrize("harm", [b"", b"DIRCnonsense", None], ids=["empty", "broken", "none"])
async def test_an_index_that_cannot_be_read_takes_nothing_away(
    ignoring: Bench, harm: bytes | None
) -> None:
    """Only git's own word counts as untracking."""
    await add(ignoring)
    await ignoring.take()
    index = Path((await ignoring.git("rev-parse", "--git-path", "index")).strip())
    if harm is None:
        index.unlink()
    else:
        index.write_bytes(harm)
    assert not (await ignoring.take()).changed


async def test_what_is_in_the_way_is_left_out(ignoring: Bench) -> None:
    """A folder or a link where a tracked file was; links are not followed."""
    await add(ignoring)
    (ignoring.path / "d").mkdir()
    await add(ignoring, "d/r.env")
    await ignoring.take()
    (ignoring.path / "q.env").unlink()
    (ignoring.path / "q.env").mkdir()
    (ignoring.path / "q.env" / "in.env").write_text("x")
    shutil.move(ignoring.path / "d", ignoring.path / "e.env")
    (ignoring.path / "d").symlink_to("e.env")
    await ignoring.take()

    assert not {"q.env/in.env", "d/r.env"} & {*await ignoring.tree()}
    assert not (await ignoring.take()).changed
