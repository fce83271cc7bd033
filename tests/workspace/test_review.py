"""The read-only change set."""

import msgspec
import pytest

from roundhouse.model.change import AgentShare, ChangeSet
from roundhouse.model.errors import Conflict, InvalidInput
from roundhouse.model.review import Choice
from roundhouse.workspace.review import change_set, chosen_by, marks
from tests.workspace.conftest import Bench


async def two_agents(bench: Bench) -> None:
    """`a` writes a file, `b` changes a line of it and another file, the person adds one."""
    (bench.path / "code.py").write_text("one\ntwo\nthree\nfour\n")
    await bench.take("a", "1")
    (bench.path / "code.py").write_text("one\nTWO\nthree\nfour\n")
    (bench.path / "src" / "app.py").write_text('def main():\n    print("bye")\n')
    await bench.take("b", "2")
    (bench.path / "mine").write_text("x\n")
    await bench.take(None, None)


async def test_nothing_changed_is_an_empty_list(bench: Bench) -> None:
    """With the snapshots it speaks of."""
    changes = await bench.changes()

    assert (changes.files, changes.totals.files, changes.next_cursor) == ([], 0, None)
    assert changes.base == changes.reviewed == changes.head == bench.row.base_snapshot


async def test_a_session_without_snapshots_is_an_empty_list(bench: Bench) -> None:
    """It was never prompted."""
    bench.worktree = msgspec.structs.replace(
        bench.row, base_snapshot=None, reviewed_snapshot=None, head_snapshot=None
    )

    assert (await bench.changes()).files == []


async def test_every_line_names_agent_and_task(bench: Bench) -> None:
    """Agents by name, the person as None; shares add up."""
    await two_agents(bench)
    changes = await bench.changes()

    code, mine, app = changes.files
    assert [
        (line.kind, line.text, line.new, line.agent, line.task_id) for line in code.hunks[0].lines
    ] == [
        ("add", "one", 1, "a", "1"),
        ("add", "TWO", 2, "b", "2"),
        ("add", "three", 3, "a", "1"),
        ("add", "four", 4, "a", "1"),
    ]
    assert code.agents == [AgentShare("a", 3, 0.75), AgentShare("b", 1, 0.25)]
    assert (code.hunks[0].agents, code.hunks[0].task_ids) == (["a", "b"], ["1", "2"])
    assert mine.agents == [AgentShare(None, 1, 1.0)]
    assert mine.hunks[0].agents == []
    assert [(line.kind, line.agent) for line in app.hunks[0].lines] == [
        ("context", None),
        ("delete", "b"),
        ("add", "b"),
    ]
    assert (app.operation, code.operation) == ("edit", "create")
    assert changes.totals.files == 3
    assert (changes.totals.additions, changes.totals.deletions) == (6, 1)
    assert {(share.name, share.lines) for share in changes.totals.agents} == {
        ("a", 3),
        ("b", 3),
        (None, 1),
    }


@pytest.mark.parametrize(
    ("wanted", "paths", "additions"),
    [
        ({"agent": "a"}, ["code.py"], 3),
        ({"agent": "b"}, ["code.py", "src/app.py"], 2),
        ({"agent": "person"}, ["mine"], 1),
        ({"task_id": "2"}, ["code.py", "src/app.py"], 2),
        ({"agent": "a", "task_id": "2"}, [], 0),
        ({"path": "src"}, ["src/app.py"], 1),
        ({"path": "src/app.py"}, ["src/app.py"], 1),
        ({"path": "sr"}, [], 0),
        ({"agent": "nobody"}, [], 0),
    ],
)
async def test_filters_by_agent_task_and_path(
    bench: Bench, wanted: dict[str, str], paths: list[str], additions: int
) -> None:
    """Counts are those of the lines asked for."""
    await two_agents(bench)
    changes = await bench.changes(**wanted)

    assert [file.path for file in changes.files] == paths
    assert changes.totals.additions == additions


async def test_an_agent_whose_lines_are_all_gone_has_no_file(bench: Bench) -> None:
    """It touched the file, but nothing of it is left."""
    (bench.path / "new").write_text("by a\n")
    await bench.take("a", "1")
    (bench.path / "new").write_text("by b\n")
    await bench.take("b", "2")

    assert (await bench.changes(agent="a")).files == []
    [file] = (await bench.changes()).files
    assert file.agents == [AgentShare("b", 1, 1.0)]


