"""Copying into a worktree."""

from pathlib import Path

import pytest

from roundhouse.model.errors import InvalidInput
from roundhouse.workspace.copying import copy_files, copy_uncommitted
from tests.workspace.conftest import Bench


async def test_globs_copy_files_and_folders_but_overwrite_nothing(bench: Bench) -> None:
    """.env and the like."""
    (bench.repo / ".env").write_text("KEY=1")
    (bench.repo / "conf" / "deep").mkdir(parents=True)
    (bench.repo / "conf" / "deep" / "local").write_text("x")
    (bench.repo / "README.md").write_text("changed")

    copied = await copy_files(bench.repo, bench.path, [".env", "conf", "README.md", "no*"])

    assert copied == [".env", "conf/deep/local"]
    assert (bench.path / ".env").read_text() == "KEY=1"
    assert (bench.path / "README.md").read_text() == "# A small project\n"


@pytest.mark.parametrize("glob", ["/etc/passwd", "../x", "a/../../x", "", "a\0b"])
async def test_a_glob_that_could_leave_the_repository_is_refused(bench: Bench, glob: str) -> None:
    """The project's settings are not trusted with the machine."""
    with pytest.raises(InvalidInput) as caught:
        await copy_files(bench.repo, bench.path, [glob])

    assert caught.value.field == "copy"


async def test_links_lead_neither_out_of_the_repository_nor_out_of_the_worktree(
    bench: Bench, tmp_path: Path
) -> None:
    """A link inside is copied as the file it means."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("s")
    (bench.repo / "out").symlink_to(outside / "secret")
    (bench.repo / "folder").symlink_to(outside)
    (bench.repo / "config").symlink_to(bench.repo / ".git" / "config")
    (bench.repo / "in").symlink_to("README.md")
    (bench.repo / "d").mkdir()
    (bench.repo / "d" / "file").write_text("x")
    (bench.path / "d").symlink_to(outside)

    copied = await copy_files(
        bench.repo, bench.path, ["out", "folder/*", "config", "in", "d/file", ".git/*"]
    )

    assert copied == ["in"]
    assert [path.name for path in outside.iterdir()] == ["secret"]


async def test_uncommitted_edits_of_every_kind_come_along(bench: Bench) -> None:
    """Tracked, untracked, staged, deleted, links and modes; ignored ones and nested repositories stay."""
    repo = bench.repo
    (repo / "README.md").write_text("edited\n")
    (repo / "src" / "app.py").unlink()
    (repo / "src").rmdir()
    (repo / "src").write_text("a file now")
    (repo / "new dir").mkdir()
    (repo / "new dir" / "ä\nb").write_text("odd")
    (repo / "staged").write_text("s")
    await bench.in_repo("add", "staged")
    (repo / "run").write_text("#!/bin/sh\n")
    (repo / "run").chmod(0o755)
    (repo / "link").symlink_to("nowhere")
    (repo / ".gitignore").write_text("secret\n")
    (repo / "secret").write_text("s")
    await bench.in_repo("init", "--quiet", "nested")
    (repo / "nested" / "file").write_text("x")
    before = (repo / ".git" / "index").read_bytes()

    await copy_uncommitted(repo, bench.path)

    names = {str(p.relative_to(bench.path)) for p in bench.path.rglob("*") if p.name != ".git"}
    assert names == {
        "README.md",
        "src",
        "new dir",
        "new dir/ä\nb",
        "staged",
        "run",
        "link",
        ".gitignore",
    }
    assert (bench.path / "README.md").read_text() == "edited\n"
    assert (bench.path / "src").read_text() == "a file now"
    assert (bench.path / "run").stat().st_mode & 0o111
    assert (bench.path / "link").is_symlink()
    assert (repo / ".git" / "index").read_bytes() == before
