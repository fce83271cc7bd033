"""kill -9 at every step of what writes files: afterwards the old or the new state, in files, rows and events alike."""

import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import pytest

from roundhouse.model.event import AppliedToCheckout, Reviewed, Rewound
from roundhouse.model.session import Session, Worktree
from roundhouse.store.database import Database
from roundhouse.workspace.git import git
from tests.runner.harness import DEADLINE, Bench, bench_of
from tests.runner.reviews import Person, files_of, node
from tests.runner.victim import FINISH, ROWS

POINTS = ("journal written", "journal in force", "placed", ROWS, FINISH)
"""In their order. Up to the first nothing has happened; after it everything will. More are in test_move."""

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