async def test_a_long_list_pages_by_cursor(bench: Bench) -> None:
    """Each file once; totals are of the whole list on every page."""
    for number in range(25):
        (bench.path / f"file {number:02}").write_text("x\n")
    await bench.take()
    seen: list[str] = []
    cursor = None
    while True:
        page = await bench.changes(limit=10, cursor=cursor)
        seen += [file.path for file in page.files]
        assert page.totals.files == 25
        cursor = page.next_cursor
        if cursor is None:
            break

    assert seen == [f"file {number:02}" for number in range(25)]
    with pytest.raises(InvalidInput) as caught:
        await bench.changes(cursor="ä not one")
    assert caught.value.field == "cursor"


async def test_a_page_ends_before_it_grows_too_large(bench: Bench) -> None:
    """Five files of 400 KB do not fit into one answer."""
    for number in range(5):
        (bench.path / f"file{number}").write_text(("x" * 99 + "\n") * 4_000)
    await bench.take()
    page = await bench.changes()

    assert len(page.files) == 2
    assert page.next_cursor is not None
    assert page.totals.files == 5


async def test_binary_large_and_linked_things_are_flagged_and_attributed(bench: Bench) -> None:
    """Without hunks, but with whose they are."""
    (bench.path / "pic").write_bytes(bytes(range(256)))
    (bench.path / "heavy").write_text(("x" * 99 + "\n") * 12_000)
    (bench.path / "long").write_text("x\n" * 20_001)
    (bench.path / "link").symlink_to("pic")
    await bench.take("a", "1")
    (bench.path / "pic").write_bytes(bytes(range(255)))
    (bench.path / "long").write_text("y\n" * 20_001)
    (bench.path / "link").unlink()
    (bench.path / "link").symlink_to("heavy")
    await bench.take("b", "2")

    files = {file.path: file for file in (await bench.changes()).files}
    flags = {path: (file.binary, file.too_large, len(file.hunks)) for path, file in files.items()}
    assert flags == {
        "heavy": (False, True, 0),
        "link": (False, False, 1),
        "long": (False, True, 0),
        "pic": (True, False, 0),
    }
    assert files["heavy"].agents == [AgentShare("a", 12_000, 1.0)]
    assert files["pic"].agents == [AgentShare("a", 0, 0.5), AgentShare("b", 0, 0.5)]
    assert files["link"].agents == [AgentShare("b", 1, 1.0)]
    assert [file.path for file in (await bench.changes(agent="b")).files] == [
        "link",
        "long",
        "pic",
    ]


async def test_mode_and_pure_renames_have_an_author_too(bench: Bench) -> None:
    """There is no line to ask."""
    (bench.path / "README.md").chmod(0o755)
    (bench.path / "src" / "app.py").rename(bench.path / "src" / "moved.py")
    await bench.take("a", "1")

    mode, moved = (await bench.changes()).files
    assert (mode.path, mode.hunks, mode.too_large) == ("README.md", [], False)
    assert (moved.operation, moved.old_path, moved.too_large) == ("rename", "src/app.py", False)
    assert [share.name for file in (mode, moved) for share in file.agents] == ["a", "a"]


async def test_unusual_names_line_ends_and_encodings(bench: Bench) -> None:
    """Several agents on files whose names need quoting."""
    for name in ("a b", 'q"q', "ümläut", "line\nbreak", "tab\t", ":(glob)**"):
        (bench.path / name).write_bytes(b"one\r\ntwo\xff\r\nlast")
    await bench.take("a", "1")
    for name in ("a b", 'q"q', "ümläut", "line\nbreak", "tab\t", ":(glob)**"):
        (bench.path / name).write_bytes(b"one\r\ntwo\xff\r\nLAST")
    await bench.take("b", "2")

    changes = await bench.changes()
    assert len(changes.files) == 6
    for file in changes.files:
        assert [(line.text, line.agent) for line in file.hunks[0].lines] == [
            ("one\r", "a"),
            ("two\N{REPLACEMENT CHARACTER}\r", "a"),
            ("LAST", "b"),
        ]


async def test_a_hunks_id_stays_while_the_hunk_does(bench: Bench) -> None:
    """Edits elsewhere in the file move it, and change nothing of it."""
    lines = [f"line {number}\n" for number in range(60)]
    (bench.path / "README.md").write_text("".join(lines))
    base = await bench.take("a", "1")
    bench.worktree = msgspec.structs.replace(bench.row, reviewed_snapshot=base.commit)
    lines[50] = "changed\n"
    (bench.path / "README.md").write_text("".join(lines))
    await bench.take("b", "2")
    [before] = (await bench.changes()).files
    lines.insert(5, "inserted\n")
    (bench.path / "README.md").write_text("".join(lines))
    await bench.take("b", "3")
    [after] = (await bench.changes()).files

    assert after.hunks[1].id == before.hunks[0].id
    assert after.hunks[1].header != before.hunks[0].header
    assert after.id != before.id


