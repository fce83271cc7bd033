"""What lies in a checkout, and how git would keep it, looked at without a trace."""

import os
import subprocess
from pathlib import Path

import pytest
from anyio import to_thread

from roundhouse.model.errors import WorkspaceError
from roundhouse.workspace.checkout import clean, git_dir_of, is_rules, look, readable
from roundhouse.workspace.image import Raw
from tests.workspace.conftest import Bench


async def cleaned(bench: Bench, *paths: bytes) -> dict[bytes, Raw]:
    """The files at these paths as git would keep them; the user's git folder stays as it is."""
    git = bench.repo / ".git"
    before = {path: path.stat() for path in git.rglob("*") if path.is_file()}
    ground = await to_thread.run_sync(look, bench.repo, set(paths))
    aside = bench.data / "aside"
    aside.mkdir(exist_ok=True)
    (aside / "index").unlink(missing_ok=True)
    git_dir = await git_dir_of(bench.repo)
    side = await clean(bench.store, git_dir, bench.repo, ground, aside)
    after = {path: path.stat() for path in git.rglob("*") if path.is_file()}
    assert {path: (seen.st_ino, seen.st_size) for path, seen in after.items()} == {
        path: (seen.st_ino, seen.st_size) for path, seen in before.items()
    }
    return dict(side.files)


def test_a_path_is_seen_for_what_it_is(repo: Path) -> None:
    """And what stands where its folder must be."""
    (repo / "link").symlink_to("src")
    os.mkfifo(repo / "pipe")
    (repo / "other" / ".git").mkdir(parents=True)
    paths = {
        b"README.md",
        b"src",
        b"none/x",
        b"link",
        b"link/x",
        b"pipe",
        b"other/x",
        b"README.md/x",
    }
    seen = look(repo, paths | {b".GIT/config", b"../x"})

    assert {path: (seen[path].kind, seen[path].parent, seen[path].barred) for path in paths} == {
        b"README.md": ("file", None, None),
        b"README.md/x": ("absent", b"README.md", "type"),
        b"src": ("folder", None, None),
        b"none/x": ("absent", None, None),
        b"link": ("file", None, None),
        b"link/x": ("absent", b"link", "outside"),
        b"pipe": ("odd", None, None),
        b"other/x": ("absent", b"other", "submodule"),
    }
    assert seen[b".GIT/config"].barred == seen[b"../x"].barred == "outside"
    assert b".gitattributes" in seen
    assert b"none/.gitattributes" in seen
    assert readable(seen, [b"README.md", b"src", b"pipe"]) == [b"README.md"]
    assert is_rules(b"a/.gitattributes")
    assert not is_rules(b"a.gitattributes")


async def test_the_bit_of_a_disk_without_bits_is_the_indexs(bench: Bench) -> None:
    """What is executable there says nothing."""
    await bench.in_repo("config", "core.fileMode", "false")
    (bench.repo / "README.md").chmod(0o755)
    (bench.repo / "new").write_text("x")
    (bench.repo / "new").chmod(0o755)
    files = await cleaned(bench, b"README.md", b"new")

    assert (files[b"README.md"].mode, files[b"new"].mode) == ("100644", "100644")


async def test_an_index_in_the_middle_of_a_merge_is_no_obstacle(bench: Bench) -> None:
    """The file is what lies there."""
    blob = (await bench.in_repo("rev-parse", "HEAD:README.md")).strip()
    stages = "".join(f"100644 {blob} {stage}\tREADME.md\n" for stage in (1, 2, 3))
    command = ["git", "update-index", "--index-info"]
    await to_thread.run_sync(_feed, bench.repo, command, f"0 {'0' * 40}\tREADME.md\n{stages}")
    assert "UU README.md" in await bench.in_repo("status", "--porcelain")
    files = await cleaned(bench, b"README.md", b"src/app.py", b"gone")

    assert files[b"README.md"] == Raw("100644", blob)
    assert b"gone" not in files


async def test_a_folder_without_a_repository_is_refused(tmp_path: Path) -> None:
    """One around it does not count."""
    with pytest.raises(WorkspaceError) as caught:
        await git_dir_of(tmp_path)
    assert caught.value.remedy


def _feed(folder: Path, command: list[str], text: str) -> None:
    subprocess.run(command, cwd=folder, input=text.encode(), check=True)
