"""Applies and commits end to end: what the user's checkout and branch get, and what their rows say."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from roundhouse.model.event import AppliedToCheckout, Committed, Text
from roundhouse.model.session import Session
from roundhouse.runner.node import Runner
from roundhouse.store.changes import PendingChanges
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


async def statuses(person: Person) -> list[str]:
    """What became of each row."""
    rows, _ = await PendingChanges(person.bench.db).list(person.bench.session.id)
    return [row.status.value for row in rows]


async def test_an_apply_brings_all_and_its_undo_takes_all_back(
    person: Person, runner: Runner, repo: Path
) -> None:
    """Checked first, then done, then there is nothing left; the base moves and moves back."""
    await person.bench.turn("WRITE a.txt one\nDELETE README.md", "alpha")
    before, there = await person.worktree(), files_of(repo)
    checked = await person.do("apply", check_only=True)
    assert (checked["applied"], checked["check_only"]) == (False, True)
    assert files_of(repo) == there
    told = await person.do("apply")
    assert told["applied"]
    assert sorted(file["path"] for file in told["files"]) == ["README.md", "a.txt"]
    assert files_of(repo) == files_of(await person.folder())
    after = await person.worktree()
    assert after.base_snapshot == after.reviewed_snapshot == before.head_snapshot
    assert await statuses(person) == ["applied", "applied"]
    assert (await person.bench.settled()).additions == 0
    assert not (await person.do("apply"))["applied"]
    assert (await person.do("undo_apply"))["applied"]
    assert files_of(repo) == there
    assert await person.worktree() == before
    assert await statuses(person) == ["pending", "pending"]
    assert (await person.refused("undo_apply"))["code"] == "nothing_to_undo"
    events = await person.bench.bodies(AppliedToCheckout)
    assert [event.undone for event in events] == [False, True]


async def test_a_conflict_is_told_with_both_sides_and_nothing_is_written(
    person: Person, runner: Runner, repo: Path
) -> None:
    """Checked or not; the checkout's own other edits stay in any case."""
    await person.bench.turn("WRITE README.md theirs\nWRITE a.txt one", "alpha")
    (repo / "README.md").write_text("mine\n")
    before, there = await person.worktree(), files_of(repo)
    for args in ({"check_only": True}, {}):
        refused = await person.refused("apply", **args)
        assert refused["code"] == "apply_conflict"
        [conflict] = refused["details"]["conflicts"]
        assert conflict["path"] == "README.md"
        assert conflict["ours"]["text"] == "mine\n"
        assert conflict["theirs"]["text"] == "theirs\n"
    assert files_of(repo) == there
    assert await person.worktree() == before
    (repo / "README.md").write_text("# A small project\n")
    (repo / "own.txt").write_text("kept\n")
    assert (await person.do("apply"))["applied"]
    assert files_of(repo)["own.txt"] == "kept\n"


async def test_only_what_was_accepted_is_applied_when_asked_so(
    person: Person, runner: Runner, repo: Path
) -> None:
    """The rest stays pending and comes with the next apply."""
    await person.bench.turn("WRITE a.txt one\nWRITE b.txt two", "alpha")
    await person.do("accept", files=["a.txt"])
    told = await person.do("apply", accepted_only=True)
    assert [file["path"] for file in told["files"]] == ["a.txt"]
    assert "b.txt" not in files_of(repo)
    assert await statuses(person) == ["applied", "pending"]
    assert [file["path"] for file in (await person.do("apply"))["files"]] == ["b.txt"]


async def test_an_apply_during_a_turn_takes_what_settled_last(
    person: Person, runner: Runner, repo: Path
) -> None:
    """Not what the agent is just writing."""
    await person.bench.turn("WRITE a.txt one", "alpha")
    hanging = await person.bench.send("WRITE b.txt half\nHANG", "alpha")
    await person.bench.seen(Text, hanging)
    told = await person.do("apply")
    assert [file["path"] for file in told["files"]] == ["a.txt"]
    await person.bench.tasks.cancel(hanging.id)
    await person.bench.ended(hanging)
    assert (await person.bench.settled()).additions == 1
    assert await statuses(person) == ["applied", "pending"]


async def test_a_commit_is_made_on_the_session_s_branch(
    person: Person, runner: Runner, repo: Path
) -> None:
    """With the agents as co-authors; a second one has nothing to commit."""
    await git("config", "user.name", "A Person", cwd=repo)
    await git("config", "user.email", "person@example.org", cwd=repo)
    await person.bench.turn("WRITE a.txt one", "alpha")
    (await person.folder() / "mine.txt").write_text("by hand\n")
    made = await person.do("commit", message="All of it")
    branch = (await person.worktree()).branch
    assert made["branch"] == branch
    shown = (await git("show", "--stat", "--format=%B", branch, cwd=repo)).decode()
    for part in ("All of it", "Co-authored-by: alpha", "a.txt", "mine.txt"):
        assert part in shown
    [event] = await person.bench.bodies(Committed)
    assert (event.commit, event.files) == (made["commit"], 2)
    assert (await person.refused("commit", message="Again"))["code"] == "nothing_to_commit"
    task = await person.bench.turn("SAY hi", "alpha")
    types = [event.body() for event in await person.bench.events() if event.task_id == task.id]
    assert not any(type(body).__name__ == "RepositoryMoved" for body in types)


async def named(repo: Path) -> None:
    """The repository knows whose commits it gets."""
    await git("config", "user.name", "A Person", cwd=repo)
    await git("config", "user.email", "person@example.org", cwd=repo)


async def last_commit(person: Person, repo: Path) -> tuple[str, list[str]]:
    """What the branch's last commit says, and what it does to which file."""
    branch = (await person.worktree()).branch
    said = await git("log", "-1", "--format=%B", branch, cwd=repo)
    done = await git("diff", "--name-status", f"{branch}^", branch, cwd=repo)
    return said.decode(), done.decode().replace("\t", " ").splitlines()


async def test_a_commit_of_what_was_accepted_takes_nothing_back(
    person: Person, runner: Runner, repo: Path
) -> None:
    """Neither what all of it brought before, nor what the agent committed by itself; nor is the rest lost by it."""
    await named(repo)
    await person.bench.turn("WRITE a.txt A\nWRITE b.txt B", "alpha")
    await person.do("commit", message="all")
    terminal = "TERMINAL echo d > d.txt; git add d.txt; git commit -qm own"
    await person.bench.turn(f"{terminal}\nWRITE c.txt C\nWRITE e.txt E", "beta")
    await person.do("accept", files=["c.txt"])
    made = await person.do("commit", message="only c", accepted_only=True)

    said, done = await last_commit(person, repo)
    assert done == ["A c.txt"]
    assert made["files"] == 1
    assert "beta" in said
    assert "alpha" not in said
    await person.do("commit", message="the rest")
    assert (await last_commit(person, repo))[1] == ["A e.txt"]


async def test_a_commit_keeps_a_file_that_was_committed_although_it_is_ignored(
    person: Person, runner: Runner, repo: Path
) -> None:
    """An apply brings it, too."""
    await named(repo)
    await person.bench.turn("WRITE .gitignore *.env", "alpha")
    await person.bench.turn(
        "TERMINAL echo q > q.env; git add -f q.env; git commit -qm own\nWRITE z.txt z", "alpha"
    )
    await person.do("commit", message="mine")
    assert (await last_commit(person, repo))[1] == ["A .gitignore", "A z.txt"]
    told = await person.do("apply")
    assert sorted(file["path"] for file in told["files"]) == [".gitignore", "q.env", "z.txt"]
