"""Rewinds end to end: files go back, nothing unknown is lost, agents hear of it, and it can be undone."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from roundhouse.model.event import Changes, Handover, Rewound
from roundhouse.model.session import Session
from roundhouse.model.task import TaskStatus
from roundhouse.runner.conversations import Conversations
from roundhouse.runner.ground import Ground
from roundhouse.runner.node import Runner
from roundhouse.store.checkpoints import Checkpoints
from roundhouse.store.database import Database
from tests.runner.harness import bench_of
from tests.runner.reviews import Person, files_of, node

BASE = {"README.md", "src/app.py"}


@pytest.fixture
async def person(db: Database, database_url: str, session: Session) -> AsyncIterator[Person]:
    """The session's person."""
    async with bench_of(db, database_url, session) as bench:
        yield Person(bench)


@pytest.fixture
async def runner(database_url: str, tmp_path: Path, session: Session) -> AsyncIterator[Runner]:
    """A running node."""
    async with node(database_url, tmp_path) as runner:
        yield runner


async def test_files_go_back_and_forth_and_the_agents_hear_of_it(
    person: Person, runner: Runner
) -> None:
    """To after the first turn, and by the checkpoint that was made first to where it was."""
    first = await person.bench.turn("WRITE a.txt one", "alpha")
    await person.bench.turn("APPEND a.txt two\nWRITE b.txt new", "beta")
    folder = await person.folder()
    there = files_of(folder)
    told = await person.do("rewind", task_id=first.id, conversation=True)
    assert sorted(file["path"] for file in told["files"]) == ["a.txt", "b.txt"]
    assert (told["kept"], told["conversations"]) == ([], [])
    assert (folder / "a.txt").read_text() == "one\n"
    assert not (folder / "b.txt").exists()
    [event] = await person.bench.bodies(Rewound)
    assert event.undo_checkpoint_id == told["undo_checkpoint_id"]
    back = await person.bench.turn("APPEND a.txt three", "beta")
    [note] = await person.bench.bodies(Handover, back)
    title = "“WRITE a.txt one”"
    assert f"The person took the files back to how they were after {title}." in note.text
    [changes] = await person.bench.bodies(Changes, back)
    assert [(f.path, f.additions, f.deletions) for f in changes.files] == [("a.txt", 1, 0)]
    undone = await person.do("rewind", checkpoint_id=told["undo_checkpoint_id"])
    assert files_of(folder) == there
    assert undone["undo_checkpoint_id"] != told["undo_checkpoint_id"]
    assert await person.edits_found() == []
    assert [kind for kind, _ in await person.checkpoints()] == [
        *("base", "turn", "turn", "safety", "rewind"),
        *("turn", "safety", "rewind"),
    ]


async def test_who_wrote_a_line_is_right_after_a_rewind(person: Person, runner: Runner) -> None:
    """What came back is its author's again, what is new the next one's."""
    first = await person.bench.turn("WRITE a.txt one", "alpha")
    await person.bench.turn("WRITE a.txt other", "beta")
    await person.do("rewind", task_id=first.id)
    await person.bench.turn("APPEND a.txt two", "beta")
    found = await person.do("changes", read=True)
    [file] = found["files"]
    lines = [(line["text"], line["agent"]) for hunk in file["hunks"] for line in hunk["lines"]]
    assert lines == [("one", "alpha"), ("two", "beta")]


async def test_before_a_turn_is_a_place_too(person: Person, runner: Runner) -> None:
    """The first turn's is the base."""
    first = await person.bench.turn("WRITE a.txt one", "alpha")
    await person.do("rewind", task_id=first.id, before=True)
    assert set(files_of(await person.folder())) == BASE
    [event] = await person.bench.bodies(Rewound)
    assert event.title == "before “WRITE a.txt one”"


async def test_what_a_rewind_did_not_know_stays_and_what_was_edited_is_safe(
    person: Person, runner: Runner
) -> None:
    """A file the person made just now, an ignored one, and an edit of theirs that goes back."""
    await person.bench.turn("WRITE .gitignore *.log", "alpha")
    second = await person.bench.turn("WRITE a.txt one", "alpha")
    folder = await person.folder()
    (folder / "mine.txt").write_text("by hand\n")
    (folder / "x.log").write_text("ignored\n")
    (folder / "a.txt").write_text("edited\n")
    there = files_of(folder)
    told = await person.do("rewind", task_id=second.id, before=True)
    assert told["kept"] == ["mine.txt"]
    assert (folder / "mine.txt").read_text() == "by hand\n"
    assert (folder / "x.log").read_text() == "ignored\n"
    assert not (folder / "a.txt").exists()
    await person.do("rewind", checkpoint_id=told["undo_checkpoint_id"])
    assert files_of(folder) == there


async def test_a_rewind_to_where_one_is_moves_nothing(person: Person, runner: Runner) -> None:
    """No checkpoint is made, and nothing to go back to is told."""
    task = await person.bench.turn("WRITE a.txt one", "alpha")
    before, points = await person.worktree(), await person.checkpoints()
    told = await person.do("rewind", task_id=task.id)
    assert (told["files"], told["undo_checkpoint_id"]) == ([], None)
    assert told["checkpoint"]["task_id"] == task.id
    assert told["goal_id"] == told["checkpoint"]["id"]
    assert (await person.worktree(), await person.checkpoints()) == (before, points)
    assert await person.bench.bodies(Rewound) == []


