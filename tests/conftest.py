"""What every test may use: a real database, a real repository, and a loop that nobody may block."""

import secrets
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import anyio
import hypothesis  # noqa: F401 - else pytest's summary imports it, so deep that CPython 3.11.7 can fail to compile it
import psycopg
import pytest
import structlog
from anyio.from_thread import start_blocking_portal
from blockbuster import BlockBuster, blockbuster_ctx
from psycopg import sql
from psycopg.conninfo import make_conninfo

from roundhouse.store.database import Database
from roundhouse.store.embedded import EmbeddedPostgres
from roundhouse.store.migrate import migrate

FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off"}
SHARED = "shared"
END_CONNECTIONS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()"""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of our own; only this file may add them, wherever they are used."""
    parser.addoption(
        "--screenshots",
        action="store_true",
        help="keep a picture of each page test in screenshots/",
    )


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Async tests run on asyncio, as the product does."""
    return "asyncio"


@pytest.fixture(autouse=True)
def blocked_loop() -> Iterator[BlockBuster]:
    """A blocking call of ours inside the event loop fails the test."""
    with blockbuster_ctx("roundhouse") as blockbuster:
        yield blockbuster


@pytest.fixture(autouse=True, scope="session")
def plain_logs() -> None:
    """Log lines in plain JSON: structlog's coloured tracebacks look at files, in whatever loop they are made."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(default=str),
        ]
    )


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One cluster for the run (one a worker), with one database that has the schema."""
    folder = tmp_path_factory.mktemp("postgres")
    server = EmbeddedPostgres(settings=FAST)
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(server.run(folder)) as url,
    ):
        with psycopg.connect(url, autocommit=True) as conn:
            conn.execute(f"CREATE DATABASE {SHARED}")
        anyio.run(migrate, make_conninfo(url, dbname=SHARED))
        yield url


@pytest.fixture
def database_url(postgres_url: str) -> Iterator[str]:
    """A database with the schema and no rows. One for the run, emptied after each test: a new one takes too long."""
    url = make_conninfo(postgres_url, dbname=SHARED)
    yield url
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute(END_CONNECTIONS)
        for table in ("sessions", "projects", "permission_rules", "reads", "nodes"):
            conn.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))


@pytest.fixture
def fresh_database_url(postgres_url: str) -> Iterator[str]:
    """A database of the test's own without anything in it, for tests that break it or fill it."""
    name = f"test_{secrets.token_hex(6)}"
    with psycopg.connect(postgres_url, autocommit=True) as conn:
        conn.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        yield make_conninfo(postgres_url, dbname=name)
        conn.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[Database]:
    """The test's database, opened as the product opens it."""
    async with Database.open(database_url, name="test") as database:
        yield database


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """A small git repository with one commit on `main`."""
    folder = tmp_path / "repo"
    (folder / "src").mkdir(parents=True)
    (folder / "README.md").write_text("# A small project\n")
    (folder / "src" / "app.py").write_text('def main():\n    print("hello")\n')
    for command in (
        ["init", "--quiet", "--initial-branch=main"],
        ["config", "user.name", "A Person"],
        ["config", "user.email", "person@example.com"],
        ["add", "--all"],
        ["commit", "--quiet", "--message=First"],
    ):
        subprocess.run(["git", *command], cwd=folder, check=True)
    return folder
