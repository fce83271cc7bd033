"""Rewinding: only what differs, never what it does not know, each file as git would check it out."""

from pathlib import Path

import msgspec
import pytest
from anyio import to_thread

from roundhouse.model.errors import Conflict, WorkspaceError
from roundhouse.workspace import rewind as module
from roundhouse.workspace.move import carry_out, finish
from roundhouse.workspace.rewind import Target, rewind_to, worktree_move
from roundhouse.workspace.session_store import SessionStore
from roundhouse.workspace.snapshot import parse_author
from tests.workspace.conftest import SESSION, Bench
from tests.workspace.test_move import state_of


async def go(bench: Bench, old: str, new: str) -> list[str]:
    """Bring the worktree's files from one snapshot to another."""
    move = await worktree_move(bench.snapshots, bench.row, old, new, kind="rewind", then={})
    left = await carry_out(bench.snapshots, bench.row, move)
    await finish(bench.snapshots, SESSION)
    return left


async def rewind(bench: Bench, target: str) -> Target:
    """As the caller does it: a safety snapshot, the target, the files, the row."""
    known = bench.row.head_snapshot or ""
    safe = (await bench.take(None, None)).commit
    found = await rewind_to(bench.snapshots, bench.row, known=known, target=target, message="Back")
    assert await go(bench, safe, found.snapshot) == []
    bench.worktree = msgspec.structs.replace(bench.row, head_snapshot=found.snapshot)
    assert not (await bench.take(None, None)).changed
    return found


async def test_files_go_back_and_forth_and_only_those_that_differ(bench: Bench) -> None:
    """The way back is one more rewind."""
    base = bench.row.head_snapshot or ""
    (bench.path / "same").write_text("x\n")
    one = (await bench.take("a", "1")).commit
    (bench.path / "README.md").unlink()
    (bench.path / "src" / "app.py").write_text("changed\n")
    (bench.path / "new").mkdir()
    (bench.path / "new" / "file\n").write_bytes(b"\r\n\xff")
    (bench.path / "new" / "run").symlink_to("../same")
    (bench.path / "same").touch()
    two = (await bench.take("b", "2")).commit
    after = state_of(bench.path)
    at = (bench.path / "same").stat()
    back = await rewind(bench, one)

    assert sorted(file.file_path for file in back.files) == [
        "README.md",
        "new/file\n",
        "new/run",
        "src/app.py",
    ]
    assert await bench.in_store("rev-parse", f"{back.snapshot}^{{tree}}") == (
        await bench.in_store("rev-parse", f"{one}^{{tree}}")
    )
    made = await bench.in_store("log", "-1", "--format=%P%n%B", back.snapshot)
    assert made.startswith(f"{two} {one}\nBack\n")
    assert parse_author(made).agent is None
    assert not (bench.path / "new").exists()
    assert ((bench.path / "same").stat().st_ino, (bench.path / "same").stat().st_mtime_ns) == (
        at.st_ino,
        at.st_mtime_ns,
    )
    await rewind(bench, two)
    assert state_of(bench.path) == after
    await rewind(bench, base)
    assert not (bench.path / "same").exists()


async def test_nothing_to_go_back_to_is_the_head_itself(bench: Bench) -> None:
    """No snapshot is made for nothing."""
    head = bench.row.head_snapshot or ""

    assert await rewind(bench, head) == Target(snapshot=head, files=[], kept=[])
    bench.worktree = msgspec.structs.replace(bench.row, head_snapshot=None)
    with pytest.raises(WorkspaceError):
        await rewind_to(bench.snapshots, bench.row, known=head, target=head, message="x")


async def test_what_was_first_seen_in_the_safety_snapshot_stays(bench: Bench) -> None:
    """Also where the goal has a file in its way, or a folder."""
    (bench.path / "was file").write_text("x")
    (bench.path / "was folder").mkdir()
    (bench.path / "was folder" / "in").write_text("x")
    goal = (await bench.take("a", "1")).commit
    (bench.path / "was file").unlink()
    (bench.path / "was folder" / "in").unlink()
    (bench.path / "was folder").rmdir()
    (bench.path / "by agent").write_text("x")
    await bench.take("a", "2")
    (bench.path / "mine").write_text("mine")
    (bench.path / "was file").mkdir()
    (bench.path / "was file" / "mine").write_text("mine")
    (bench.path / "was folder").write_text("mine")
    (bench.path / "README.md").write_text("mine too, and known")
    back = await rewind(bench, goal)

    assert back.kept == ["mine", "was file/mine", "was folder"]
    for path in back.kept:
        assert (bench.path / path).read_text() == "mine"
    assert not (bench.path / "by agent").exists()
    assert (bench.path / "README.md").read_text() != "mine too, and known"


