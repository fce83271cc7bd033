"""The layout of a session's store."""

import shutil
from pathlib import Path

import pytest

from roundhouse.model.errors import WorkspaceError
from roundhouse.workspace.session_store import attach, open_store
from roundhouse.workspace.snapshot import Snapshots
from tests.workspace.conftest import SESSION, Bench


async def test_ordinary_git_works_on_the_folder(bench: Bench) -> None:
    """A bare repository that borrows the user's objects."""
    assert (await bench.in_store("rev-parse", "--is-bare-repository")).strip() == "true"
    assert await bench.tree(bench.row.base_snapshot) == ["README.md", "src/app.py"]
    assert await bench.in_store("cat-file", "-t", bench.row.base_commit) == "commit\n"


async def test_git_by_its_own_variables_works_too(bench: Bench) -> None:
    """For whoever wants to look at a snapshot from the worktree."""
    (bench.path / "new").write_text("x\n")
    await bench.take()
    store, objects = bench.store / "objects", bench.repo / ".git" / "objects"
    head = bench.row.head_snapshot
    variables = f"GIT_OBJECT_DIRECTORY={store} GIT_ALTERNATE_OBJECT_DIRECTORIES={objects}"

    out = await bench.git("-c", f"alias.look=!{variables} git show {head}:new", "look")

    assert out == "x\n"


async def test_a_worktree_without_its_link_is_worked_on_all_the_same(bench: Bench) -> None:
    """An agent may remove `.git`; the store remembers what it pointed to."""
    (bench.path / ".git").unlink()
    (bench.path / "new").write_text("x\n")

    assert (await bench.take()).changed
    assert "new" in await bench.tree()


async def test_no_repository_around_the_worktree_is_taken_for_its_own(bench: Bench) -> None:
    """The data folder may lie inside somebody's repository."""
    await bench.in_repo("init", "--quiet", str(bench.data))
    (bench.path / ".git").unlink()

    with pytest.raises(WorkspaceError, match="lost its repository"):
        await attach(bench.store, bench.row)


@pytest.mark.parametrize("name", ['odd "name"', "#hash", "ümlaut : colon"])
async def test_a_repository_at_an_unusual_path_lends_its_objects(
    unmade: Bench, tmp_path: Path, name: str
) -> None:
    """The list of borrowed folders has its own quoting."""
    place = tmp_path / name / "repo"
    place.parent.mkdir()
    unmade.repo = unmade.repo.rename(place)
    await unmade.ensure()
    (unmade.path / "new").write_text("x\n")

    await unmade.take()

    assert await unmade.tree() == ["README.md", "new", "src/app.py"]


async def test_the_store_is_found_again_by_another_process(bench: Bench) -> None:
    """All it needs lies in its folder."""
    other = Snapshots(bench.data / "snapshots")
    store = await open_store(other.path(SESSION), bench.row)

    assert store.worktree == bench.path
    shutil.rmtree(bench.repo / ".git" / "worktrees")
    with pytest.raises(WorkspaceError, match="lost its repository"):
        await open_store(other.path(SESSION), bench.row)
