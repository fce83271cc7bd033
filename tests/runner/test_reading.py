"""Reads end to end: what the person edited shows at once, and no read waits for a turn or breaks on a missing folder."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from roundhouse.model.event import Text
from roundhouse.model.session import Session
from roundhouse.runner.node import Runner
from roundhouse.store.database import Database
from roundhouse.workspace.git import git
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


async def shown(person: Person, **args: object) -> list[str]:
    """The paths of the changes."""
    found = await person.do("changes", read=True, **args)
    return [file["path"] for file in found["files"]]


async def test_the_persons_edits_are_in_the_changes_at_once(person: Person, runner: Runner) -> None:
    """As theirs, in one snapshot however often it is read; a further page does not look; a line knows them too."""
    await person.bench.turn("WRITE a.txt one", "alpha")
    folder = await person.folder()
    assert await shown(person) == ["a.txt"]
    (folder / "mine.txt").write_text("by hand\n")
    first = await person.do("changes", read=True, limit=1)
    assert (first["totals"]["files"], first["files"][0]["path"]) == (2, "a.txt")
    (folder / "more.txt").write_text("by hand\n")
    assert await shown(person, cursor=first["next_cursor"]) == ["mine.txt"]
    assert await shown(person, agent="person") == ["mine.txt", "more.txt"]
    head = (await person.worktree()).head_snapshot
    assert await shown(person) == ["a.txt", "mine.txt", "more.txt"]
    assert (await person.worktree()).head_snapshot == head
    assert await person.edits_found() == [["mine.txt"], ["more.txt"]]
    (folder / "a.txt").write_text("one\ntwo\n")
    line = await person.do("line", read=True, path="a.txt", line=2, side="new")
    assert (line["agent"], line["hunk"].endswith("+two")) == (None, True)


async def test_a_read_does_not_wait_for_a_turn_and_leaves_its_files_to_it(
    person: Person, runner: Runner
) -> None:
    """What is there meanwhile is the agent's once it settles."""
    await person.bench.turn("WRITE a.txt one", "alpha")
    hanging = await person.bench.send("WRITE b.txt two\nHANG", "alpha")
    await person.bench.seen(Text, hanging)
    assert await shown(person) == ["a.txt"]
    await person.bench.tasks.cancel(hanging.id)
    await person.bench.ended(hanging)
    await person.bench.settled()
    assert await shown(person, agent="alpha") == ["a.txt", "b.txt"]
    assert await person.edits_found() == []


async def test_reads_verdicts_and_turns_at_the_same_moment_all_end(
    person: Person, runner: Runner
) -> None:
    """One after the other, whoever is first."""
    await person.bench.turn("WRITE a.txt one\nWRITE b.txt two", "alpha")
    (await person.folder() / "mine.txt").write_text("by hand\n")
    reads = [await person.ask("changes", read=True) for _ in range(6)]
    verdict = await person.ask("accept", files=["a.txt"])
    task = await person.bench.send("WRITE c.txt three", "beta")
    assert {(await person.answer(ref)).status for ref in [*reads, verdict]} == {"done"}
    await person.bench.ended(task)
    await person.bench.settled()
    assert await shown(person) == ["b.txt", "c.txt", "mine.txt"]
    assert await person.edits_found() == [["mine.txt"]]


async def test_a_runner_that_was_started_anew_sees_them_too(
    person: Person, database_url: str, tmp_path: Path
) -> None:
    """Rows and folder say it all."""
    async with node(database_url, tmp_path):
        await person.bench.turn("WRITE a.txt one", "alpha")
    (await person.folder() / "mine.txt").write_text("by hand\n")
    async with node(database_url, tmp_path):
        assert await shown(person) == ["a.txt", "mine.txt"]


async def test_without_the_worktrees_folder_what_needs_none_goes_on(
    person: Person, runner: Runner, repo: Path
) -> None:
    """The rest names the remedy, and that is one."""
    first = await person.bench.turn("WRITE a.txt one\nWRITE b.txt two", "alpha")
    folder = await person.folder()
    await git("worktree", "remove", "--force", str(folder), cwd=repo)
    assert await shown(person) == ["a.txt", "b.txt"]
    assert (await person.do("accept", files=["a.txt"]))["files"] == ["a.txt"]
    assert (await person.do("undo_verdict"))["undone"] == "accept"
    assert (await person.do("seen", files=["b.txt"]))["marked"] > 0
    for kind, args in (
        ("reject", {"all": True}),
        ("apply", {"accepted_only": True}),
        ("commit", {"message": "x"}),
        ("rewind", {"task_id": first.id}),
    ):
        refused = await person.refused(kind, **args)
        assert refused["code"] == "worktree_missing", kind
        assert refused["message"] == f"The worktree {folder} is missing."
        assert refused["remedy"] == "Send the session a prompt: its worktree is made again."
    await person.bench.turn("SAY hi", "alpha")
    await person.do("reject", files=["b.txt"])
    assert "b.txt" not in files_of(folder)
    assert await person.edits_found() == []
