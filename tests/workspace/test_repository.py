"""What lies at a path."""

from pathlib import Path

import pytest

from roundhouse.model.errors import InvalidInput, WorkspaceError
from roundhouse.workspace.repository import common_dir, inspect
from tests.workspace.conftest import Bench, run


async def test_a_repository_is_found_from_a_folder_inside(repo: Path) -> None:
    """The project is its top-level folder."""
    found = await inspect(repo / "src")

    assert (found.path, found.name, found.branch) == (repo, "repo", "main")
    assert len(found.head) == 40


async def test_a_detached_head_has_no_branch(unmade: Bench) -> None:
    """It is a usable repository all the same."""
    await unmade.in_repo("checkout", "--quiet", "--detach")

    assert (await inspect(unmade.repo)).branch is None


async def test_what_is_no_usable_repository_is_refused_by_its_code(
    repo: Path, tmp_path: Path
) -> None:
    """Each with a field, so that a door can show it."""
    plain, bare, empty = (tmp_path / name for name in ("plain", "bare", "empty"))
    plain.mkdir()
    run(tmp_path, "git", "init", "--quiet", "--bare", str(bare))
    run(tmp_path, "git", "init", "--quiet", str(empty))
    codes = {}
    for path in (
        tmp_path / "gone",
        repo / "README.md",
        plain,
        bare,
        repo / ".git",
        empty,
        Path("repo"),
        tmp_path / "a\0b",
        tmp_path / "a\nb",
        tmp_path / ("x" * 5000),
    ):
        with pytest.raises(InvalidInput) as caught:
            await inspect(path)
        codes[str(path)[-20:]] = caught.value.code
        assert caught.value.field == "path"

    assert list(codes.values()) == [
        "not_found",
        "not_found",
        "not_a_repository",
        "bare_repository",
        "bare_repository",
        "no_commits",
        "invalid",
        "invalid",
        "invalid",
        "invalid",
    ]


def test_a_repository_that_is_gone_says_where_it_was(tmp_path: Path) -> None:
    """And what to do."""
    with pytest.raises(WorkspaceError, match="is gone") as caught:
        common_dir(tmp_path / "moved")

    assert str(tmp_path / "moved") in caught.value.message
    assert caught.value.remedy
