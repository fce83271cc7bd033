"""From an empty database to the schema."""

import subprocess
import sys
from pathlib import Path

import anyio
import psycopg
import pytest

from roundhouse.model.errors import DatabaseDown, SetupError
from roundhouse.store import migrate as module
from roundhouse.store.database import Database
from roundhouse.store.migrate import HEAD, is_current, migrate, revisions

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
