"""Raw images of files, over everything that git's own rules would change."""

import os
from collections.abc import Iterable
from pathlib import Path

import pytest
from anyio import to_thread

from roundhouse.model.errors import Conflict
from roundhouse.workspace.image import (
    EXECUTABLE,
    LINK,
    ODD,
    PLAIN,
    Raw,
    algorithm_of,
    image_tree,
    outside,
    raw_now,
    read_tree,
    smudged_tree,
    write_tree,
)
from tests.workspace.conftest import Bench

NAMES = [b'"quoted"', b"back\\slash", b"line\nbreak\r", "größe".encode(), b"bytes \xff", b" -x "]


async def test_an_image_is_the_bytes_that_lie_there(bench: Bench) -> None:
    """Whatever attributes and configuration would make of them, and whatever they are called."""
    (bench.path / ".gitattributes").write_text("* text eol=lf ident\n")
    await bench.in_repo("config", "core.autocrlf", "true")
    for name in NAMES:
        (bench.path / os.fsdecode(name)).write_bytes(name + b"\r\n$Id$")
    (bench.path / "run").write_bytes(b"")
    (bench.path / "run").chmod(0o755)
    (bench.path / "link").symlink_to(os.fsdecode(b"\xff\r\n"))
    (bench.path / "src" / "inner").symlink_to("..")
    os.mkfifo(bench.path / "pipe")
    absent = [b"nothing", b"src", b"pipe", b"run/x", b"src/inner/run", b"no/folder"]
    tree = await image_tree(bench.store, bench.path, [*NAMES, b"run", b"link", *absent])
    found = await read_tree(bench.store, tree)

    assert set(found) == {*NAMES, b"run", b"link"}
    assert (found[b"run"].mode, found[b"link"].mode, found[NAMES[0]].mode) == (
        EXECUTABLE,
        LINK,
        PLAIN,
    )
    for name in NAMES:
        text = await bench.in_store("cat-file", "blob", found[name].blob)
        assert os.fsencode(text) == name + b"\r\n$Id$"

    def now(paths: Iterable[bytes]) -> list[Raw | None]:
        return [raw_now(bench.path, path, algorithm=algorithm_of(tree)) for path in paths]

    assert await to_thread.run_sync(now, found) == list(found.values())
    odd = await to_thread.run_sync(now, absent)
    assert odd == [ODD if path == b"pipe" else None for path in absent]
    assert await write_tree(bench.store, found) == tree
    assert not list(bench.store.glob("aside*"))


async def test_a_snapshots_files_are_as_a_checkout_writes_them(bench: Bench) -> None:
    """By its own attributes, whatever the worktree's say now."""
    (bench.path / "src" / ".gitattributes").write_text("*.win text eol=crlf\n")
    (bench.path / "src" / "a.win").write_bytes(b"a\r\nb\r\n")
    (bench.path / "src" / "link").symlink_to("a.win")
    head = (await bench.take()).commit
    (bench.path / "src" / ".gitattributes").unlink()
    git_dir = Path((await bench.git("rev-parse", "--absolute-git-dir")).strip())
    paths = [b"src/a.win", b"src/link"]
    tree = await smudged_tree(bench.store, head, paths, git_dir=git_dir)
    found = await read_tree(bench.store, tree)

    assert list(found) == paths
    assert await bench.in_store("cat-file", "blob", found[b"src/a.win"].blob) == "a\r\nb\r\n"
    assert found[b"src/link"].mode == LINK


@pytest.mark.parametrize(
    ("path", "is_outside"),
    [
        (b"a/b", False),
        (b".gitignore", False),
        (b"..a/...", False),
        (b".git", True),
        (b"a/.GiT/config", True),
        (b"../a", True),
        (b"/a", True),
        (b"a//b", True),
        (b"a/./b", True),
        (b"", True),
    ],
)
async def test_what_no_tree_may_hold(bench: Bench, path: bytes, is_outside: bool) -> None:
    """Git would leave it out silently, which would mean: delete it."""
    assert outside(path) == is_outside
    if is_outside:
        with pytest.raises(Conflict) as refused:
            await write_tree(bench.store, {path: Raw(PLAIN, "0" * 40)})
        assert refused.value.code == "outside"
