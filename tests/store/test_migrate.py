"""From an empty database to the schema."""

import shutil
import subprocess
import sys
from pathlib import Path

import anyio
import psycopg
import pytest

from roundhouse.model.errors import DatabaseDown, SetupError
from roundhouse.store import migrate as module
from roundhouse.store.changes import PendingChanges
from roundhouse.store.checkpoints import Checkpoints
from roundhouse.store.database import Database
from roundhouse.store.migrate import HEAD, is_current, migrate, revisions
from roundhouse.store.tasks import Tasks

TABLES = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"


async def test_an_empty_database_gets_the_whole_schema(fresh_database_url: str) -> None:
    """And is current then, and a second call changes nothing."""
    async with Database.open(fresh_database_url, name="test") as db:
        assert not await is_current(db)
        await migrate(fresh_database_url)
        assert await is_current(db)
        await migrate(fresh_database_url)

        async with db.connection() as conn:
            found = await conn.execute("SELECT version_num FROM alembic_version")
            assert await found.fetchall() == [(HEAD,)]


async def test_several_may_migrate_at_the_same_time(fresh_database_url: str) -> None:
    """Each returns, and the schema is made once."""
    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(migrate, fresh_database_url)

    async with Database.open(fresh_database_url, name="test") as db:
        assert await is_current(db)


async def test_revisions_run_in_order_and_only_the_missing_ones(
    fresh_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A newer program brings a database of an older one forward."""
    (tmp_path / "0001_first.sql").write_text("CREATE TABLE a (x int); INSERT INTO a VALUES (1);")
    monkeypatch.setattr(module, "MIGRATIONS", tmp_path)
    monkeypatch.setattr(module, "HEAD", "0001")
    await migrate(fresh_database_url)
    (tmp_path / "0002_second.sql").write_text("UPDATE a SET x = x * 10;")
    (tmp_path / "0003_third.sql").write_text("UPDATE a SET x = x + 5;")
    monkeypatch.setattr(module, "HEAD", "0003")
    await migrate(fresh_database_url)

    async with await psycopg.AsyncConnection.connect(fresh_database_url) as conn:
        assert await (await conn.execute("SELECT x FROM a")).fetchall() == [(15,)]


async def test_a_revision_that_fails_leaves_the_database_as_it_was(
    fresh_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One transaction for all: no half schema."""
    (tmp_path / "0001_first.sql").write_text("CREATE TABLE a (x int);")
    (tmp_path / "0002_second.sql").write_text("CREATE TABLE b (x int); SELECT 1 / 0;")
    monkeypatch.setattr(module, "MIGRATIONS", tmp_path)
    monkeypatch.setattr(module, "HEAD", "0002")

    with pytest.raises(SetupError, match="division by zero"):
        await migrate(fresh_database_url)

    async with await psycopg.AsyncConnection.connect(fresh_database_url) as conn:
        assert await (await conn.execute(TABLES)).fetchall() == [(0,)]


async def test_a_database_of_a_newer_program_is_refused(fresh_database_url: str) -> None:
    """Its rows may mean something else."""
    await migrate(fresh_database_url)
    async with await psycopg.AsyncConnection.connect(fresh_database_url) as conn:
        await conn.execute("UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(SetupError, match="9999"):
        await migrate(fresh_database_url)


async def test_a_server_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    """As everywhere in the store."""
    with pytest.raises(DatabaseDown):
        await migrate(f"postgresql://rh@/x?host={tmp_path}")


def test_a_current_database_does_not_cost_the_import(database_url: str) -> None:
    """alembic takes over a second to import, at every start."""
    program = (
        "import sys, anyio; from roundhouse.store.migrate import migrate;"
        "anyio.run(migrate, sys.argv[1]); print([m for m in sys.modules if 'alchemy' in m or 'alembic' in m])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, database_url], capture_output=True, text=True, check=True
    )

    assert done.stdout == "[]\n"


def test_the_chain_follows_from_the_names() -> None:
    """Numbers without gaps, from 0001."""
    numbers = [int(revision) for revision in revisions()]

    assert numbers == list(range(1, len(numbers) + 1))
    assert f"{len(numbers):04}" == HEAD


OF_0001 = """
    INSERT INTO nodes (name, hostname, pid, version) VALUES ('n', '', 1, '');
    INSERT INTO projects (id, name, path, node_id) SELECT 'p', 'p', '/p', id FROM nodes;
    INSERT INTO sessions (id, project_id, title) VALUES ('s1', 'p', ''), ('s2', 'p', '');
    INSERT INTO session_worktrees (session_id, worktree_path, branch, base_commit, base_snapshot, head_snapshot)
    VALUES ('s1', '/w/1', 'b', 'c', 'snap0', 'snap2'), ('s2', '/w/2', 'b', 'c', NULL, NULL);
    INSERT INTO tasks (session_id, agent, input, status, started_at, ended_at, snapshot_before, snapshot_after)
    VALUES ('s1', 'second', 'later', 'completed', now(), now() + interval '2 s', 'snap1', 'snap2'),
           ('s1', 'first', E'\n  Write it\r\nand more', 'failed', now(), now() + interval '1 s', 'snap0', 'snap1'),
           ('s1', 'third', 'not settled', 'lost', now(), now(), 'snap2', NULL),
           ('s1', 'third', 'waits', 'pending', NULL, NULL, NULL, NULL);
    INSERT INTO pending_changes (session_id, task_id, agent, file_path, operation, patch, additions, deletions)
    SELECT 's1', t.id, t.agent, f, 'edit', '', 3, 1 FROM tasks t, unnest(ARRAY['a', 'b']) f
    WHERE t.agent = 'first';"""


async def test_turns_of_the_first_release_become_checkpoints(
    fresh_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the order in which they ended, after the state that the session began with; the rest stays as it was."""
    shutil.copy(module.MIGRATIONS / "0001_initial.sql", tmp_path)
    with monkeypatch.context() as old:
        old.setattr(module, "MIGRATIONS", tmp_path)
        old.setattr(module, "HEAD", "0001")
        await migrate(fresh_database_url)
    async with await psycopg.AsyncConnection.connect(fresh_database_url) as conn:
        await conn.execute(OF_0001)

    await migrate(fresh_database_url)

    async with Database.open(fresh_database_url, name="test") as db:
        page, cursor = await Checkpoints(db).list("s1")
        assert cursor is None
        assert [
            (c.kind, c.agent, c.title, c.snapshot, c.files, c.additions, c.deletions) for c in page
        ] == [
            ("turn", "second", "later", "snap2", 0, 0, 0),
            ("turn", "first", "Write it", "snap1", 2, 6, 2),
            ("base", None, "The start", "snap0", 0, 0, 0),
        ]
        assert await Checkpoints(db).list("s2") == ([], None)
        tasks, _ = await Tasks(db).list("s1")
        assert len(tasks) == 4
        rows, _ = await PendingChanges(db).list("s1")
        assert [row.status for row in rows] == ["pending", "pending"]
