"""Who made each line, case by case; `test_attribution_model` plays them all against a model."""

from pathlib import Path

import msgspec
import pytest

from roundhouse.model.change import ChangeSet
from roundhouse.model.review import Choice
from roundhouse.workspace.verdict import accept, reject
from tests.workspace.conftest import Bench, run

LINES = [f"line {number}" for number in range(30)]


def write(path: Path, lines: list[str]) -> None:
    """The file, of these lines."""
    path.write_text("".join(f"{line}\n" for line in lines))


def authors(changes: ChangeSet) -> dict[tuple[str, str], str | None]:
    """Who made each differing line, by kind and text."""
    return {
        (line.kind, line.text): line.agent
        for file in changes.files
        for hunk in file.hunks
        for line in hunk.lines
        if line.kind != "context"
    }


async def reviewed(bench: Bench) -> None:
    """Take all there is as reviewed."""
    await bench.take(None, None)
    bench.worktree = msgspec.structs.replace(bench.row, reviewed_snapshot=bench.row.head_snapshot)


async def rejected(bench: Bench, choice: Choice) -> None:
    """Reject, and bring the worktree's files to it."""
    made = await reject(bench.snapshots, bench.row, choice)
    bench.worktree = msgspec.structs.replace(bench.row, head_snapshot=made.snapshot)
    await bench.snapshots.restore(bench.row, made.snapshot)


async def rewound(bench: Bench, target: str) -> None:
    """Go back to a snapshot."""
    await bench.snapshots.restore(bench.row, target)
    await bench.take(None, None, target)


async def test_two_agents_edit_the_same_line_in_turn(bench: Bench) -> None:
    """The last has the line; the first removed what was there before."""
    path = bench.path / "README.md"
    write(path, LINES)
    await reviewed(bench)
    for number, agent in enumerate(("a", "b", "a", "b")):
        write(path, [*LINES[:9], f"version {number}", *LINES[10:]])
        await bench.take(agent, str(number))

    assert authors(await bench.changes()) == {
        ("delete", "line 9"): "a",
        ("add", "version 3"): "b",
    }


async def test_an_edit_that_was_undone_by_hand_leaves_no_trace(bench: Bench) -> None:
    """The file was as reviewed in between: what came before that made nothing of the difference."""
    path = bench.path / "README.md"
    write(path, LINES)
    await reviewed(bench)
    for agent, lines in (("a", LINES[1:]), ("b", LINES), ("c", LINES[2:])):
        write(path, lines)
        await bench.take(agent, agent)

    assert set(authors(await bench.changes()).values()) == {"c"}


async def test_lines_are_followed_through_a_rename_with_edits(bench: Bench) -> None:
    """Under the new name the old authors stay, also of what was deleted before and after."""
    write(bench.path / "README.md", LINES)
    await reviewed(bench)
    write(bench.path / "README.md", ["by a", *LINES[1:]])
    await bench.take("a", "1")
    (bench.path / "README.md").unlink()
    write(bench.path / "renamed.md", ["by a", *LINES[1:9], "by b", *LINES[10:]])
    await bench.take("b", "2")
    write(bench.path / "renamed.md", ["by a", *LINES[1:9], "by b", *LINES[10:29]])
    await bench.take("c", "3")

    changes = await bench.changes()
    assert (changes.files[0].operation, changes.files[0].old_path) == ("rename", "README.md")
    assert authors(changes) == {
        ("add", "by a"): "a",
        ("delete", "line 0"): "a",
        ("add", "by b"): "b",
        ("delete", "line 9"): "b",
        ("delete", "line 29"): "c",
    }


async def test_a_file_moved_over_a_removed_one(bench: Bench) -> None:
    """Who removed the one removed its lines; who moved the other moved its lines there."""
    write(bench.path / "README.md", LINES[:10])
    write(bench.path / "other", LINES[10:20])
    await reviewed(bench)
    (bench.path / "README.md").unlink()
    await bench.take("a", "1")
    (bench.path / "other").rename(bench.path / "README.md")
    await bench.take("b", "2")

    found = {
        (file.path, kind, agent)
        for file in (await bench.changes()).files
        for (kind, _text), agent in authors(
            msgspec.structs.replace(await bench.changes(), files=[file])
        ).items()
    }
    assert found == {
        ("README.md", "delete", "a"),
        ("README.md", "add", "b"),
        ("other", "delete", "b"),
    }


async def test_after_a_partial_reject_the_person_made_nothing(bench: Bench) -> None:
    """What is back is not there to be shown; the rest stays its authors', deletions too."""
    path = bench.path / "README.md"
    write(path, LINES)
    await reviewed(bench)
    write(path, ["by a", *LINES[1:15], *LINES[16:]])
    await bench.take("a", "1")
    write(path, ["by a", *LINES[1:15], *LINES[16:29], "by b"])
    await bench.take("b", "2")
    [file] = (await bench.changes()).files
    await rejected(bench, Choice(hunks=frozenset({file.hunks[0].id})))

    expected = {("delete", "line 15"): "a", ("delete", "line 29"): "b", ("add", "by b"): "b"}
    assert authors(await bench.changes()) == expected
    write(path, [*LINES[:15], *LINES[16:29], "by b", "by me"])
    await bench.take(None, None)
    assert authors(await bench.changes()) == expected | {("add", "by me"): None}


