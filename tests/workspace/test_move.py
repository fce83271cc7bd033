"""Moves: all or nothing, killed after every step, and never over somebody else's work."""

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from msgspec import Struct

from roundhouse.model.errors import Conflict, WorkspaceError
from roundhouse.workspace import move as moves
from roundhouse.workspace.image import PLAIN, Raw, image_tree, write_tree
from roundhouse.workspace.move import Move, carry_out, finish, resume, unfinished
from tests.workspace.conftest import SESSION, Bench
from tests.workspace.killed_move import Order

LINK, RUN = "link", "run"
State = dict[bytes, tuple[str, bytes]]
"""Every file of a folder: what it is (empty: a plain file), and its content or target."""

BEFORE: State = {
    b"both": ("", b"same"),
    b"crlf": ("", b"a\r\nb\r\n"),
    b"no end": ("", b"one\ntwo"),
    b"empty": ("", b""),
    b"full": ("", b"x" * 70_000),
    b"script": (RUN, b"#!/bin/sh\n"),
    b"plain": ("", b"#!/bin/sh\n"),
    b"pointer": (LINK, b"plain"),
    b"becomes link": ("", b"x"),
    b"becomes file": (LINK, b"nowhere"),
    b"gone/deep/er/file": ("", b"x"),
    b"gone/deep/other": ("", b"x"),
    b"shared/gone": ("", b"x"),
    b"file then folder": ("", b"x"),
    b"folder then file/a": ("", b"x"),
    b"folder then file/b/c": ("", b"x"),
    b"link then folder": (LINK, b"shared"),
    b'it\'s "quoted"': ("", b"1"),
    b"line\nbreak\r": ("", b"1"),
    "größe ☃".encode(): ("", b"1"),
    b"bytes \xff\xfe": ("", b"1"),
}
AFTER: State = {
    b"both": ("", b"same"),
    b"crlf": ("", b"a\r\nB\r\n"),
    b"no end": ("", b"one\ntwo\nthree"),
    b"empty": ("", b"y" * 70_000),
    b"full": ("", b""),
    b"script": ("", b"#!/bin/sh\n"),
    b"plain": (RUN, b"#!/bin/sh\n"),
    b"pointer": (LINK, b"\xff elsewhere\n"),
    b"becomes link": (LINK, b"x"),
    b"becomes file": ("", b"nowhere"),
    b"new/deep/er/file": ("", b"x"),
    b"file then folder/in/it": ("", b"x"),
    b"folder then file": (RUN, b"x"),
    b"link then folder/in it": ("", b"x"),
    b'it\'s "quoted"': ("", b"2"),
    b"line\nbreak\r": ("", b"2"),
    "größe ☃".encode(): ("", b"2"),
    b"bytes \xff\xfe": ("", b"2"),
    b"-new line\n": ("", b"2"),
}
OTHERS: State = {b"own": ("", b"mine"), b"shared/own": (LINK, b"own"), b"gone/own/x": ("", b"mine")}
"""What is the user's, in the same folders."""


