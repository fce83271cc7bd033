"""Which snapshots a difference comes from."""

import msgspec

from roundhouse.workspace.delta import entries
from roundhouse.workspace.history import History
from roundhouse.workspace.tracing import Trace, trace
from tests.workspace.conftest import Bench


async def traced(bench: Bench) -> dict[bytes, Trace]:
    """Of every file that differs from what was reviewed."""
    old, head = bench.row.reviewed_snapshot or "", bench.row.head_snapshot or ""
    history = await History.read(bench.store, old, head)
    found = await entries(bench.store, old, head)
    return {entry.path: trace(history, old, head, entry) for entry in found}


def names(found: Trace) -> set[str | None]:
    """Who took part."""
    return {author.agent for author in found.authors}


async def test_the_way_ends_where_the_file_was_as_it_was_reviewed(bench: Bench) -> None:
    """What came before is no part of the difference, however often that was."""
    path = bench.path / "README.md"
    for agent, text in (("a", "1\n"), ("b", "2\n"), ("c", "1\n"), ("d", "3\n")):
        path.write_text(text)
        await bench.take(agent, agent)
        if agent == "a":
            bench.worktree = msgspec.structs.replace(
                bench.row, reviewed_snapshot=bench.row.head_snapshot
            )

    found = (await traced(bench))[b"README.md"]
    assert (names(found), found.mixed, found.start is None) == ({"d"}, False, False)
    assert found.only is not None


async def test_several_authors_or_a_rewind_need_a_look_at_the_lines(bench: Bench) -> None:
    """And the person is not named for what only came back."""
    path = bench.path / "new"
    path.write_text("by a\n")
    first = (await bench.take("a", "1")).commit
    path.write_text("by b\n")
    await bench.take("b", "2")
    found = (await traced(bench))[b"new"]
    assert (names(found), found.only) == ({"a", "b"}, None)
    await bench.snapshots.restore(bench.row, first)
    await bench.take(None, None, first)

    found = (await traced(bench))[b"new"]
    assert (names(found), found.mixed, found.only) == ({"a"}, True, None)


async def test_another_files_way_is_no_answer_for_what_was_here(bench: Bench) -> None:
    """A file moved over a removed one."""
    (bench.path / "README.md").unlink()
    await bench.take("a", "1")
    (bench.path / "src" / "app.py").rename(bench.path / "README.md")
    await bench.take("b", "2")

    assert (await traced(bench))[b"README.md"].only is None