async def test_the_users_blame_settings_do_not_break_ours(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`blame.ignoreRevsFile` names a file that our folders do not have."""
    home = bench.data / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    for setting, value in (
        ("blame.ignoreRevsFile", ".git-blame-ignore-revs"),
        ("diff.algorithm", "histogram"),
        ("safe.bareRepository", "explicit"),
        ("log.showSignature", "true"),
        ("diff.suppressBlankEmpty", "true"),
    ):
        await bench.git("config", "--global", setting, value)
    await two_agents(bench)

    assert len((await bench.changes()).files) == 3


async def marked(bench: Bench, seen: list[str], *, unseen_only: bool = False) -> ChangeSet:
    """The change set of a person who has set these marks."""
    return await change_set(bench.snapshots, bench.row, seen=seen, unseen_only=unseen_only)


def ids(changes: ChangeSet) -> list[str]:
    """All that a person can mark by itself."""
    return [hunk.id for file in changes.files for hunk in file.hunks]


async def three_kinds(bench: Bench) -> None:
    """A file with two hunks, each another agent's; a binary file; one whose mode alone differs."""
    lines = [f"line {number}\n" for number in range(40)]
    (bench.path / "README.md").write_text("".join(lines))
    base = await bench.take("a", "1")
    bench.worktree = msgspec.structs.replace(bench.row, reviewed_snapshot=base.commit)
    (bench.path / "README.md").write_text("".join(["by a\n", *lines[1:]]))
    (bench.path / "pic").write_bytes(b"\0a")
    await bench.take("a", "2")
    (bench.path / "README.md").write_text("".join(["by a\n", *lines[1:39], "by b\n"]))
    (bench.path / "src" / "app.py").chmod(0o755)
    await bench.take("b", "3")


async def test_against_another_snapshot(bench: Bench) -> None:
    """What came after it, and by whom."""
    await three_kinds(bench)
    reviewed, head = bench.row.reviewed_snapshot, bench.row.head_snapshot
    (bench.path / "mine").write_text("x\n")
    await bench.take(None, None)

    assert [file.path for file in (await bench.changes(since=head)).files] == ["mine"]
    assert [file.path for file in (await bench.changes(since=reviewed)).files] == [
        "README.md",
        "mine",
        "pic",
        "src/app.py",
    ]
    assert (await bench.changes(since=bench.row.head_snapshot)).files == []


@pytest.mark.parametrize("since", ["0" * 40, "HEAD", "--all", "", "g" * 40])
async def test_a_snapshot_that_is_none_is_refused(bench: Bench, since: str) -> None:
    """Nothing but the id of a snapshot of this session."""
    with pytest.raises(InvalidInput) as caught:
        await bench.changes(since=since)
    assert caught.value.field == "since"


async def test_a_commit_of_the_users_is_no_snapshot(bench: Bench) -> None:
    """Although our store can see it."""
    with pytest.raises(InvalidInput):
        await bench.changes(since=bench.row.base_commit)


async def test_what_was_seen_is_marked_and_can_be_left_out(bench: Bench) -> None:
    """By hunk, then by file."""
    await three_kinds(bench)
    readme, pic, app = (await bench.changes()).files
    one = await marks(bench.snapshots, bench.row, Choice(hunks=frozenset({readme.hunks[0].id})))
    changes = await marked(bench, one)
    assert [[hunk.seen for hunk in file.hunks] for file in changes.files] == [[True, False], [], []]
    assert not any(file.seen for file in changes.files)
    rest = await marked(bench, one, unseen_only=True)
    assert ids(rest) == [readme.hunks[1].id]
    assert (rest.totals.files, rest.totals.additions) == (3, 1)
    assert [share.name for share in rest.totals.agents] == ["b"]

    two = await marks(
        bench.snapshots, bench.row, Choice(files=frozenset({"pic", "README.md", "src/app.py"}))
    )
    assert {readme.id, pic.id, app.id, *ids(changes)} <= set(two)
    assert all(file.seen for file in (await marked(bench, two)).files)
    assert (await marked(bench, two, unseen_only=True)).files == []
    assert set(await marks(bench.snapshots, bench.row, Choice(everything=True))) == set(two)


async def test_a_mark_ends_with_what_it_marked(bench: Bench) -> None:
    """Another content, another mode, other bytes: each is new to the person."""
    await three_kinds(bench)
    seen = await marks(bench.snapshots, bench.row, Choice(everything=True))
    (bench.path / "pic").write_bytes(b"\0b")
    (bench.path / "README.md").chmod(0o755)
    (bench.path / "src" / "app.py").write_text("other\n")
    await bench.take("a", "4")

    files = (await marked(bench, seen, unseen_only=True)).files
    assert [(file.path, len(file.hunks)) for file in files] == [
        ("README.md", 0),
        ("pic", 0),
        ("src/app.py", 1),
    ]
    assert (files[0].old_mode, files[0].new_mode) == ("100644", "100755")
    seen = await marks(bench.snapshots, bench.row, Choice(everything=True))
    (bench.path / "src" / "app.py").chmod(0o644)
    await bench.take("a", "5")
    assert (await marked(bench, seen, unseen_only=True)).files == []


async def test_equal_hunks_of_a_file_have_different_ids(bench: Bench) -> None:
    """So that a mark is one hunk's."""
    lines = ["same\n"] * 60
    (bench.path / "README.md").write_text("".join(lines))
    base = await bench.take("a", "1")
    bench.worktree = msgspec.structs.replace(bench.row, reviewed_snapshot=base.commit)
    lines[10] = lines[40] = "other\n"
    (bench.path / "README.md").write_text("".join(lines))
    await bench.take("a", "2")

    first, second = ids(await bench.changes())
    assert first != second
    files = (await marked(bench, [first], unseen_only=True)).files
    assert [hunk.id for hunk in files[0].hunks] == [second]


async def test_what_is_not_there_now_cannot_be_marked(bench: Bench) -> None:
    """As it cannot be accepted."""
    await three_kinds(bench)
    for choice, code in (
        (Choice(hunks=frozenset({"0" * 16})), "stale_hunk"),
        (Choice(files=frozenset({"gone"})), "stale_file"),
    ):
        with pytest.raises(Conflict) as caught:
            await marks(bench.snapshots, bench.row, choice)
        assert caught.value.code == code


async def test_what_one_alone_wrote_and_what_others_had_a_part_in(bench: Bench) -> None:
    """Files without hunks by path, hunks by id; mixed is what several made."""
    await three_kinds(bench)
    (bench.path / "pair").write_text("by a\n")
    await bench.take("a", "4")
    (bench.path / "pair").write_text("by a\nby b\n")
    await bench.take("b", "5")
    readme, pair, pic, _app = (await bench.changes()).files

    theirs = await chosen_by(bench.snapshots, bench.row, "a")
    assert theirs == (frozenset({"pic"}), frozenset({readme.hunks[0].id}), [pair.hunks[0].id])
    theirs = await chosen_by(bench.snapshots, bench.row, "b")
    assert theirs == (
        frozenset({"src/app.py"}),
        frozenset({readme.hunks[1].id}),
        [pair.hunks[0].id],
    )
    assert await chosen_by(bench.snapshots, bench.row, "person") == (frozenset(), frozenset(), [])
    found = await marks(bench.snapshots, bench.row, Choice(agent="a"))
    assert set(found) == {readme.hunks[0].id, pic.id}


async def test_a_large_file_is_told_of_and_comes_in_parts_when_asked_for(bench: Bench) -> None:
    """Every hunk once, with its authors; totals and the file's own facts on each page."""
    lines = [f"line {number} {'x' * 60}\n" for number in range(30_000)]
    (bench.path / "big").write_text("".join(lines))
    (bench.path / "big too").write_text("".join(lines))
    base = await bench.take("a", "1")
    bench.worktree = msgspec.structs.replace(bench.row, reviewed_snapshot=base.commit)
    for agent, first in (("a", 0), ("b", 9)):
        lines[first::18] = [f"by {agent}\n" for _ in lines[first::18]]
        (bench.path / "big").write_text("".join(lines))
        await bench.take(agent, agent)
    [listed] = (await bench.changes()).files
    assert (listed.too_large, listed.hunks) == (True, [])
    assert sorted(share.name or "" for share in listed.agents) == ["a", "b"]

    seen: list[str] = []
    pages, cursor = 0, None
    while True:
        page = await bench.changes(path="big", cursor=cursor)
        [file] = page.files
        assert (file.id, file.too_large, file.additions) == (listed.id, False, listed.additions)
        assert {line.agent for hunk in file.hunks for line in hunk.lines if line.kind == "add"} == {
            "a",
            "b",
        }
        seen += [hunk.id for hunk in file.hunks]
        pages, cursor = pages + 1, page.next_cursor
        if cursor is None:
            break
    assert pages > 1
    assert len(seen) == len(set(seen)) == (30_000 - 1) // 9 + 1


async def test_past_all_bounds_a_file_stays_told_of(bench: Bench) -> None:
    """Too many lines for any answer."""
    (bench.path / "vast").write_text("x\n" * 200_001)
    await bench.take("a", "1")

    [file] = (await bench.changes(path="vast")).files
    assert (file.too_large, file.hunks, file.additions) == (True, [], 200_001)
    (bench.path / "vast").write_text("x\n" * 200_000)
    await bench.take("a", "2")
    [file] = (await bench.changes(path="vast")).files
    assert (file.too_large, len(file.hunks[0].lines)) == (False, 200_000)