async def test_ignored_files_stay_and_are_not_overwritten(bench: Bench) -> None:
    """Where the goal would put one, and where its folder would be."""
    for path in ("made", "deep/in", "link/in"):
        (bench.path / path).parent.mkdir(exist_ok=True)
        (bench.path / path).write_text("agent's")
    goal = (await bench.take("a", "1")).commit
    for path in ("made", "deep/in", "link/in"):
        (bench.path / path).unlink()
    (bench.path / "deep").rmdir()
    (bench.path / "link").rmdir()
    await bench.take("a", "2")
    exclude = await bench.git("rev-parse", "--git-path", "info/exclude")
    (bench.path / exclude.strip()).parent.mkdir(exist_ok=True)
    (bench.path / exclude.strip()).write_text("/made\n/deep\n/link\n*.log\n")
    (bench.path / "made").write_text("mine")
    (bench.path / "deep").write_text("mine")
    (bench.path / "link").symlink_to(bench.repo)
    (bench.path / "x.log").write_text("mine")
    with pytest.raises(Conflict) as refused:
        await go(bench, bench.row.head_snapshot or "", goal)
    assert refused.value.code == "occupied"
    back = await rewind(bench, goal)

    assert back.kept == ["deep/in", "link/in", "made"]
    for path in ("made", "deep", "x.log"):
        assert (bench.path / path).read_text() == "mine"
    assert (bench.path / "link").is_symlink()
    assert not (bench.repo / "in").exists()


async def test_an_edit_since_the_snapshot_stops_the_move(bench: Bench) -> None:
    """By name, and with nothing written."""
    base = bench.row.head_snapshot or ""
    (bench.path / "src" / "app.py").write_text("by agent\n")
    (bench.path / "README.md").unlink()
    head = (await bench.take("a", "1")).commit
    (bench.path / "src" / "app.py").write_text("by person\n")
    (bench.path / "other").write_text("not touched by the move\n")
    with pytest.raises(Conflict) as refused:
        await go(bench, head, base)

    assert (refused.value.code, refused.value.details) == ("moved", {"paths": ["src/app.py"]})
    assert not (bench.path / "README.md").exists()


async def test_line_ends_and_attributes_are_those_of_the_goal(bench: Bench) -> None:
    """As a checkout would write them, with the attributes that the goal has."""
    (bench.path / ".gitattributes").write_text("*.win text eol=crlf\n*.id ident\n")
    (bench.path / "a.win").write_bytes(b"one\r\ntwo\r\n")
    (bench.path / "b.win").write_bytes(b"no end\r\nhere")
    (bench.path / "c.id").write_text("$Id$\n")
    goal = (await bench.take("a", "1")).commit
    assert (await bench.in_store("show", f"{goal}:a.win")) == "one\ntwo\n"
    (bench.path / ".gitattributes").unlink()
    (bench.path / "a.win").write_bytes(b"one\n2\n")
    (bench.path / "b.win").unlink()
    (bench.path / "c.id").write_text("x\n")
    head = (await bench.take("a", "2")).commit
    await rewind(bench, goal)

    assert (bench.path / "a.win").read_bytes() == b"one\r\ntwo\r\n"
    assert (bench.path / "b.win").read_bytes() == b"no end\r\nhere"
    assert (bench.path / "c.id").read_text().startswith("$Id: ")
    await rewind(bench, head)
    assert (bench.path / "a.win").read_bytes() == b"one\n2\n"


async def test_the_repositorys_configuration_holds(bench: Bench) -> None:
    """Here a checkout on another system's line ends."""
    await bench.in_repo("config", "core.autocrlf", "true")
    (bench.path / "text").write_bytes(b"one\r\ntwo\r\n")
    goal = (await bench.take("a", "1")).commit
    (bench.path / "text").write_bytes(b"other\r\n")
    await bench.take("a", "2")
    await rewind(bench, goal)

    assert (bench.path / "text").read_bytes() == b"one\r\ntwo\r\n"


async def test_a_submodule_stays_where_it_is(bench: Bench, tmp_path: Path) -> None:
    """Its files are another repository's."""
    base = bench.row.head_snapshot or ""
    await bench.git(
        "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(bench.repo), "sub"
    )
    (bench.path / "file").write_text("x")
    one = (await bench.take("a", "1")).commit
    inside = state_of(bench.path / "sub")
    back = await rewind(bench, base)

    assert [file.file_path for file in back.files] == [".gitmodules", "file"]
    assert state_of(bench.path / "sub") == inside
    await rewind(bench, one)
    assert (bench.path / "file").exists()


async def test_nothing_of_the_users_repository_changes(bench: Bench) -> None:
    """Neither its objects nor what the worktree's own index says."""
    (bench.path / "file").write_text("x")
    await bench.git("add", "--intent-to-add", "file")
    await bench.take("a", "1")
    common = bench.repo / ".git"

    def files() -> dict[str, bytes]:
        return {
            str(path.relative_to(common)): path.read_bytes()
            for path in common.rglob("*")
            if path.is_file()
        }

    before = files()
    await rewind(bench, bench.row.base_snapshot or "")
    assert files() == before
    assert not list(bench.store.glob("aside*"))


async def test_an_edit_while_the_move_is_planned_stops_it_too(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Right behind the look at the files: it must not pass for what was there before."""
    base = bench.row.head_snapshot or ""
    place = bench.path / "src" / "app.py"
    place.write_text("by agent\n")
    head = (await bench.take("a", "1")).commit
    look = module._moved

    async def meanwhile(store: SessionStore, old: str) -> set[bytes]:
        found = await look(store, old)
        await to_thread.run_sync(place.write_text, "by person\n")
        return found

    monkeypatch.setattr(module, "_moved", meanwhile)
    with pytest.raises(Conflict) as refused:
        await go(bench, head, base)

    assert (refused.value.code, refused.value.details) == ("moved", {"paths": ["src/app.py"]})
    assert place.read_text() == "by person\n"
