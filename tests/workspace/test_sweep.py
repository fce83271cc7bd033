"""The fingerprint of a worktree."""

import os
from pathlib import Path

import anyio
import pytest

from roundhouse.model.errors import WorkspaceError
from roundhouse.workspace.sweep import YOUNG_NS, Fingerprint, Sweep


def settle(root: Path) -> None:
    """Wait until no entry is too young to be trusted; the file system's own clock is asked."""
    probe = root.parent / "clock"
    newest = max(path.lstat().st_ctime_ns for path in root.rglob("*"))
    while True:
        probe.write_text("x")
        if probe.stat().st_ctime_ns > newest + YOUNG_NS * 2:
            return


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A folder with files, a link and a git folder."""
    root = tmp_path / "tree"
    (root / "a" / "b").mkdir(parents=True)
    (root / ".git").mkdir()
    (root / "a" / "b" / "file").write_text("one")
    (root / "script").write_text("two")
    (root / "link").symlink_to("script")
    settle(root)
    return root


async def looked(root: Path) -> Fingerprint:
    """A scan."""
    return await Sweep().scan(root)


async def test_nothing_changed_is_the_same(tree: Path) -> None:
    """Twice the same look."""
    assert Sweep.same(await looked(tree), await looked(tree))


@pytest.mark.parametrize(
    "change",
    [
        "echo three > script",
        "echo x > a/new",
        "rm a/b/file",
        "chmod +x script",
        "mv script other",
        "ln -sf a link",
        "printf one > a/b/file",
        "cp script s && mv s script",
        "touch -r a/b/file keep; printf eno > a/b/file; touch -r keep a/b/file; rm keep",
    ],
)
async def test_every_kind_of_change_is_seen(tree: Path, change: str) -> None:
    """Also one that keeps size and time of modification."""
    before = await looked(tree)
    await anyio.run_process(["sh", "-c", change], cwd=tree)

    assert not Sweep.same(before, await looked(tree))


async def test_git_folders_are_not_looked_at(tree: Path) -> None:
    """What an agent does to its index alone is no change."""
    before = await looked(tree)
    (tree / ".git" / "index").write_text("new")

    assert Sweep.same(before, await looked(tree))


async def test_a_file_written_just_now_counts_as_changed_next_time(tree: Path) -> None:
    """It may change again within its time stamp's resolution."""
    future = (2**33) * 10**9
    os.utime(tree / "script", ns=(future, future))
    look = await looked(tree)

    assert not look.settled
    assert not Sweep.same(look, await looked(tree))


async def test_no_look_is_never_the_same(tree: Path) -> None:
    """After a restart nothing is known."""
    assert not Sweep.same(None, await looked(tree))


async def test_a_missing_worktree_is_an_error(tmp_path: Path) -> None:
    """It must be repaired, not taken for empty."""
    with pytest.raises(WorkspaceError, match="missing"):
        await looked(tmp_path / "gone")
