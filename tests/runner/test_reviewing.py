"""Verdicts end to end: what a person accepts, rejects and takes back, in rows, files and what agents hear of it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from roundhouse.model.event import Handover, Reviewed, Text
from roundhouse.model.session import Session
from roundhouse.runner.node import Runner
from roundhouse.store.changes import PendingChanges
from roundhouse.store.database import Database
from tests.runner.harness import bench_of
from tests.runner.reviews import Person, files_of, node


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


async def pending(person: Person) -> list[str]:
    """The paths that wait for a verdict."""
    found = await person.do("changes", read=True)
    return [file["path"] for file in found["files"]]


async def statuses(person: Person) -> dict[str, str]:
    """What became of each file's rows."""
    rows, _ = await PendingChanges(person.bench.db).list(person.bench.session.id)
    return {row.file_path: row.status.value for row in rows}


async def test_an_accepted_file_waits_no_more_until_that_is_taken_back(
    person: Person, runner: Runner
) -> None:
    """Only the reviewed snapshot moves; the sums of the session follow; taken back twice is once."""
    await person.bench.turn("WRITE a.txt one", "alpha")
    await person.bench.turn("WRITE b.txt two", "beta")
    before = await person.worktree()
    told = await person.do("accept", files=["a.txt"])
    assert told["files"] == ["a.txt"]
    after = await person.worktree()
    assert (after.head_snapshot, after.base_snapshot) == (
        before.head_snapshot,
        before.base_snapshot,
    )
    assert told["reviewed"] == after.reviewed_snapshot != before.reviewed_snapshot
    assert await pending(person) == ["b.txt"]
    assert (await person.bench.settled()).additions == 1
    assert await statuses(person) == {"a.txt": "pending", "b.txt": "pending"}
    undone = await person.do("undo_verdict")
    assert (undone["undone"], undone["files"]) == ("accept", ["a.txt"])
    assert await pending(person) == ["a.txt", "b.txt"]
    assert (await person.refused("undo_verdict"))["code"] == "nothing_to_undo"
    verdicts = [body.verdict for body in await person.bench.bodies(Reviewed)]
    assert verdicts == ["accepted", "undone"]


async def test_a_rejected_file_is_undone_in_the_worktree_and_can_come_back(
    person: Person, runner: Runner
) -> None:
    """Files, rows and checkpoints; what is not chosen stays."""
    await person.bench.turn("WRITE a.txt one\nDELETE README.md", "alpha")
    await person.bench.turn("WRITE b.txt two", "beta")
    folder = await person.folder()
    told = await person.do("reject", files=["a.txt", "README.md"])
    assert sorted(told["files"]) == ["README.md", "a.txt"]
    assert not (folder / "a.txt").exists()
    assert (folder / "README.md").read_text() == "# A small project\n"
    assert (folder / "b.txt").read_text() == "two\n"
    assert await pending(person) == ["b.txt"]
    assert await statuses(person) == {
        "a.txt": "rejected",
        "README.md": "rejected",
        "b.txt": "pending",
    }
    assert [kind for kind, _ in await person.checkpoints()] == ["base", "turn", "turn", "reject"]
    assert told["checkpoint_id"] != told["undo_checkpoint_id"] is not None
    undone = await person.do("undo_verdict")
    assert undone["undone"] == "reject"
    assert (folder / "a.txt").read_text() == "one\n"
    assert not (folder / "README.md").exists()
    assert set((await statuses(person)).values()) == {"pending"}
    assert await person.edits_found() == []


async def test_the_persons_edits_before_a_reject_are_kept_as_theirs(
    person: Person, runner: Runner
) -> None:
    """They are a snapshot of their own first, to which one can go back."""
    await person.bench.turn("WRITE a.txt one", "alpha")
    folder = await person.folder()
    (folder / "mine.txt").write_text("by hand\n")
    await person.do("reject", files=["a.txt"])
    assert (folder / "mine.txt").read_text() == "by hand\n"
    assert await person.edits_found() == [["mine.txt"]]
    assert ("person", "Your own edits") in await person.checkpoints()
    await person.bench.turn("WRITE c.txt three", "beta")
    rows, _ = await PendingChanges(person.bench.db).list(person.bench.session.id)
    assert [(row.file_path, row.agent) for row in rows] == [
        ("a.txt", "alpha"),
        ("mine.txt", None),
        ("c.txt", "beta"),
    ]


