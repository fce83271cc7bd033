"""The pool and what a transaction promises."""

from pathlib import Path

import anyio
import anyio.lowlevel
import psycopg
import pytest

from roundhouse.model.errors import DatabaseDown, InvalidInput, NotFound, SetupError
from roundhouse.store.database import Database
from roundhouse.store.rows import fetch_value

NODE = "INSERT INTO nodes (name, hostname, pid, version) VALUES ('a', '', 1, '')"
KILL_OTHERS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()"""


async def kill_connections(url: str) -> None:
    """End every other connection to the database and see them gone."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as conn:
        await conn.execute(KILL_OTHERS)
        with anyio.fail_after(10):
            while await (await conn.execute(KILL_OTHERS)).fetchone():
                await anyio.lowlevel.checkpoint()


async def insert_and_fail(db: Database) -> None:
    """Write a row and raise in the same transaction."""
    async with db.connection() as conn:
        await conn.execute(NODE)
        raise ZeroDivisionError


async def test_a_body_that_fails_leaves_nothing_behind(db: Database) -> None:
    """One connection() is one transaction."""
    with pytest.raises(ZeroDivisionError):
        await insert_and_fail(db)

    async with db.connection() as conn:
        assert await fetch_value(conn, "SELECT count(*) FROM nodes") == 0


async def test_a_cancelled_scope_lets_the_statement_finish(database_url: str) -> None:
    """The body is shielded: what was begun is committed, and the connection is kept."""
    async with Database.open(database_url, size=1, name="test") as db:
        async with db.connection() as conn:
            before = await fetch_value(conn, "SELECT pg_backend_pid()")
        with anyio.CancelScope() as scope:
            async with db.connection() as conn:
                scope.cancel()
                await conn.execute(NODE)

        async with db.connection() as conn:
            assert await fetch_value(conn, "SELECT count(*) FROM nodes") == 1
            assert await fetch_value(conn, "SELECT pg_backend_pid()") == before


async def test_a_statement_without_end_is_given_up(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The body is bounded: the connection is thrown away and the pool goes on."""
    monkeypatch.setattr("roundhouse.store.database.STATEMENT_DEADLINE", 0.2)
    with anyio.fail_after(10):
        with pytest.raises(DatabaseDown):
            async with db.connection() as conn:
                await conn.execute("SELECT pg_sleep(60)")

        assert await db.ping()


async def test_dead_connections_are_noticed_before_they_are_used(
    db: Database, database_url: str
) -> None:
    """A restart of the server does not fail the first statements after it."""
    async with db.connection(), db.connection(), db.connection():
        pass
    await kill_connections(database_url)

    for _ in range(5):
        async with db.connection() as conn:
            assert await fetch_value(conn, "SELECT 1") == 1


async def test_a_connection_that_dies_in_use_is_the_database_being_away(db: Database) -> None:
    """psycopg's errors do not leave the store."""
    with pytest.raises(DatabaseDown):
        async with db.connection() as conn:
            await conn.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    assert await db.ping()


async def test_a_server_that_is_not_there_is_the_database_being_away(tmp_path: Path) -> None:
    """Opening says so in the end."""
    with pytest.raises(DatabaseDown, match="cannot be reached"):
        async with Database.open(f"postgresql://rh@/x?host={tmp_path}", name="test", wait=0.1):
            pass


async def test_a_malformed_address_says_what_is_right() -> None:
    """A typing error in the settings is not an outage."""
    with pytest.raises(SetupError) as caught:
        async with Database.open("postgresql://[", name="test"):
            pass

    assert caught.value.remedy


async def test_text_that_cannot_be_stored_is_the_callers_fault(db: Database) -> None:
    """NUL and lone surrogates are invalid input, not a crash."""
    for text in ("a\0b", "a\ud800b"):
        with pytest.raises(InvalidInput):
            async with db.connection() as conn:
                await conn.execute("SELECT %s::text", (text,))


async def test_a_reference_to_nothing_is_not_found(db: Database) -> None:
    """A foreign key says the same as a look-up."""
    with pytest.raises(NotFound):
        async with db.connection() as conn:
            await conn.execute(
                "INSERT INTO projects (id, name, path, node_id) VALUES ('a', '', '', 77)"
            )


async def test_more_callers_than_connections_wait_their_turn(database_url: str) -> None:
    """A busy pool is not an outage."""
    done = []

    async def call(db: Database) -> None:
        async with db.connection() as conn:
            done.append(await fetch_value(conn, "SELECT 1"))

    async with (
        Database.open(database_url, size=2, name="test") as db,
        anyio.create_task_group() as tasks,
    ):
        for _ in range(40):
            tasks.start_soon(call, db)

    assert done == [1] * 40
