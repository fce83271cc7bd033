"""Applying a session's changes to the user's checkout, and taking them out again: exactly, or not at all."""

import hashlib
import random
import shutil
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from subprocess import PIPE, Popen

import msgspec
import pytest
from anyio import to_thread

from roundhouse.model.errors import Conflict, WorkspaceError
from roundhouse.model.review import Applied
from roundhouse.workspace.apply import ApplyPlan, plan_apply, plan_undo
from roundhouse.workspace.move import carry_out, finish, resume, unfinished
from tests.workspace.conftest import SESSION, Bench, run
from tests.workspace.killed_move import Order


def everything(root: Path) -> dict[str, str]:
    """All that lies in a folder, its git folder included: kinds, modes, contents."""
    found = {}
    for path in sorted(root.rglob("*")):
        if path.is_symlink():
            found[str(path)] = f"link {path.readlink()}"
        elif path.is_file():
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            found[str(path)] = f"{path.stat().st_mode:o} {digest}"
        else:
            found[str(path)] = "folder"
    return found


def files(root: Path) -> dict[str, str]:
    """The same without git's folder."""
    git = str(root / ".git")
    return {name: what for name, what in everything(root).items() if not name.startswith(git)}


async def plan(bench: Bench, target: str | None = None) -> ApplyPlan:
    """A plan for the last snapshot, which must not have left a mark on anything of the user's."""
    before = everything(bench.repo)
    target = target or bench.row.head_snapshot
    assert target is not None
    made = await plan_apply(bench.snapshots, bench.row, bench.repo, target, then={"x": 1})
    assert everything(bench.repo) == before
    return made