async def test_agents_hear_of_a_rejection_once(person: Person, runner: Runner) -> None:
    """Also the one that ran last and would otherwise go on undisturbed."""
    await person.bench.turn("WRITE a.txt one", "alpha")
    await person.do("reject", all=True)
    told = await person.bench.turn("SAY hi", "alpha")
    [note] = await person.bench.bodies(Handover, told)
    assert "The person rejected changes in: a.txt." in note.text
    again = await person.bench.turn("SAY hi", "alpha")
    assert await person.bench.bodies(Handover, again) == []


async def test_while_a_turn_runs_only_what_writes_no_file_is_served(
    person: Person, runner: Runner
) -> None:
    """Accept works on the last settled state; the turn then settles onto it."""
    await person.bench.turn("WRITE a.txt one", "alpha")
    hanging = await person.bench.send("WRITE b.txt two\nHANG", "alpha")
    await person.bench.seen(Text, hanging)
    for kind, args in (
        ("reject", {"all": True}),
        ("rewind", {"checkpoint_id": "1"}),
        ("commit", {"message": "x"}),
    ):
        assert (await person.refused(kind, **args))["code"] == "session_busy", kind
    assert (await person.do("accept", all=True))["files"] == ["a.txt"]
    await person.bench.tasks.cancel(hanging.id)
    await person.bench.ended(hanging)
    assert (await person.bench.settled()).additions == 1
    assert await pending(person) == ["b.txt"]


async def test_what_is_not_there_any_more_is_refused_and_nothing_moves(
    person: Person, runner: Runner
) -> None:
    """A hunk, a file, nothing at all; a session without a turn."""
    other = await person.bench.sessions.create(
        project_id=person.bench.session.project_id, title="Other"
    )
    fresh = Person(person.bench.on(other))
    assert (await fresh.refused("accept", all=True))["code"] == "nothing_to_review"
    await person.bench.turn("WRITE a.txt one", "alpha")
    before = await person.worktree()
    assert (await person.refused("accept", hunks=["0" * 12]))["code"] == "stale_hunk"
    assert (await person.refused("reject", files=["none.txt"]))["code"] == "stale_file"
    assert (await person.refused("accept"))["code"] == "invalid"
    assert await person.worktree() == before
    assert files_of(await person.folder())["a.txt"] == "one\n"


async def test_an_accept_that_was_built_on_is_not_taken_back(
    person: Person, runner: Runner
) -> None:
    """The checkout has it already."""
    await person.bench.turn("WRITE a.txt one", "alpha")
    await person.do("accept", all=True)
    await person.do("apply", accepted_only=True)
    assert (await person.refused("undo_verdict"))["code"] == "stale_verdict"


async def test_what_was_looked_at_is_hidden_until_it_changes(
    person: Person, runner: Runner
) -> None:
    """By content."""
    await person.bench.turn("WRITE a.txt one\nWRITE b.txt two", "alpha")
    assert (await person.do("seen", files=["a.txt"]))["marked"] > 0

    async def unseen() -> list[str]:
        found = await person.do("changes", read=True, since="seen")
        return [file["path"] for file in found["files"]]

    assert await unseen() == ["b.txt"]
    await person.bench.turn("APPEND a.txt more", "beta")
    assert await unseen() == ["a.txt", "b.txt"]


async def test_a_line_s_author_and_hunk_are_told(person: Person, runner: Runner) -> None:
    """For comments; a line outside the changes has none."""
    task = await person.bench.turn("WRITE a.txt one", "alpha")
    found = await person.do("line", read=True, path="a.txt", line=1, side="new")
    assert (found["agent"], found["task_id"]) == ("alpha", task.id)
    assert found["hunk"].endswith("+one")
    nowhere = await person.do("line", read=True, path="README.md", line=1, side="old")
    assert nowhere == {"agent": None, "task_id": None, "hunk": None}


async def test_the_worktree_s_files_can_be_read(person: Person, runner: Runner) -> None:
    """A folder, and a file's content."""
    await person.bench.turn("WRITE a.txt one", "alpha")
    listed = await person.do("files", read=True)
    assert {"a.txt", "src"} <= {item["path"] for item in listed["items"]}
    assert (await person.do("file", read=True, path="a.txt"))["content"] == "one\n"


async def test_verdicts_need_no_doorbell(person: Person, runner: Runner) -> None:
    """Polling finds them, one after the other."""
    await person.bench.turn("WRITE a.txt one\nWRITE b.txt two", "alpha")
    assert runner.notifier is not None
    runner.notifier.muted = True
    refs = [await person.ask("reject", files=[name]) for name in ("a.txt", "b.txt")]
    assert [(await person.answer(ref)).status for ref in refs] == ["done", "done"]
    assert "a.txt" not in files_of(await person.folder())
    assert await pending(person) == []


