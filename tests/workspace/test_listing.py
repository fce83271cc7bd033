"""What a person sees of a worktree's files: all that is there, and never a byte from elsewhere."""

import base64
import os
import socket
from pathlib import Path
from typing import Any

import pytest
from anyio import to_thread

from roundhouse.model.errors import InvalidInput, NotFound, WorkspaceError
from roundhouse.workspace.listing import list_files, read_file
from tests.workspace.conftest import run


async def everything(worktree: Path, *, limit: int = 100, **wanted: Any) -> list[dict[str, Any]]:
    """All pages of a list."""
    items: list[dict[str, Any]] = []
    cursor = None
    while True:
        page = await list_files(worktree, limit=limit, cursor=cursor, **wanted)
        assert len(page["items"]) <= limit
        items += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return items


async def test_a_folder_lists_folders_first_and_no_git(repo: Path) -> None:
    """Kinds and sizes; a device, a pipe or a socket is not there."""
    (repo / "link").symlink_to("/etc")
    (repo / "ünï \n").write_text("12345")
    (repo / b"raw\xff".decode(errors="surrogateescape")).write_text("1")
    (repo / "sub").mkdir()
    (repo / "sub" / ".git").write_text("gitdir: elsewhere")
    os.mkfifo(repo / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(repo / "s"))
    items = await everything(repo)

    assert [(item["name"], item["kind"], item["size"]) for item in items] == [
        ("src", "folder", None),
        ("sub", "submodule", None),
        ("README.md", "file", 18),
        ("link", "link", 4),
        ("raw\\xff", "file", 1),
        ("ünï \n", "file", 5),
    ]
    assert await everything(repo, limit=1) == items
    assert [item["path"] for item in await everything(repo, path="src/")] == ["src/app.py"]
    assert (await read_file(repo, "raw\\xff"))["content"] == "1"


@pytest.mark.parametrize(
    "path", ["..", "src/../..", "/etc", ".git", "src/.GIT/config", "link", "link/passwd", "a\0b"]
)
async def test_no_path_leads_out(repo: Path, path: str) -> None:
    """Nor through a link, nor into git's folder."""
    (repo / "link").symlink_to("/etc")
    with pytest.raises(InvalidInput) as listed:
        await list_files(repo, path=path, limit=10)
    assert listed.value.code == "outside"
    if path != "link":
        with pytest.raises(InvalidInput) as read:
            await read_file(repo, path)
        assert read.value.code == "outside"


async def test_what_is_missing_is_named(repo: Path) -> None:
    """A path, a file taken for a folder, a worktree that is gone, a cursor that is none."""
    for path in ("nothing", "src/nothing", "README.md", "README.md/x", "\ud800"):
        with pytest.raises(NotFound):
            await list_files(repo, path=path, limit=10)
    with pytest.raises(NotFound):
        await read_file(repo, "nothing/at/all")
    with pytest.raises(WorkspaceError):
        await list_files(repo / "nothing", limit=10)
    for cursor, q in (("?", None), ("YQ==", "a")):
        with pytest.raises(InvalidInput) as caught:
            await list_files(repo, q=q, limit=10, cursor=cursor)
        assert caught.value.field == "cursor"


async def test_a_search_gives_the_best_first(repo: Path) -> None:
    """Tracked or not, but nothing ignored, deleted or git's own."""
    names = ("app.py.log", "old/app.py", "src/map_app.py", "src/a_p_p.txt", "apps/x", "ü.txt", "z")
    for name in names:
        (repo / name).parent.mkdir(exist_ok=True)
        (repo / name).write_text("x")
    (repo / ".gitignore").write_text("*.log\n")
    await to_thread.run_sync(run, repo, "git", "add", "z")
    (repo / "z").unlink()
    found = [item["path"] for item in await everything(repo, q="app", limit=2)]

    assert found == ["old/app.py", "src/app.py", "src/map_app.py", "apps/x", "src/a_p_p.txt"]
    assert [item["path"] for item in await everything(repo, q="SRC map")] == ["src/map_app.py"]
    assert [item["path"] for item in await everything(repo, q="Ü")] == ["ü.txt"]
    assert [item["path"] for item in await everything(repo, q="app", path="old")] == ["old/app.py"]
    assert await everything(repo, q="nothing like it") == []
    assert await everything(repo, q="z") == []


async def test_a_text_comes_in_whole_characters(repo: Path) -> None:
    """Whatever the page's size; the pages together are the file."""
    text = "aé€🙂" * 50
    (repo / "text").write_text(text)
    for limit in (1, 4, 5, 6, 7, 1000):
        parts: list[str] = []
        offset: int | None = 0
        while offset is not None:
            page = await read_file(repo, "text", offset=offset, limit=limit)
            assert (page["kind"], page["path"], page["size"]) == (
                "file",
                "text",
                len(text.encode()),
            )
            assert page["encoding"] == "utf-8"
            assert page["offset"] == offset
            parts.append(page["content"])
            offset = page["next_offset"]
        assert "".join(parts) == text


async def test_other_bytes_come_in_base64(repo: Path) -> None:
    """Also a NUL, which no database keeps in a text, and a text that ends within a character."""
    for content in (b"\xff\xfe", b"a\0b", "é".encode()[:1], b"\x80" * 9):
        (repo / "bytes").write_bytes(content)
        page = await read_file(repo, "bytes")
        assert page["encoding"] == "base64"
        assert base64.b64decode(page["content"]) == content
        assert page["next_offset"] is None
    (repo / "bytes").write_bytes(b"\x80" * 9)
    page = await read_file(repo, "bytes", limit=4)
    assert (len(base64.b64decode(page["content"])), page["next_offset"]) == (4, 4)
    (repo / "bytes").write_bytes(b"")
    page = await read_file(repo, "bytes", offset=5)
    assert (page["content"], page["next_offset"]) == ("", None)


async def test_a_link_is_its_target_and_a_pipe_is_nothing(repo: Path) -> None:
    """Neither is opened."""
    (repo / "link").symlink_to("/etc/passwd")
    os.mkfifo(repo / "pipe")
    page = await read_file(repo, "link")

    assert (page["kind"], page["content"], page["size"]) == ("link", "/etc/passwd", 11)
    for path in ("pipe", "src", "", "."):
        with pytest.raises(InvalidInput) as caught:
            await read_file(repo, path)
        assert caught.value.code == "not_a_file"
    with pytest.raises(InvalidInput):
        await read_file(repo, "README.md", offset=-1)


async def test_no_number_is_too_large_to_be_refused(repo: Path) -> None:
    """A cursor or an offset that somebody made up."""
    cursor = base64.b64encode(b"9" * 5000).decode()
    with pytest.raises(InvalidInput) as caught:
        await list_files(repo, q="app", limit=10, cursor=cursor)
    assert caught.value.field == "cursor"
    with pytest.raises(InvalidInput) as caught:
        await read_file(repo, "README.md", offset=1 << 63)
    assert caught.value.field == "offset"


async def test_a_search_looks_behind_no_link(repo: Path, tmp_path: Path) -> None:
    """A tracked folder that somebody put a link in place of."""
    outside = tmp_path / "outside"
    (repo / "src").rename(outside)
    (repo / "src").symlink_to(outside)

    assert [item["path"] for item in await everything(repo, q="app.py")] == []
