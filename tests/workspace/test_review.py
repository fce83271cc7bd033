"""The read-only change set."""

import msgspec
import pytest

from roundhouse.model.change import AgentShare
from roundhouse.model.errors import InvalidInput
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