async def test_after_a_whole_reject_only_new_work_counts(bench: Bench) -> None:
    """The file is as reviewed again; its next change is its next author's alone."""
    path = bench.path / "README.md"
    write(path, LINES)
    await reviewed(bench)
    for agent in ("a", "b"):
        write(path, [f"by {agent}", *LINES[3:]])
        await bench.take(agent, agent)
    await rejected(bench, Choice(everything=True))
    assert (await bench.changes()).files == []
    write(path, LINES[1:])
    await bench.take("c", "3")

    assert authors(await bench.changes()) == {("delete", "line 0"): "c"}


async def test_after_an_accept_of_a_part_the_rest_keeps_its_authors(bench: Bench) -> None:
    """And what was accepted and then removed was removed by who did that."""
    path = bench.path / "README.md"
    write(path, LINES)
    await reviewed(bench)
    write(path, ["by a", *LINES[1:]])
    await bench.take("a", "1")
    write(path, ["by a", *LINES[1:20], "by b", *LINES[21:]])
    await bench.take("b", "2")
    [file] = (await bench.changes()).files
    made = await accept(bench.snapshots, bench.row, Choice(hunks=frozenset({file.hunks[0].id})))
    bench.worktree = msgspec.structs.replace(bench.row, reviewed_snapshot=made.snapshot)
    assert authors(await bench.changes()) == {("delete", "line 20"): "b", ("add", "by b"): "b"}
    write(path, [*LINES[1:20], "by b", *LINES[21:]])
    await bench.take("c", "3")

    assert authors(await bench.changes()) == {
        ("delete", "by a"): "c",
        ("delete", "line 20"): "b",
        ("add", "by b"): "b",
    }


async def test_accepting_a_part_of_a_renamed_file(bench: Bench) -> None:
    """Found under its other name, although hardly like it."""
    write(bench.path / "README.md", LINES)
    await reviewed(bench)
    start = [f"by a {number}" for number in range(14)]
    (bench.path / "README.md").unlink()
    write(bench.path / "renamed", [*start, *LINES[14:]])
    await bench.take("a", "1")
    write(bench.path / "renamed", [*start, *LINES[14:29], "by b"])
    await bench.take("b", "2")
    [file] = (await bench.changes()).files
    made = await accept(bench.snapshots, bench.row, Choice(hunks=frozenset({file.hunks[0].id})))
    bench.worktree = msgspec.structs.replace(bench.row, reviewed_snapshot=made.snapshot)

    changes = await bench.changes()
    assert changes.files[0].operation == "rename"
    assert authors(changes) == {("delete", "line 29"): "b", ("add", "by b"): "b"}


async def test_a_rewind_brings_lines_back_and_its_undo_removes_them(bench: Bench) -> None:
    """Back: its writer's. Gone again: removed by who removed it first, not by the person."""
    path = bench.path / "README.md"
    write(path, LINES)
    await reviewed(bench)
    write(path, ["by a", "by a too", *LINES])
    first = await bench.take("a", "1")
    write(path, ["by b", *LINES[5:]])
    second = await bench.take("b", "2")
    before = authors(await bench.changes())
    await rewound(bench, first.commit)
    assert authors(await bench.changes()) == {("add", "by a"): "a", ("add", "by a too"): "a"}
    await rewound(bench, second.commit)

    assert authors(await bench.changes()) == before
    assert set(before.values()) == {"b"}


async def test_what_was_accepted_and_rewound_was_removed_by_the_person(bench: Bench) -> None:
    """Nobody else took it away."""
    path = bench.path / "README.md"
    write(path, LINES)
    await reviewed(bench)
    first = bench.row.head_snapshot or ""
    write(path, ["by a", *LINES])
    await bench.take("a", "1")
    bench.worktree = msgspec.structs.replace(bench.row, reviewed_snapshot=bench.row.head_snapshot)
    await rewound(bench, first)

    assert authors(await bench.changes()) == {("delete", "by a"): None}


async def test_a_file_made_again_has_new_lines(bench: Bench) -> None:
    """Also where its text is the old one's."""
    path = bench.path / "new"
    for agent, lines in (("a", LINES[:3]), ("b", None), ("c", LINES[:4]), ("d", LINES[:5])):
        if lines is None:
            path.unlink()
        else:
            write(path, lines)
        await bench.take(agent, agent)

    assert authors(await bench.changes()) == {
        **{("add", line): "c" for line in LINES[:4]},
        ("add", "line 4"): "d",
    }


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
async def test_line_ends_and_a_missing_last_one(bench: Bench, ending: str) -> None:
    """Who adds the end of the last line made that line; who changes all line ends made all."""
    path = bench.path / "README.md"
    path.write_bytes(ending.join(LINES).encode())
    await reviewed(bench)
    path.write_bytes(ending.join(["by a", *LINES[1:]]).encode())
    await bench.take("a", "1")
    path.write_bytes((ending.join(["by a", *LINES[1:]]) + ending).encode())
    await bench.take("b", "2")

    end = ending.removesuffix("\n")
    assert authors(await bench.changes()) == {
        ("delete", f"line 0{end}"): "a",
        ("add", f"by a{end}"): "a",
        ("delete", "line 29"): "b",
        ("add", f"line 29{end}"): "b",
    }
    path.write_bytes(b"\t\n".join(line.encode() for line in LINES))
    await bench.take("c", "3")
    found = authors(await bench.changes())
    assert {by for (kind, _text), by in found.items() if kind == "add"} == {"c"}