async def carry(bench: Bench, made: ApplyPlan) -> Applied:
    """Carry the plan out; nothing in git's folder changes. The row that there is then."""
    git = everything(bench.repo / ".git")
    assert made.move is not None
    assert made.conflicts == []
    assert await carry_out(bench.snapshots, bench.row, made.move) == []
    await finish(bench.snapshots, SESSION)
    assert everything(bench.repo / ".git") == git
    assert await bench.in_store("fsck", "--no-dangling") == ""
    return Applied(
        id="1",
        session_id=SESSION,
        project_path=str(bench.repo),
        before_tree=made.move.before,
        after_tree=made.move.after,
        base_before="",
        base_after="",
        reviewed_before="",
        reviewed_after="",
        files=[file.path for file in made.files],
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


async def apply(bench: Bench) -> Applied:
    """Take a snapshot, apply it, and move the base as the caller would."""
    await bench.take()
    done = await carry(bench, await plan(bench))
    bench.worktree = msgspec.structs.replace(bench.row, base_snapshot=bench.row.head_snapshot)
    return done


async def undo(bench: Bench, last: Applied) -> ApplyPlan:
    """Undo it where that can be."""
    before = everything(bench.repo)
    made = await plan_undo(bench.snapshots, bench.row, bench.repo, last, then={})
    assert everything(bench.repo) == before
    if made.move is not None:
        await carry(bench, made)
    return made


ROOT = Path(__file__).parent.parent.parent
KILLED = [sys.executable, "-m", "tests.workspace.killed_move"]
TEXT = "".join(f"line {number}\n" for number in range(20))


@pytest.fixture
async def bench(unmade: Bench) -> Bench:
    """A session on a commit with some files of every kind."""
    return await started(unmade)


async def started(bench: Bench, **config: str) -> Bench:
    """Commit the files, with these settings, and make the session's worktree."""
    for name, value in config.items():
        await bench.in_repo("config", name.replace("_", "."), value)
    for name in ("text", "moves", "goes", "folder/inside", "a b"):
        (bench.repo / name).parent.mkdir(exist_ok=True)
        (bench.repo / name).write_text(name.join(TEXT.splitlines(keepends=True)))
    (bench.repo / "bin").write_bytes(b"\0\1")
    (bench.repo / "link").symlink_to("text")
    (bench.repo / ".gitignore").write_text("*.log\n")
    await bench.in_repo("add", "-A")
    await bench.in_repo("commit", "-qm", "start")
    await bench.ensure()
    return bench


def edit_much(root: Path) -> None:
    """A session's edits of every kind."""
    swap(root / "text", "line 3\n", "line three\n")
    (root / "README.md").write_text("hello\nagain, no end")
    (root / "goes").unlink()
    (root / "moves").rename(root / "moved")
    swap(root / "moved", "line 3\n", "line three\n")
    (root / "made" / "deep").mkdir(parents=True)
    (root / "made" / "deep" / "new").write_text("x\n")
    (root / "src" / "app.py").chmod(0o755)
    (root / "out").symlink_to("/etc/passwd")
    (root / "link").unlink()
    (root / "link").symlink_to("a b")
    # A folder becomes a file, and a file a folder.
    (root / "folder" / "inside").unlink()
    (root / "folder").rmdir()
    (root / "folder").write_text("a file")
    (root / "a b").unlink()
    (root / "a b").mkdir()
    (root / "a b" / "c").write_text("c")
    for name in (
        'q"uote',
        "new\nline",
        "\u00fcn\u00ef",
        b"raw\xff".decode(errors="surrogateescape"),
    ):
        (root / name).write_bytes(name.encode(errors="surrogateescape"))
    (root / "bin").write_bytes(b"\0\1\2" * 100)


def swap(path: Path, old: str, new: str) -> None:
    """Replace text in a file, its line ends as they are."""
    text = path.read_bytes()
    assert text.count(old.encode()) == 1
    path.write_bytes(text.replace(old.encode(), new.encode()))


async def differs(bench: Bench) -> str:
    """What differs between the session's base and its last snapshot, as git tells it."""
    assert bench.row.base_snapshot is not None
    assert bench.row.head_snapshot is not None
    return await bench.in_store(
        *("diff", "--no-renames", "--binary", "--full-index"),
        *(bench.row.base_snapshot, bench.row.head_snapshot),
    )


async def diff_of_checkout(bench: Bench, against: str = "HEAD") -> str:
    """What the user sees that differs, new files too; in an index of our own."""
    index = bench.data / "see.index"
    command = f"""cp .git/index '{index}' && export GIT_INDEX_FILE='{index}' && git add -A &&
        git diff --cached --no-renames --binary --full-index {against}"""
    return await to_thread.run_sync(run, bench.repo, "sh", "-c", command)


async def test_a_clean_checkout_gets_exactly_what_was_accepted(bench: Bench) -> None:
    """Whatever the kind of edit, and whatever the file's name."""
    edit_much(bench.path)
    await bench.take()
    made = await plan(bench)
    await carry(bench, made)

    assert await diff_of_checkout(bench) == await differs(bench)
    told = {file.path: (file.old_mode, file.new_mode, file.binary) for file in made.files}
    assert told["src/app.py"] == ("100644", "100755", False)
    assert told["out"] == (None, "120000", False)
    assert told["bin"] == (None, None, True)
    assert told["text"] == (None, None, False)
    assert {file.path: file.old_path for file in made.files}["moved"] == "moves"
    assert not any(file.merged for file in made.files)
    assert made.move is not None
    assert (made.move.kind, made.move.then) == ("apply", {"x": 1})


async def test_twice_is_once(bench: Bench) -> None:
    """With the base where it was all is there already; with the base moved nothing is left."""
    edit_much(bench.path)
    await bench.take()
    await carry(bench, await plan(bench))
    after = everything(bench.repo)

    again = await plan(bench)
    assert (again.files, again.conflicts, again.move) == ([], [], None)
    assert len(again.unchanged) > 10
    bench.worktree = msgspec.structs.replace(bench.row, base_snapshot=bench.row.head_snapshot)
    assert (await plan(bench)).unchanged == []
    assert everything(bench.repo) == after


async def test_after_the_base_moved_only_the_rest_comes(bench: Bench) -> None:
    """On top of what was applied, and of the user's edits since."""
    swap(bench.path / "text", "line 3\n", "line three\n")
    await apply(bench)
    swap(bench.repo / "text", "line 19\n", "line nineteen\n")
    swap(bench.path / "text", "line 10\n", "line ten\n")
    await bench.take()
    made = await plan(bench)
    await carry(bench, made)

    text = (bench.repo / "text").read_text()
    assert all(word in text for word in ("three", "ten", "nineteen"))
    assert [(file.path, file.merged) for file in made.files] == [("text", True)]


async def test_the_users_edits_stay(bench: Bench) -> None:
    """Unstaged, staged and committed ones; at the old path of a rename they come along. The index stays."""
    edit_much(bench.path)
    await bench.take()
    swap(bench.repo / "moves", "line 15\n", "mine\n")
    swap(bench.repo / "text", "line 15\n", "mine\n")
    await bench.in_repo("commit", "-qam", "mine")
    swap(bench.repo / "text", "line 18\n", "staged\n")
    await bench.in_repo("add", "text")
    swap(bench.repo / "src" / "app.py", "hello", "hallo")
    (bench.repo / "x.log").write_text("ignored")
    made = await plan(bench)
    await carry(bench, made)

    text = (bench.repo / "text").read_text()
    assert all(word in text for word in ("three", "mine", "staged"))
    moved = (bench.repo / "moved").read_text()
    assert "three" in moved
    assert "mine" in moved
    assert not (bench.repo / "moves").exists()
    app = bench.repo / "src" / "app.py"
    assert "hallo" in app.read_text()
    assert app.stat().st_mode & 0o100
    merged = {file.path for file in made.files if file.merged}
    assert merged == {"text", "moved", "src/app.py"}
    assert "staged" in await bench.in_repo("diff", "--cached")


def conflicting(root: Path, repo: Path) -> None:
    """Edits on both sides that do not go together, one of each kind."""
    swap(root / "text", "line 3\n", "theirs\n")
    swap(repo / "text", "line 3\n", "ours\n")
    swap(root / "moves", "line 3\n", "theirs\n")
    (repo / "moves").unlink()
    (root / "goes").unlink()
    swap(repo / "goes", "line 3\n", "ours\n")
    (root / "bin").write_bytes(b"\0theirs")
    (repo / "bin").write_bytes(b"\0ours")
    (root / "made").write_text("theirs")
    (repo / "made").write_text("ours")
    (root / "x.log").write_text("theirs")
    (root / ".gitignore").write_text("")
    (repo / "x.log").write_text("ours")
    (root / "link").unlink()
    (root / "link").write_text("theirs")
    (repo / "link").unlink()
    (repo / "link").symlink_to("bin")
    swap(root / "folder" / "inside", "line 3\n", "theirs\n")
    (repo / "folder" / "inside").unlink()
    (repo / "folder").rmdir()
    (repo / "folder").symlink_to("src")
    swap(root / "a b", "line 3\n", "theirs\n")
    (repo / "a b").unlink()
    (repo / "a b").mkdir()
    (repo / "a b" / "mine").write_text("mine")
    (root / "dir").mkdir()
    (root / "dir" / "file").write_text("theirs")
    (repo / "dir").write_text("mine")


async def test_conflicts_are_told_with_their_sides_and_nothing_is_written(bench: Bench) -> None:
    """Every kind at once."""
    conflicting(bench.path, bench.repo)
    (bench.repo / "tracked").write_text("ours")
    await bench.in_repo("add", "tracked")
    (bench.path / "tracked").write_text("theirs")
    await bench.take()
    made = await plan(bench)

    assert {conflict.path: conflict.kind for conflict in made.conflicts} == {
        "text": "content",
        "moves": "deleted_in_checkout",
        "goes": "deleted_in_session",
        "bin": "binary",
        "made": "occupied",
        "tracked": "both_added",
        "x.log": "occupied",
        "link": "type",
        "folder/inside": "outside",
        "a b": "type",
        "dir/file": "type",
    }
    assert made.move is None
    assert {c.path: c.in_the_way for c in made.conflicts if c.in_the_way} == {
        "folder/inside": "folder",
        "dir/file": "dir",
    }
    text = next(conflict for conflict in made.conflicts if conflict.path == "text")
    assert text.ours is not None
    assert text.theirs is not None
    assert "ours" in (text.ours.text or "")
    assert "theirs" in (text.theirs.text or "")
    assert "<<<<<<< checkout\ntextours\n=======\ntexttheirs\n>>>>>>> session\n" in (
        text.merged or ""
    )
    binary = next(conflict for conflict in made.conflicts if conflict.path == "bin")
    assert binary.ours is not None
    assert binary.ours.binary
    assert [file.path for file in made.files] == [".gitignore"]


async def test_long_sides_are_told_of_only(bench: Bench) -> None:
    """A side over the bound says so."""
    (bench.path / "text").write_text("theirs\n" * 100_000)
    await bench.take()
    (bench.repo / "text").write_text("ours\n")
    (conflict,) = (await plan(bench)).conflicts

    assert conflict.theirs is not None
    assert (conflict.theirs.text, conflict.theirs.too_large) == (None, True)
    assert conflict.ours is not None
    assert conflict.ours.text == "ours\n"


async def test_a_rename_meets_what_the_checkout_did_to_either_name(bench: Bench) -> None:
    """The same rename merges, a foreign file at the new name does not."""
    (bench.path / "moves").rename(bench.path / "moved")
    swap(bench.path / "moved", "line 3\n", "theirs\n")
    await bench.take()
    (bench.repo / "moved").write_text("mine")
    (conflict,) = (await plan(bench)).conflicts
    assert (conflict.path, conflict.kind) == ("moved", "occupied")

    (bench.repo / "moves").rename(bench.repo / "moved")
    swap(bench.repo / "moved", "line 15\n", "mine\n")
    made = await plan(bench)
    assert [(file.path, file.operation, file.merged) for file in made.files] == [
        ("moved", "edit", True)
    ]
    await carry(bench, made)
    text = (bench.repo / "moved").read_text()
    assert "mine" in text
    assert "theirs" in text


async def test_line_ends_are_the_checkouts_own(unmade: Bench) -> None:
    """Files get CRLF on disk, LF in git; what git shows is what was accepted, and no line more."""
    (unmade.repo / ".gitattributes").write_text("*.unix text eol=lf\n*.raw -text\n")
    (unmade.repo / "crlf-in-git").write_bytes(b"a\r\nb\r\n")
    (unmade.repo / "f.unix").write_bytes(b"a\nb\nc\n")
    (unmade.repo / "f.raw").write_bytes(b"a\r\nb\n")
    bench = await started(unmade)
    await bench.in_repo("config", "core.autocrlf", "true")
    await bench.in_repo("rm", "-rq", "--cached", ".")
    await bench.in_repo("reset", "-q", "--hard")
    assert b"\r\n" in (bench.repo / "text").read_bytes()
    for name in ("text", "crlf-in-git", "f.unix", "f.raw"):
        with (bench.path / name).open("ab") as file:
            file.write(b"end\n")
    (bench.path / "new").write_text("x\ny\n")
    await bench.take()
    swap(bench.repo / "text", "line 3\r\n", "mine\r\n")
    mine = await diff_of_checkout(bench)
    await carry(bench, await plan(bench))

    text = (bench.repo / "text").read_bytes()
    assert text.count(b"\n") == text.count(b"\r\n")
    assert b"mine\r\n" in text
    assert (bench.repo / "f.unix").read_bytes() == b"a\nb\nc\nend\n"
    assert (bench.repo / "f.raw").read_bytes() == b"a\r\nb\nend\n"
    assert (bench.repo / "new").read_bytes() == b"x\r\ny\r\n"
    assert "mine" in mine
    swap(bench.repo / "text", "mine\r\n", "line 3\r\n")
    assert await diff_of_checkout(bench) == await differs(bench)


async def test_attributes_that_come_along_hold_for_what_comes(bench: Bench) -> None:
    """As git itself would check it out."""
    (bench.path / "folder" / ".gitattributes").write_text("*.dos text eol=crlf\n")
    (bench.path / "folder" / "a.dos").write_bytes(b"a\nb\n")
    await apply(bench)

    assert (bench.repo / "folder" / "a.dos").read_bytes() == b"a\r\nb\r\n"


async def test_flags_of_the_index_hide_no_edit(bench: Bench) -> None:
    """One that git was told to overlook is merged as any other."""
    await bench.in_repo("update-index", "--assume-unchanged", "text")
    await bench.in_repo("update-index", "--skip-worktree", "goes")
    swap(bench.repo / "text", "line 15\n", "mine\n")
    (bench.repo / "goes").unlink()
    swap(bench.path / "text", "line 3\n", "theirs\n")
    swap(bench.path / "goes", "line 3\n", "theirs\n")
    await bench.take()
    made = await plan(bench)
    await carry(bench, made)

    assert "mine" in (bench.repo / "text").read_text()
    assert "theirs" in (bench.repo / "goes").read_text()


async def test_no_write_leaves_the_checkout(bench: Bench) -> None:
    """Not through a link in the way, not into git's folder, not into another repository."""
    (bench.path / "new").mkdir()
    (bench.path / "new" / "file").write_text("x")
    (bench.path / "other").mkdir()
    (bench.path / "other" / "file").write_text("x")
    await bench.take()
    (bench.repo / "new").symlink_to(bench.data)
    await bench.in_repo("init", "-q", "other")
    made = await plan(bench)

    assert {conflict.path: conflict.kind for conflict in made.conflicts} == {
        "new/file": "outside",
        "other/file": "submodule",
    }
    assert [conflict.in_the_way for conflict in made.conflicts] == ["new", "other"]


async def test_a_file_that_changes_after_the_plan_stops_it(bench: Bench) -> None:
    """Nothing of the plan is written then."""
    edit_much(bench.path)
    await bench.take()
    made = await plan(bench)
    (bench.repo / "text").write_text("meanwhile")
    before = everything(bench.repo)
    assert made.move is not None
    with pytest.raises(Conflict) as caught:
        await carry_out(bench.snapshots, bench.row, made.move)

    assert caught.value.code == "moved"
    assert everything(bench.repo) == before


async def test_undo_brings_back_every_byte(bench: Bench) -> None:
    """Edits of the user's that were there before the apply too."""
    swap(bench.repo / "text", "line 15\n", "mine\r\n")
    (bench.repo / "text").chmod(0o640)
    swap(bench.repo / "moves", "line 15\n", "mine\n")
    before = files(bench.repo)
    edit_much(bench.path)
    last = await apply(bench)
    assert files(bench.repo) != before
    made = await undo(bench, last)

    assert files(bench.repo) == before
    assert made.conflicts == []
    again = await undo(bench, last)
    assert (again.files, again.move) == ([], None)


async def test_undo_keeps_later_edits(bench: Bench) -> None:
    """As far as they can be told apart; else it says so and writes nothing."""
    edit_much(bench.path)
    last = await apply(bench)
    swap(bench.repo / "text", "line 15\n", "later\n")
    swap(bench.repo / "moved", "line 15\n", "later\n")
    made = await undo(bench, last)

    text = (bench.repo / "text").read_text()
    assert "later" in text
    assert "three" not in text
    assert "later" in (bench.repo / "moves").read_text()
    assert {file.path for file in made.files if file.merged} == {"text", "moves"}

    last = await apply_again(bench)
    swap(bench.repo / "text", "line three\n", "line drei\n")
    (bench.repo / "made" / "deep" / "new").write_text("more")
    made = await undo(bench, last)
    assert {conflict.path: conflict.kind for conflict in made.conflicts} == {
        "text": "content",
        "made/deep/new": "deleted_in_session",
    }


async def apply_again(bench: Bench) -> Applied:
    """Apply all since the session's first snapshot once more."""
    root = (
        await bench.in_store("rev-list", "--max-parents=0", bench.row.head_snapshot or "")
    ).strip()
    bench.worktree = msgspec.structs.replace(bench.row, base_snapshot=root)
    return await carry(bench, await plan(bench))


async def test_a_checkout_that_is_gone_is_named(bench: Bench) -> None:
    """With what to do."""
    (bench.path / "text").write_text("x")
    await bench.take()
    head = bench.row.head_snapshot
    assert head is not None
    bench.repo.rename(bench.repo.with_name("away"))
    with pytest.raises(WorkspaceError) as caught:
        await plan_apply(bench.snapshots, bench.row, bench.repo, head, then={})
    assert caught.value.remedy


async def test_content_behind_a_pointer_is_no_edit(unmade: Bench) -> None:
    """With git-lfs the checkout has the content, the session the pointer, until an agent writes there."""
    content = b"big " * 100
    digest = hashlib.sha256(content).hexdigest()
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize 400\n"
    (unmade.repo / ".gitattributes").write_text("*.big filter=lfs diff=lfs merge=lfs -text\n")
    for name in ("a.big", "b.big", "c.big"):
        (unmade.repo / name).write_text(pointer)
    bench = await started(unmade)
    for name in ("a.big", "b.big", "c.big"):
        (bench.repo / name).write_bytes(content)
    (bench.path / "a.big").write_bytes(b"by the agent")
    (bench.path / "b.big").unlink()
    (bench.path / "c.big").rename(bench.path / "d.big")
    await apply(bench)

    assert (bench.repo / "a.big").read_bytes() == b"by the agent"
    assert not (bench.repo / "b.big").exists()
    assert (bench.repo / "d.big").read_bytes() == content


State = dict[str, str]
"""Files by name."""


def edited(start: State, chance: random.Random) -> State:
    """Some lines replaced, some files gone, some new."""
    state = dict(start)
    for name, text in start.items():
        lines = text.splitlines(keepends=True)
        for _edit in range(chance.choice((0, 0, 1, 2))):
            lines[chance.randrange(len(lines))] = f"edit {chance.random()}\n"
        state[name] = "".join(lines)
        if chance.random() < 0.06:
            del state[name]
    if chance.random() < 0.3:
        state[f"new {chance.randrange(4)}"] = f"{chance.random()}\n"
    return state


def together(old: str | None, mine: str | None, other: str | None) -> str | None:
    """A file as it must be when there is no conflict, by our own rules: edits replace lines only."""
    if mine in {old, other}:
        return other
    if other == old:
        return mine
    assert old is not None, "a conflict was overlooked"
    assert mine is not None, "a conflict was overlooked"
    assert other is not None, "a conflict was overlooked"
    columns = zip(old.splitlines(True), mine.splitlines(True), other.splitlines(True), strict=True)
    return "".join(o if m == b else m for b, m, o in columns)


def lay(root: Path, state: State) -> None:
    """Make the folder hold these files and no others but git's."""
    for path in root.iterdir():
        if path.is_file() and path.name != ".git":
            path.unlink()
    for name, text in state.items():
        (root / name).write_text(text)


def held(root: Path) -> State:
    """The files that a folder holds."""
    return {path.name: path.read_text() for path in root.iterdir() if path.is_file()}


@pytest.mark.parametrize("seed", range(3))
async def test_random_edits_on_both_sides(repo: Path, unmade: Bench, seed: int) -> None:
    """What is applied is both sides' work; a conflict writes nothing; an undo is exact."""
    chance = random.Random(seed)  # noqa: S311 - dice
    bench = unmade
    shutil.rmtree(repo / "src")
    start = {
        f"file {number}": "".join(f"{number} {chance.random()}\n" for _line in range(30))
        for number in range(8)
    }
    lay(repo, start)
    await bench.in_repo("add", "-A")
    await bench.in_repo("commit", "-qm", "start")
    await bench.ensure()
    clean = 0
    for _round in range(3):
        ours, theirs = edited(start, chance), edited(start, chance)
        lay(bench.path, theirs)
        lay(repo, ours)
        await bench.take()
        made = await plan(bench)
        touched = start.keys() | ours.keys() | theirs.keys()
        for conflict in made.conflicts:
            sides = (state.get(conflict.path) for state in (start, ours, theirs))
            assert len(set(sides)) == 3
        if made.conflicts or made.move is None:
            assert held(repo) == ours
            continue
        clean += 1
        last = await carry(bench, made)
        expected = {
            name: together(start.get(name), ours.get(name), theirs.get(name)) for name in touched
        }
        assert held(repo) == {name: text for name, text in expected.items() if text is not None}
        assert (await undo(bench, last)).conflicts == []
        assert held(repo) == ours
    assert clean or seed


@pytest.fixture
def killer() -> "Iterator[Popen[bytes]]":
    """A process that carries moves out and dies on the way."""
    with Popen(KILLED, cwd=ROOT, stdin=PIPE, stdout=PIPE) as process:
        yield process


async def test_killed_on_the_way_it_is_the_old_or_the_new_state(
    bench: Bench, killer: "Popen[bytes]"
) -> None:
    """After every step; nothing of the user's git is touched, and the plan is fulfilled afterwards."""
    swap(bench.path / "text", "line 3\n", "line three\n")
    (bench.path / "goes").unlink()
    (bench.path / "new").mkdir()
    (bench.path / "new" / "file").write_text("x")
    await bench.take()
    swap(bench.repo / "text", "line 15\n", "mine\n")
    start = {path: (bench.repo / path).read_bytes() for path in ("text", "goes")}
    before, made = everything(bench.repo), await plan(bench)
    assert made.move is not None
    ends, last, answer = set(), 0, -1
    while answer < 0:
        last += 1
        order = Order(str(bench.data / "snapshots"), bench.row, made.move, last)
        answer = await to_thread.run_sync(killed, killer, order)
        begun = await unfinished(bench.snapshots, SESSION)
        if begun is not None:
            await resume(bench.snapshots, bench.row, begun)
            await finish(bench.snapshots, SESSION)
        ends.add(everything(bench.repo) == before)
        if begun is not None:
            assert "mine" in (bench.repo / "text").read_text()
            assert (bench.repo / "new" / "file").read_text() == "x"
            assert not (bench.repo / "goes").exists()
            shutil.rmtree(bench.repo / "new")
            for path, content in start.items():
                (bench.repo / path).write_bytes(content)
        assert everything(bench.repo) == before
    assert ends == {False, True}
    assert last > 8


def killed(process: "Popen[bytes]", order: Order) -> int:
    """Carry a move out there, to die on the way: -1, or the number of steps if it did not."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(msgspec.json.encode(order) + b"\n")
    process.stdin.flush()
    return int(process.stdout.readline())
