"""kill -9 at every step of what writes files: afterwards the old or the new state, in files, rows and events alike."""

import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import msgspec
import pytest

from roundhouse.model.event import AppliedToCheckout, Reviewed, Rewound
from roundhouse.model.session import Session, Worktree
from roundhouse.model.task import TaskStatus
from roundhouse.runner import janitor
from roundhouse.store.database import Database
from roundhouse.workspace.git import git
from roundhouse.workspace.move import Move
from tests.runner.harness import DEADLINE, Bench, bench_of
from tests.runner.reviews import Person, files_of, node
from tests.runner.victim import FINISH, ROWS

POINTS = ("journal written", "journal in force", "placed", ROWS, FINISH)
"""In their order. Up to the first nothing has happened; after it everything will. More are in test_move."""

EMPTY = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
"""The tree that every repository has."""

Prepare = Callable[[Person], Awaitable[dict[str, Any]]]


@pytest.fixture
async def bench(db: Database, database_url: str, session: Session) -> AsyncIterator[Bench]:
    """The session, watched."""
    async with bench_of(db, database_url, session) as bench:
        yield bench


async def worked(person: Person) -> dict[str, Any]:
    """Two turns on files that no other session has: one edited, one made."""
    name = person.bench.session.id
    first = await person.bench.turn(f"WRITE {name}.txt one", "alpha")
    await person.bench.turn(f"WRITE {name}.txt two\nWRITE {name}-new.txt new", "alpha")
    return {"task_id": first.id}


async def applied(person: Person) -> dict[str, Any]:
    """And what they made is in the checkout: an edit that can be undone, not only new files."""
    name = person.bench.session.id
    await person.bench.turn(f"WRITE {name}.txt one", "alpha")
    await person.do("apply")
    await person.bench.turn(f"WRITE {name}.txt two\nWRITE {name}-new.txt new", "alpha")
    return {}


async def applied_twice(person: Person) -> dict[str, Any]:
    """The second of which is taken back."""
    await applied(person)
    await person.do("apply")
    return {}


async def rejectable(person: Person) -> dict[str, Any]:
    """The first turn was accepted: a reject edits one file and deletes the other."""
    name = person.bench.session.id
    await person.bench.turn(f"WRITE {name}.txt one", "alpha")
    await person.do("accept", all=True)
    await person.bench.turn(f"WRITE {name}.txt two\nWRITE {name}-new.txt new", "alpha")
    return {"all": True}


async def kill(database_url: str, data: Path, session_id: str, point: str) -> None:
    """Let a runner die there."""
    command = [sys.executable, "-m", "tests.runner.victim", database_url, str(data)]
    # To a file: what it started itself holds its output open for a moment longer.
    with (data / "victim.log").open("ab") as log, anyio.fail_after(DEADLINE):
        done = await anyio.run_process(
            [*command, session_id, point], check=False, stdout=log, stderr=log
        )
    assert done.returncode == -signal.SIGKILL, point


KINDS: dict[str, tuple[Prepare, type[Any]]] = {
    "reject": (rejectable, Reviewed),
    "rewind": (worked, Rewound),
    "apply": (applied, AppliedToCheckout),
    "undo_apply": (applied_twice, AppliedToCheckout),
}


@pytest.mark.parametrize("kind", KINDS)
async def test_killed_anywhere_the_old_or_the_new_state_is_there(
    bench: Bench, database_url: str, tmp_path: Path, repo: Path, kind: str
) -> None:
    """One session for each point; what the dead runners left is ended by the last one's start."""
    prepare, event = KINDS[kind]
    people = {
        point: Person(
            bench.on(
                await bench.sessions.create(
                    project_id=bench.session.project_id, title=point.title()
                )
            )
        )
        for point in POINTS
    }
    args: dict[str, dict[str, Any]] = {}
    async with node(database_url, tmp_path):
        for point, person in people.items():
            args[point] = await prepare(person)
    before = {point: await person.worktree() for point, person in people.items()}
    events = {point: len(await person.bench.bodies(event)) for point, person in people.items()}
    there = files_of(repo)
    index = await git("ls-files", "--stage", "--debug", cwd=repo)
    for point, person in people.items():
        await person.ask(kind, **args[point])
        await kill(database_url, tmp_path / "data", person.bench.session.id, point)
    async with node(database_url, tmp_path):
        for point, person in people.items():
            new = point != POINTS[0]
            await person.bench.turn("SAY hi", "alpha")
            assert await person.edits_found() == [], point
            assert len(await person.bench.bodies(event)) == events[point] + new, point
            assert (await person.worktree() != before[point]) == new, point
            name = person.bench.session.id
            folder = await person.folder() if kind in ("reject", "rewind") else repo
            found = {path: text for path, text in files_of(folder).items() if path.startswith(name)}
            assert found == expected(kind, name, new=new), point
            await same(person, tmp_path / "data", await person.worktree())
    others = {
        path
        for path in there
        if not any(path.startswith(p.bench.session.id) for p in people.values())
    }
    assert {path: files_of(repo)[path] for path in others} == {path: there[path] for path in others}
    assert await git("ls-files", "--stage", "--debug", cwd=repo) == index