async def test_a_checkpoint_of_another_session_is_not_one(person: Person, runner: Runner) -> None:
    """Not found, and nothing moves."""
    await person.bench.turn("WRITE a.txt one", "alpha")
    other = await person.bench.sessions.create(
        project_id=person.bench.session.project_id, title="Other"
    )
    stranger = Person(person.bench.on(other))
    await stranger.bench.turn("SAY hi", "alpha")
    [theirs] = [c for c in (await Checkpoints(person.bench.db).list(other.id))[0] if c.task_id]
    assert (await person.refused("rewind", checkpoint_id=theirs.id))["code"] == "not_found"
    assert (await person.refused("rewind", task_id="999999"))["code"] == "not_found"
    assert (await person.refused("rewind"))["code"] == "invalid"


async def test_a_session_that_nobody_remembers_is_rewound_all_the_same(
    person: Person, database_url: str, tmp_path: Path
) -> None:
    """The runner was started anew: rows and folders say it all, and the agent hears of it."""
    async with node(database_url, tmp_path):
        first = await person.bench.turn("WRITE a.txt one", "alpha")
        await person.bench.turn("WRITE b.txt two", "alpha")
    async with node(database_url, tmp_path):
        await person.do("rewind", task_id=first.id)
        assert set(files_of(await person.folder())) == {*BASE, "a.txt"}
    async with node(database_url, tmp_path):
        told = await person.bench.turn("SAY hi", "alpha")
    [note] = await person.bench.bodies(Handover, told)
    assert "The person took the files back" in note.text


async def test_before_a_turn_that_changed_nothing_is_before_it_for_the_agents_too(
    person: Person, runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though the checkpoint with that content is the turn's own; another session's task is none."""
    await person.bench.turn("WRITE a.txt one", "alpha")
    said = await person.bench.turn("SAY hi", "alpha")
    moments: list[float] = []

    async def take_back(_self: Conversations, _ground: Ground, moment: float) -> list[str]:
        moments.append(moment)
        return []

    monkeypatch.setattr(Conversations, "take_back", take_back)
    await person.do("rewind", task_id=said.id, before=True, conversation=True)
    assert said.started_at is not None
    assert moments == [said.started_at.timestamp()]
    other = await person.bench.sessions.create(
        project_id=person.bench.session.project_id, title="Other"
    )
    theirs = await person.bench.on(other).turn("SAY hi", "alpha")
    refused = await person.refused("rewind", task_id=theirs.id, before=True)
    assert refused["code"] == "not_found"


async def test_after_a_turn_that_never_began_an_edit_is_the_person_s(
    person: Person, runner: Runner
) -> None:
    """The agent is not there, so nothing can be its work."""
    await person.bench.turn("WRITE a.txt one", "alpha")
    failed = await person.bench.turn("WRITE a.txt two", "missing")
    assert failed.status is TaskStatus.FAILED
    (await person.folder() / "mine.txt").write_text("by hand\n")
    await person.bench.turn("SAY hi", "alpha")
    assert await person.edits_found() == [["mine.txt"]]
    assert [kind for kind, _ in await person.checkpoints()] == ["base", "turn", "person", "turn"]


async def test_titles_do_not_nest_and_the_goal_is_named(person: Person, runner: Runner) -> None:
    """However often one goes back and forth."""
    first = await person.bench.turn("WRITE a.txt one", "alpha")
    await person.bench.turn("WRITE b.txt two", "alpha")
    found, _ = await Checkpoints(person.bench.db).list(person.bench.session.id)
    goal = next(one for one in found if one.task_id == first.id)
    there = await person.do("rewind", task_id=first.id)
    after = "after “WRITE a.txt one”"
    assert (there["goal_id"], there["goal_title"]) == (goal.id, after)
    undo = there["undo_checkpoint_id"]
    back = await person.do("rewind", checkpoint_id=undo)
    assert (back["goal_id"], back["goal_title"]) == (undo, f"checkpoint {undo}")
    again = await person.do("rewind", checkpoint_id=there["checkpoint"]["id"])
    assert again["goal_title"] == after
    await person.do("rewind", checkpoint_id=back["checkpoint"]["id"])
    assert [title for _, title in (await person.checkpoints())[3:]] == [
        *(f"Before rewinding to {after}", f"Rewound to {after}"),
        *(f"Before rewinding to checkpoint {undo}", f"Rewound to checkpoint {undo}"),
        *(f"Before rewinding to {after}", f"Rewound to {after}"),
        *(f"Before rewinding to checkpoint {undo}", f"Rewound to checkpoint {undo}"),
    ]


async def test_a_file_of_the_persons_stays_also_when_the_changes_showed_it(
    person: Person, runner: Runner
) -> None:
    """Looking is no verdict; a checkpoint among those edits is gone back to exactly."""
    await person.bench.turn("WRITE a.txt one", "alpha")
    second = await person.bench.turn("WRITE b.txt two", "alpha")
    folder = await person.folder()
    for name in ("mine.txt", "more.txt"):
        (folder / name).write_text("by hand\n")
        await person.do("changes", read=True)
    found, _ = await Checkpoints(person.bench.db).list(person.bench.session.id)
    between = found[1]
    assert between.kind == "person"
    told = await person.do("rewind", checkpoint_id=between.id)
    assert (told["kept"], (folder / "more.txt").exists()) == ([], False)
    await person.do("rewind", checkpoint_id=told["undo_checkpoint_id"])
    (folder / "third.txt").write_text("by hand\n")
    await person.do("changes", read=True)
    told = await person.do("rewind", task_id=second.id, before=True)
    assert told["kept"] == ["third.txt"]
    assert set(files_of(folder)) == {*BASE, "a.txt", "third.txt"}