def lay(root: Path, state: State) -> None:
    """Make the folder hold these files, and nothing else but `.git`."""
    root.mkdir(exist_ok=True)
    for found in root.iterdir():
        if found.is_dir() and not found.is_symlink():
            shutil.rmtree(found)
        elif found.name != ".git":
            found.unlink()
    for path, (kind, content) in state.items():
        place = root / os.fsdecode(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        if kind == LINK:
            place.symlink_to(os.fsdecode(content))
        else:
            place.write_bytes(content)
            place.chmod(0o755 if kind == RUN else 0o644)


def state_of(root: Path) -> State:
    """All that the folder holds; an empty folder counts as a file."""
    found: State = {}
    for place in root.rglob("*"):
        path = os.fsencode(place.relative_to(root))
        if place.is_symlink():
            found[path] = (LINK, os.fsencode(place.readlink()))
        elif place.is_dir():
            if not any(place.iterdir()):
                found[path] = ("empty folder", b"")
        elif path != b".git":
            run = place.stat().st_mode & stat.S_IXUSR
            found[path] = (RUN if run else "", place.read_bytes())
    return found


class Killer(Struct):
    """The other process."""

    process: "subprocess.Popen[bytes]"

    def run(self, bench: Bench, move: Move, last: int = 0, *, again: bool = False) -> int:
        """Carry the move out there, to be killed after step `last`. Gives the number of steps, -1 if it was."""
        order = Order(str(bench.data / "snapshots"), bench.row, move, last, again)
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(msgspec.json.encode(order) + b"\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())


@pytest.fixture(scope="module")
def killer() -> Iterator[Killer]:
    """A process that is killed again and again."""
    command = [sys.executable, "-m", "tests.workspace.killed_move"]
    root = Path(__file__).parent.parent.parent
    with subprocess.Popen(
        command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        yield Killer(process)


async def planned(bench: Bench, before: State = BEFORE, after: State = AFTER) -> Move:
    """The move of the worktree's files from one state to the other; they are as before, with the user's own."""
    lay(bench.data / "after", after)
    lay(bench.path, OTHERS | before)
    return Move(
        kind="rewind",
        root=str(bench.path),
        before=await image_tree(bench.store, bench.path, before),
        after=await image_tree(bench.store, bench.data / "after", after),
        then={"rows": ["x"]},
    )


async def refs(bench: Bench) -> list[str]:
    """The moves that the store keeps."""
    return (await bench.in_store("for-each-ref", "--format=%(refname)", moves.REFS)).split()


async def test_every_kind_of_file_gets_there(bench: Bench) -> None:
    """And the journal says so until it is finished."""
    move = await planned(bench)
    left = await carry_out(bench.snapshots, bench.row, move)

    assert left == []
    assert state_of(bench.path) == OTHERS | AFTER
    assert await unfinished(bench.snapshots, SESSION) == move
    assert len(await refs(bench)) == 2
    with pytest.raises(Conflict) as second:
        await carry_out(bench.snapshots, bench.row, move)
    assert second.value.code == "unfinished"
    assert await resume(bench.snapshots, bench.row, move) == []
    await finish(bench.snapshots, SESSION)
    await finish(bench.snapshots, SESSION)
    assert await unfinished(bench.snapshots, SESSION) is None
    assert await refs(bench) == []
    assert state_of(bench.path) == OTHERS | AFTER


async def test_killed_after_every_step_it_is_the_old_or_the_new_state(
    bench: Bench, killer: Killer
) -> None:
    """New wherever the journal was written; the user's files are as they were in both."""
    move = await planned(bench)
    steps = killer.run(bench, move)
    assert steps > 50
    await finish(bench.snapshots, SESSION)
    ends = []
    for last in range(1, steps + 1):
        lay(bench.path, OTHERS | BEFORE)
        assert killer.run(bench, move, last) == -1
        begun = await unfinished(bench.snapshots, SESSION)
        ends.append(begun)
        if begun is not None:
            assert await resume(bench.snapshots, bench.row, begun) == []
            await finish(bench.snapshots, SESSION)
        assert state_of(bench.path) == OTHERS | (BEFORE if begun is None else AFTER), last
    assert ends[0] is None
    assert ends[1:] == [move] * (steps - 1)
    assert not list(bench.store.glob("move.json"))


async def test_killed_once_more_while_going_on_it_still_ends(bench: Bench, killer: Killer) -> None:
    """After every step of the second run."""
    names = {
        b"crlf",
        b"becomes link",
        b"gone/deep/er/file",
        b"file then folder",
        b"new/deep/er/file",
    }
    names |= {b"folder then file/a", b"file then folder/in/it", b"folder then file"}
    before, after = ({path: s[path] for path in s.keys() & names} for s in (BEFORE, AFTER))
    move = await planned(bench, before, after)
    steps = killer.run(bench, move)
    await finish(bench.snapshots, SESSION)
    last = 0
    killed = True
    while killed:
        last += 1
        lay(bench.path, OTHERS | before)
        killer.run(bench, move, steps // 2)
        killed = killer.run(bench, move, last, again=True) == -1
        assert await resume(bench.snapshots, bench.row, move) == []
        assert state_of(bench.path) == OTHERS | after, last
        await finish(bench.snapshots, SESSION)
    assert last > steps // 2


async def test_what_somebody_changed_after_the_kill_is_left_alone(
    bench: Bench, killer: Killer
) -> None:
    """Whether the move had been there or not, and where it wants a folder."""
    move = await planned(bench)
    steps = killer.run(bench, move)
    await finish(bench.snapshots, SESSION)
    for last in (2, steps // 2, steps):
        lay(bench.path, OTHERS | BEFORE)
        assert killer.run(bench, move, last) == -1
        own = {b"crlf": ("", b"mine"), b"new": ("", b"mine"), b"shared/gone": (LINK, b"mine")}
        shutil.rmtree(bench.path / "new", ignore_errors=True)
        for path, (kind, content) in own.items():
            place = bench.path / os.fsdecode(path)
            place.unlink(missing_ok=True)
            if kind == LINK:
                place.symlink_to(os.fsdecode(content))
            else:
                place.write_bytes(content)
        left = await resume(bench.snapshots, bench.row, move)
        await finish(bench.snapshots, SESSION)

        assert left == ["crlf", "new/deep/er/file", "shared/gone"]
        wanted = OTHERS | AFTER | own
        del wanted[b"new/deep/er/file"]
        assert state_of(bench.path) == wanted


@pytest.mark.parametrize(
    ("changed", "paths"),
    [
        ({b"crlf": ("", b"a\nb\n")}, ["crlf"]),
        ({b"script": ("", b"#!/bin/sh\n")}, ["script"]),
        ({b"pointer": ("", b"plain")}, ["pointer"]),
        ({b"both": ("", b"SAME"), b"no end": (LINK, b"x")}, ["both", "no end"]),
        ({b"-new line\n": ("", b"2")}, ["-new line\n"]),
        ({b"new": ("", b"")}, ["new/deep/er/file"]),
        ({b"folder then file/b/mine": ("", b"")}, ["folder then file"]),
    ],
)
async def test_nothing_is_written_where_a_file_is_not_as_it_must_be(
    bench: Bench, changed: State, paths: list[str]
) -> None:
    """Content, mode and kind; what is there and should not be; what is in the way."""
    move = await planned(bench)
    lay(bench.path, OTHERS | BEFORE | changed)
    with pytest.raises(Conflict) as refused:
        await carry_out(bench.snapshots, bench.row, move)

    assert (refused.value.code, refused.value.details) == ("moved", {"paths": paths})
    assert state_of(bench.path) == OTHERS | BEFORE | changed
    assert await unfinished(bench.snapshots, SESSION) is None
    assert await refs(bench) == []


async def test_a_missing_file_and_an_odd_one_are_not_as_they_must_be(bench: Bench) -> None:
    """A pipe is nothing that a snapshot could hold."""
    move = await planned(bench)
    (bench.path / "crlf").unlink()
    (bench.path / "empty").unlink()
    os.mkfifo(bench.path / "empty")
    with pytest.raises(Conflict) as refused:
        await carry_out(bench.snapshots, bench.row, move)

    assert refused.value.details == {"paths": ["crlf", "empty"]}


async def test_no_link_is_followed_out_of_the_folder(bench: Bench, tmp_path: Path) -> None:
    """Neither to write nor to delete, not even when the link comes after a kill."""
    outside = tmp_path / "outside"
    lay(outside, {b"x": ("", b"theirs")})
    move = await planned(bench, {}, {b"folder/x": ("", b"ours")})
    (bench.path / "folder").symlink_to(outside)
    with pytest.raises(Conflict) as refused:
        await carry_out(bench.snapshots, bench.row, move)
    assert (refused.value.code, refused.value.details) == ("outside", {"paths": ["folder/x"]})

    move = await planned(bench, {b"folder/x": ("", b"theirs")}, {})
    shutil.rmtree(bench.path / "folder")
    (bench.path / "folder").symlink_to(outside)
    with pytest.raises(Conflict):
        await carry_out(bench.snapshots, bench.row, move)
    # Seen as deleted already: there is nothing behind a link.
    assert await resume(bench.snapshots, bench.row, move) == []
    assert state_of(outside) == {b"x": ("", b"theirs")}


async def test_gits_own_files_are_never_written(bench: Bench) -> None:
    """No tree of ours holds them; one that somebody made in other ways is refused by us."""
    blob = (await bench.in_store("hash-object", "-w", "-t", "blob", "/dev/null")).strip()
    with pytest.raises(Conflict):
        await write_tree(bench.store, {b"a/.git/config": Raw(PLAIN, blob)})
    for name in (".git", ".GIT", ".."):
        tree = bench.data / "tree"
        tree.write_bytes(f"100644 {name}".encode() + b"\0" + bytes.fromhex(blob))
        made = await bench.in_store("hash-object", "-w", "-t", "tree", "--literally", str(tree))
        empty = await write_tree(bench.store, {})
        move = Move(kind="x", root=str(bench.path), before=empty, after=made.strip(), then={})
        link = (bench.path / ".git").read_bytes()
        with pytest.raises(Conflict) as refused:
            await carry_out(bench.snapshots, bench.row, move)
        assert refused.value.code == "outside"
        assert (bench.path / ".git").read_bytes() == link


async def test_contents_that_cannot_be_written_leave_everything_as_it_was(bench: Bench) -> None:
    """Not even the journal stays, since nothing was moved yet."""
    move = await planned(bench)

    def fail(step: str) -> None:
        if step.startswith("staged 1"):
            raise OSError(28, "No space left on device")

    with pytest.raises(WorkspaceError, match="No space left on device"):
        await carry_out(bench.snapshots, bench.row, move, step=fail)
    assert state_of(bench.path) == OTHERS | BEFORE
    assert await unfinished(bench.snapshots, SESSION) is None
    assert await refs(bench) == []
    assert await carry_out(bench.snapshots, bench.row, move) == []


async def test_a_change_between_the_look_and_the_writing_is_left_alone(bench: Bench) -> None:
    """The last moment that we can see."""
    move = await planned(bench)
    own = {b"crlf": ("", b"mine"), b"shared/gone": ("", b"mine"), b"-new line\n": ("", b"mine")}

    def edit(step: str) -> None:
        if step == "journal in force":
            for path, (_kind, content) in own.items():
                (bench.path / os.fsdecode(path)).write_bytes(content)

    left = await carry_out(bench.snapshots, bench.row, move, step=edit)
    assert sorted(left) == ["-new line\n", "crlf", "shared/gone"]
    assert state_of(bench.path) == OTHERS | AFTER | own


async def test_rights_that_git_does_not_know_stay(bench: Bench) -> None:
    """A private file stays private."""
    move = await planned(bench, {b"secret": ("", b"1")}, {b"secret": (RUN, b"2")})
    (bench.path / "secret").chmod(0o600)
    await carry_out(bench.snapshots, bench.row, move)

    assert stat.S_IMODE((bench.path / "secret").stat().st_mode) == 0o700


async def test_a_folder_that_is_gone_ends_the_move(bench: Bench) -> None:
    """There is nothing to write, and nothing to wait for."""
    move = await planned(bench, {b"a": ("", b"1")}, {b"b": ("", b"2")})
    move = msgspec.structs.replace(move, root=str(bench.data / "nowhere"))

    assert await resume(bench.snapshots, bench.row, move) == ["a", "b"]
    with pytest.raises(WorkspaceError):
        await carry_out(bench.snapshots, bench.row, move)


async def test_an_apply_is_kept_over_packing_and_the_users_clean_up(bench: Bench) -> None:
    """Its trees are what undoing it needs."""
    (bench.path / "big").write_text("".join(f"{number}\n" for number in range(999)))
    await bench.take()
    move = await planned(bench)
    move = msgspec.structs.replace(move, kind="apply")
    await bench.snapshots.pack(bench.row)
    await carry_out(bench.snapshots, bench.row, move)
    await finish(bench.snapshots, SESSION)
    await bench.snapshots.pack(bench.row)
    await bench.snapshots.pack(bench.row)
    await bench.in_repo("gc", "--prune=now", "--quiet")

    assert len(await refs(bench)) == 2
    await bench.in_store("fsck", "--strict", "--connectivity-only")
    for tree in (move.before, move.after):
        await bench.in_store("archive", "--format=tar", "-o", str(bench.data / "x"), tree)


async def test_a_journal_that_nobody_can_read_is_said(bench: Bench) -> None:
    """Never taken for none."""
    (bench.store / "move.json").write_text("{")

    with pytest.raises(WorkspaceError, match="journal"):
        await unfinished(bench.snapshots, SESSION)


async def test_many_files_are_waited_for_together(bench: Bench) -> None:
    """And each of them gets there; what cannot be written to the end leaves all as it was."""
    before: State = {b"f%d/x" % number: ("", b"%d" % number) for number in range(200)}
    after: State = {path: ("", content + b" new") for path, (_kind, content) in before.items()}
    move = await planned(bench, before, after)

    def fail(step: str) -> None:
        if step == "secured":
            raise OSError(5, "Input/output error")

    with pytest.raises(WorkspaceError, match="Input/output error"):
        await carry_out(bench.snapshots, bench.row, move, step=fail)
    assert state_of(bench.path) == OTHERS | before
    assert await carry_out(bench.snapshots, bench.row, move) == []
    assert state_of(bench.path) == OTHERS | after
