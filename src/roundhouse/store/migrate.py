"""Brings a database to the schema this program needs.

A revision is a file `migrations/NNNN_name.sql`; the chain follows from the names. alembic runs them and keeps
`alembic_version`, but is imported only when the database is behind: its import costs over a second.
"""

import re
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread
import psycopg

from roundhouse.model.errors import DatabaseDown, SetupError
from roundhouse.store.database import UNAVAILABLE, Database, connect_arguments
from roundhouse.store.rows import Connection, fetch_value

if TYPE_CHECKING:
    from alembic.script import ScriptDirectory

MIGRATIONS = Path(__file__).parent / "migrations"
MIGRATION_LOCK = 7000
_NAME = re.compile(r"(\d{4})_(\w+)\.sql")


def revisions() -> dict[str, Path]:
    """Every revision's id and file, oldest first."""
    found = {}
    for path in sorted(MIGRATIONS.glob("*.sql")):
        if match := _NAME.fullmatch(path.name):
            found[match[1]] = path
    return found


HEAD = max(revisions())


async def migrate(url: str) -> None:
    """Bring the database behind `url` to HEAD; does nothing when it is there. Safe to call at the same time.

    Raises DatabaseDown, and SetupError when the database is newer than this program or refuses a statement.
    """
    arguments = connect_arguments(url, "roundhouse migrate")
    try:
        async with await psycopg.AsyncConnection.connect(**arguments) as conn:
            current = await _current(conn)
        if current == HEAD:
            return
        if current is not None and current > HEAD:
            raise SetupError(
                f"The database has schema {current}, this program knows only {HEAD}.",
                remedy="Start the newer Roundhouse that made it.",
            )
        await anyio.to_thread.run_sync(_upgrade, arguments)
    except UNAVAILABLE as error:
        raise DatabaseDown from error
    except psycopg.Error as error:
        raise SetupError(f"The database schema could not be brought up to date: {error}") from error


async def is_current(db: Database) -> bool:
    """Whether the database has the schema this program needs. Raises DatabaseDown."""
    async with db.connection() as conn:
        return await _current(conn) == HEAD


async def _current(conn: Connection) -> str | None:
    if await fetch_value(conn, "SELECT to_regclass('alembic_version') IS NULL"):
        return None
    return str(await fetch_value(conn, "SELECT version_num FROM alembic_version") or "") or None


def _upgrade(arguments: dict[str, Any]) -> None:
    from alembic.runtime.migration import MigrationContext
    from sqlalchemy import create_engine
    from sqlalchemy.pool import NullPool

    scripts = _scripts()
    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(**arguments), poolclass=NullPool
    )
    with engine.connect() as connection:
        raw: Any = connection.connection.driver_connection
        # Of the session, not the transaction: it must outlive each revision's own commit.
        raw.execute("SELECT pg_advisory_lock(%s, 1)", (MIGRATION_LOCK,))
        connection.commit()
        # The very call that alembic's own `upgrade` command makes; it has no public name.
        plan = scripts._upgrade_revs  # noqa: SLF001
        context = MigrationContext.configure(
            connection, opts={"fn": lambda current, _: plan("head", current)}
        )
        with context.begin_transaction():
            context.run_migrations(raw=raw)


def _scripts() -> "ScriptDirectory":
    """alembic's list of revisions, made from our files instead of from Python modules."""
    from alembic.script import Script, ScriptDirectory
    from alembic.script.revision import RevisionMap

    scripts: list[Script] = []
    before: str | None = None
    for revision, path in revisions().items():
        module: Any = ModuleType(f"revision_{revision}")
        module.__doc__ = path.stem
        module.revision, module.down_revision = revision, before
        module.upgrade = _runner(path)
        scripts.append(Script(module, revision, str(path)))
        before = revision
    directory = ScriptDirectory(str(MIGRATIONS))
    directory.revision_map = RevisionMap(lambda: scripts)
    return directory


def _runner(path: Path) -> Any:
    def upgrade(raw: Any) -> None:
        raw.execute(path.read_text())

    return upgrade
