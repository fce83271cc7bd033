"""Spare worktrees: made when it is worth it, taken by the next session, gone with the last one."""

import os
from pathlib import Path

import pytest

from roundhouse.model.session import Worktree
from roundhouse.workspace.worktree import Worktrees
from tests.workspace.conftest import run

NEVER = 1e9


async def make(worktrees: Worktrees, repo: Path, session: str, ref: str | None = None) -> Worktree:
    """A session's worktree."""
    worktree, how = await worktrees.ensure(
        session, repo, slug="work", base_ref=ref, include_uncommitted=False, existing=None
    )
    assert how == "made"
    return worktree


def listed(repo: Path) -> list[str]:
    """The worktrees that git knows beside the checkout."""
    out = run(repo, "git", "worktree", "list", "--porcelain")
    return [line.split(" ", 1)[1] for line in out.splitlines() if line.startswith("worktree ")][1:]


@pytest.fixture
def worktrees(tmp_path: Path) -> Worktrees:
    """Worktrees whose making always counts as slow."""
    return Worktrees(tmp_path / "data" / "worktrees", spare_after=0.0)


def spares(tmp_path: Path) -> list[Path]:
    """The spares that are ready."""
    folder = tmp_path / "data" / "worktrees" / ".spares"
    return sorted(path for path in folder.glob("*") if path.is_dir())


async def test_the_next_session_takes_the_spare(
    worktrees: Worktrees, repo: Path, tmp_path: Path
) -> None:
    """The same files and inodes, at the session's own path, on its own branch, with a clean status."""
    await make(worktrees, repo, "first00000")
    await worktrees.prepare_spares()
    [spare] = spares(tmp_path)
    inode = (spare / "README.md").stat().st_ino

    worktree = await make(worktrees, repo, "second0000")

    path = Path(worktree.worktree_path)
    assert (path / "README.md").stat().st_ino == inode
    assert run(path, "git", "symbolic-ref", "--short", "HEAD").strip() == worktree.branch
    assert run(path, "git", "status", "--porcelain") == ""
    assert spares(tmp_path) == []
    assert sorted(map(os.path.basename, listed(repo))) == ["first00000", "second0000"]
    await worktrees.prepare_spares()
    assert len(spares(tmp_path)) == 1


async def test_a_spare_of_another_commit_is_brought_to_the_base(
    worktrees: Worktrees, repo: Path
) -> None:
    """The repository went on since it was made."""
    await make(worktrees, repo, "first00000")
    await worktrees.prepare_spares()
    (repo / "later.txt").write_text("later\n")
    run(repo, "git", "add", "later.txt")
    run(repo, "git", "commit", "--quiet", "-m", "later")

    worktree = await make(worktrees, repo, "second0000")

    assert (Path(worktree.worktree_path) / "later.txt").read_text() == "later\n"
    assert run(Path(worktree.worktree_path), "git", "status", "--porcelain") == ""


async def test_a_broken_spare_is_replaced_by_an_ordinary_worktree(
    worktrees: Worktrees, repo: Path, tmp_path: Path
) -> None:
    """And nothing of it stays."""
    await make(worktrees, repo, "first00000")
    await worktrees.prepare_spares()
    [spare] = spares(tmp_path)
    (spare / ".git").unlink()

    worktree = await make(worktrees, repo, "second0000")

    assert (Path(worktree.worktree_path) / "README.md").is_file()
    assert sorted(map(os.path.basename, listed(repo))) == ["first00000", "second0000"]


async def test_the_spare_goes_with_the_last_session(
    worktrees: Worktrees, repo: Path, tmp_path: Path
) -> None:
    """`git worktree list` of the user is as it was."""
    await make(worktrees, repo, "first00000")
    await worktrees.prepare_spares()
    await make(worktrees, repo, "second0000")
    await worktrees.prepare_spares()

    await worktrees.remove("first00000")
    assert len(spares(tmp_path)) == 1
    await worktrees.remove("second0000")

    assert spares(tmp_path) == []
    assert listed(repo) == []


async def test_a_quick_repository_gets_none(repo: Path, tmp_path: Path) -> None:
    """A spare costs disk space."""
    worktrees = Worktrees(tmp_path / "data" / "worktrees", spare_after=NEVER)
    await make(worktrees, repo, "first00000")

    await worktrees.prepare_spares()

    assert spares(tmp_path) == []