def expected(kind: str, name: str, *, new: bool) -> dict[str, str]:
    """A session's own files after it; without `new` before it."""
    one = {f"{name}.txt": "one\n"}
    two = {f"{name}.txt": "two\n", f"{name}-new.txt": "new\n"}
    if kind == "apply":
        return two if new else one
    return one if new else two


async def same(person: Person, data: Path, worktree: Worktree) -> None:
    """The journal is gone, and the last snapshot is what the folder holds."""
    store = data / "snapshots" / person.bench.session.id
    assert not await anyio.Path(store / "move.json").exists()
    listed = await git(
        "ls-tree",
        "-r",
        "--name-only",
        worktree.head_snapshot or "",
        cwd=store,
        env={"GIT_DIR": str(store)},
    )
    assert set(listed.decode().split()) == set(files_of(Path(worktree.worktree_path)))


async def test_a_deleted_session_leaves_no_file_between_two_states(
    bench: Bench, database_url: str, tmp_path: Path, repo: Path
) -> None:
    """Its apply was killed halfway, and then it was deleted: the checkout gets the rest all the same."""
    person = Person(bench)
    async with node(database_url, tmp_path):
        await applied(person)
    await person.ask("apply")
    await kill(database_url, tmp_path / "data", bench.session.id, "placed")
    await bench.sessions.delete(bench.session.id)
    async with node(database_url, tmp_path):
        store = anyio.Path(tmp_path / "data" / "snapshots" / bench.session.id)
        await bench.until(lambda: _gone(store))
    name = bench.session.id
    found = {path: text for path, text in files_of(repo).items() if path.startswith(name)}
    assert found == expected("apply", name, new=True)


async def _gone(path: anyio.Path) -> bool:
    return not await path.exists()


async def test_a_journal_of_another_release_stops_its_session_only(
    bench: Bench, database_url: str, tmp_path: Path
) -> None:
    """The runner starts, says so, and serves the others."""
    person = Person(bench)
    other = await bench.sessions.create(project_id=bench.session.project_id, title="Other")
    async with node(database_url, tmp_path):
        await bench.turn("WRITE a.txt one", "alpha")
    store = tmp_path / "data" / "snapshots" / bench.session.id
    broken = Move(kind="apply", root=str(tmp_path), before=EMPTY, after=EMPTY, then={"event": 5})
    await anyio.Path(store / "move.json").write_bytes(msgspec.json.encode(broken))
    async with node(database_url, tmp_path):
        refused = await person.refused("apply")
        assert (refused["code"], "journal" in refused["message"]) == ("workspace_error", True)
        task = await bench.on(other).turn("WRITE a.txt one", "alpha")
        assert task.status is TaskStatus.COMPLETED
    assert await anyio.Path(store / "move.json").exists()


async def test_what_no_pack_holds_is_packed_by_the_next_runner(
    bench: Bench, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Till then a clean-up in the user's repository can take from it."""
    async with node(database_url, tmp_path):
        await bench.turn("WRITE a.txt one", "alpha")
    refs = anyio.Path(tmp_path / "data" / "snapshots" / bench.session.id / "refs")
    monkeypatch.setattr(janitor, "PACK_EVERY", 0.1)

    async def packed() -> bool:
        return not [found async for found in refs.rglob("*") if await found.is_file()]

    assert not await packed()
    async with node(database_url, tmp_path):
        await bench.until(packed)