async def test_modes_links_and_submodules(bench: Bench) -> None:
    """What has no lines of its own is its last changer's; the lines beside stay whose they are."""
    path = bench.path / "README.md"
    write(path, LINES)
    (bench.path / "link").symlink_to("README.md")
    await reviewed(bench)
    write(path, ["by a", *LINES[1:]])
    await bench.take("a", "1")
    path.chmod(0o755)
    (bench.path / "link").unlink()
    (bench.path / "link").symlink_to("src")
    await bench.take("b", "2")
    path.chmod(0o644)
    path.unlink()
    path.symlink_to("src/app.py")
    (bench.path / "src" / "app.py").chmod(0o755)
    await bench.take("c", "3")

    readme, link, app = (await bench.changes()).files
    assert {line.agent for hunk in readme.hunks for line in hunk.lines if line.kind == "add"} == {
        "c"
    }
    assert [(line.kind, line.agent) for line in link.hunks[0].lines] == [
        ("delete", "b"),
        ("add", "b"),
    ]
    assert (app.hunks, [share.name for share in app.agents]) == ([], ["c"])
    assert (app.old_mode, app.new_mode) == ("100644", "100755")


async def test_a_submodule_that_moved(bench: Bench) -> None:
    """Its one line is its last mover's."""
    inner = bench.data / "inner"
    inner.mkdir(parents=True)
    run(inner, "git", "init", "--quiet")
    for number in range(3):
        run(
            *(inner, "git", "-c", "user.name=n", "-c", "user.email=e", "commit", "--quiet"),
            *("--allow-empty", "-m", str(number)),
        )
    await bench.git("-c", "protocol.file.allow=always", "submodule", "add", str(inner), "sub")
    await reviewed(bench)
    for agent, commit in (("a", "HEAD~1"), ("b", "HEAD~2")):
        run(bench.path / "sub", "git", "checkout", "--quiet", commit.replace("HEAD", "origin/HEAD"))
        await bench.take(agent, agent)

    [sub] = (await bench.changes()).files
    assert [(line.kind, line.agent) for line in sub.hunks[0].lines] == [
        ("delete", "b"),
        ("add", "b"),
    ]


async def test_a_turn_that_cannot_be_read_line_by_line_is_no_obstacle(bench: Bench) -> None:
    """The file was binary, or a link, for a while."""
    path = bench.path / "file"
    write(path, ["by a", "second"])
    await bench.take("a", "1")
    path.write_bytes(b"\0\1\2")
    await bench.take("b", "2")
    write(path, ["by c", "by c too"])
    await bench.take("c", "3")
    path.unlink()
    path.symlink_to("README.md")
    await bench.take("d", "4")
    path.unlink()
    write(path, ["by e"])
    await bench.take("e", "5")
    write(path, ["by e", "by f"])
    await bench.take("f", "6")

    assert authors(await bench.changes()) == {("add", "by e"): "e", ("add", "by f"): "f"}


async def test_where_lines_repeat_every_one_still_has_a_maker(bench: Bench) -> None:
    """No differing line is the person's, who made none."""
    path = bench.path / "README.md"
    lines = [f"    item {number % 3}" for number in range(40)]
    write(path, lines)
    await reviewed(bench)
    for turn in range(9):
        lines[turn * 3 : turn * 3 + turn % 4] = [f"    item {turn % 3}", ""]
        write(path, lines)
        await bench.take(f"agent {turn % 2}", str(turn))
    [file] = (await bench.changes()).files
    await rejected(bench, Choice(hunks=frozenset({file.hunks[0].id})))

    assert None not in authors(await bench.changes()).values()


async def test_against_any_snapshot(bench: Bench) -> None:
    """What one turn or several did, also from a state that was left behind."""
    path = bench.path / "README.md"
    write(path, LINES)
    await reviewed(bench)
    first = bench.row.head_snapshot or ""
    write(path, ["by a", *LINES])
    left = await bench.take("a", "1")
    await rewound(bench, first)
    write(path, [*LINES, "by b"])
    await bench.take("b", "2")

    assert authors(await bench.changes(since=left.commit)) == {
        ("delete", "by a"): None,
        ("add", "by b"): "b",
    }
    assert authors(await bench.changes(since=first)) == {("add", "by b"): "b"}