async def test_a_verdict_and_a_turn_at_the_same_moment_come_one_after_the_other(
    person: Person, runner: Runner
) -> None:
    """Whichever is first: the files are never anybody's by mistake, and nothing is half done."""
    await person.bench.turn("WRITE a.txt one", "alpha")
    for number in range(4):
        name = f"{number}.txt"
        await person.bench.turn(f"WRITE {name} new", "alpha")
        task = await person.bench.send("APPEND a.txt more", "beta")
        state = await person.answer(await person.ask("reject", files=[name]))
        await person.bench.ended(task)
        await person.bench.settled()
        code = (state.result or {}).get("code")
        assert (state.status, code) in {("done", None), ("failed", "session_busy")}
        assert (name in files_of(await person.folder())) == (state.status == "failed")
    await person.bench.turn("SAY hi", "alpha")
    assert await person.edits_found() == []


async def test_a_rejection_whose_place_is_taken_is_not_taken_back(
    person: Person, runner: Runner, repo: Path
) -> None:
    """The file that lies there is ignored, so no snapshot holds it; once it is away the undo works."""
    await person.bench.turn("WRITE a.log one", "alpha")
    await person.do("reject", files=["a.log"])
    (repo / ".git" / "info" / "exclude").write_text("*.log\n")
    place = await person.folder() / "a.log"
    place.write_text("mine\n")
    refused = await person.refused("undo_verdict")
    assert (refused["code"], refused["details"]) == ("occupied", {"paths": ["a.log"]})
    assert place.read_text() == "mine\n"
    place.unlink()
    await person.do("undo_verdict")
    assert place.read_text() == "one\n"


async def test_nothing_is_decided_that_nobody_could_see(person: Person, runner: Runner) -> None:
    """An edit since the last look stops `all`, the person's own and the files it is in; then it was seen."""
    await person.bench.turn("WRITE a.txt one\nWRITE b.txt two", "alpha")
    folder = await person.folder()
    places = (
        ("reject", {"all": True}, "1.txt"),
        ("accept", {"all": True}, "2.txt"),
        ("reject", {"agent": "person"}, "3.txt"),
        ("reject", {"files": ["a.txt", "b.txt"]}, "a.txt"),
        ("accept", {"files": ["a.txt"]}, "a.txt"),
    )
    for kind, args, name in places:
        (folder / name).write_text(f"by hand for {kind} {args}\n")
        before = await person.worktree()
        refused = await person.refused(kind, **args)
        assert (refused["code"], refused["details"]) == ("stale_changes", {"paths": [name]})
        assert refused["remedy"] == "Look at the changes again."
        after = await person.worktree()
        assert after.reviewed_snapshot == before.reviewed_snapshot
        assert after.head_snapshot != before.head_snapshot
    assert {"1.txt", "2.txt", "3.txt", "a.txt", "b.txt"} <= set(files_of(folder))
    (folder / "4.txt").write_text("by hand\n")
    assert (await person.do("accept", agent="alpha"))["files"] == ["b.txt"]
    assert (await person.do("reject", files=["2.txt"]))["files"] == ["2.txt"]
    await person.do("reject", all=True)
    assert "4.txt" not in files_of(folder)


async def test_the_snapshot_that_was_looked_at_can_be_named(person: Person, runner: Runner) -> None:
    """Whoever else looked or worked meanwhile: only what it shows as it is now is decided on."""
    await person.bench.turn("WRITE a.txt one\nWRITE b.txt two", "alpha")
    head = (await person.do("changes", read=True))["head"]
    await person.bench.turn("APPEND b.txt more\nWRITE c.txt three", "beta")
    both = ["b.txt", "c.txt"]
    for kind in ("accept", "reject", "seen"):
        for args, paths in (
            ({"all": True}, both),
            ({"agent": "beta"}, both),
            ({"files": ["a.txt", "b.txt"]}, ["b.txt"]),
        ):
            refused = await person.refused(kind, head=head, **args)
            assert (refused["code"], refused["details"]) == ("stale_changes", {"paths": paths})
        refused = await person.refused(kind, head="0" * 40, all=True)
        assert (refused["code"], refused["field"]) == ("invalid", "head")
    assert (await person.do("accept", head=head, files=["a.txt"]))["files"] == ["a.txt"]
    now = (await person.do("changes", read=True))["head"]
    assert (await person.do("accept", head=now, all=True))["files"] == both
    assert await pending(person) == []
