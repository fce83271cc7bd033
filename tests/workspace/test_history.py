"""The snapshots behind a state."""

import msgspec

from roundhouse.model.review import Choice
from roundhouse.workspace.history import History
from roundhouse.workspace.verdict import accept
from tests.workspace.conftest import Bench


async def test_who_last_changed_a_file_on_the_way_to_a_snapshot(bench: Bench) -> None:
    """By first parents; the accepted snapshots are a way of their own."""
    base = bench.row.base_snapshot or ""
    for name, agent in (("one", "a"), ("two", "b"), ("one", "c")):
        (bench.path / name).write_text(f"by {agent}\n")
        await bench.take(agent, agent)
        if agent == "b":
            taken = await accept(bench.snapshots, bench.row, Choice(files=frozenset({"two"})))
            bench.worktree = msgspec.structs.replace(bench.row, reviewed_snapshot=taken.snapshot)
    reviewed, head = bench.row.reviewed_snapshot or "", bench.row.head_snapshot or ""
    history = await History.read(bench.store, reviewed, head)

    def last(commit: str, path: bytes) -> str | None:
        step = history.last_touch(commit, path)
        return None if step is None else step.author.agent

    assert [last(head, path) for path in (b"one", b"two", b"README.md")] == ["c", "b", None]
    assert last(base, b"one") is None
    step = history.last_touch(reviewed, b"two")
    assert step is not None
    assert (step.commit, len(step.parents), step.author.agent) == (reviewed, 2, None)
    assert history.last_touch(reviewed, b"one") is None
    assert step.beside is not None
    assert [*step.beside.entries] == [b"one"]


async def test_new_snapshots_are_read_onto_what_is_known(bench: Bench) -> None:
    """Parents come first, also across readings; a file that left a name is known by it."""
    await bench.take("a", "1")
    for number in range(3):
        (bench.path / f"file {number}").write_text(f"{number}\n")
        await bench.take("a", str(number))
        history = await History.read(bench.store, bench.row.head_snapshot or "")
        assert len(history.steps) == number + 2
    (bench.path / "file 0").rename(bench.path / "moved")
    await bench.take("b", "4")
    history = await History.read(bench.store, bench.row.head_snapshot or "")

    steps = list(history.steps.values())
    assert [step.index for step in steps] == list(range(5))
    assert [step.author.agent for step in steps] == [None, "a", "a", "a", "b"]
    assert [*steps[-1].first.left] == [b"file 0"]
