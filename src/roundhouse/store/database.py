"""The pool of connections and what a transaction promises. Knows no table.

One `connection()` is one transaction. Its body is shielded from cancellation and bounded instead: a psycopg
statement that is cut by a cancelled scope costs the connection and leaves its outcome unknown.
"""

import logging
import select
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Self

import anyio
import msgspec
import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.types.json import set_json_loads
from psycopg_pool import AsyncConnectionPool

from roundhouse.model.errors import DatabaseDown, InvalidInput, NotFound, SetupError
from roundhouse.store.rows import Connection

STATEMENT_DEADLINE = 30.0
"""Seconds for one transaction. The longest we have deletes a session with all its events."""

SERVER_DEADLINE = STATEMENT_DEADLINE - 2
"""The server gives up first, so that a connection survives a slow statement."""

POOL_WAIT = 2.0
"""Seconds to wait for a connection before saying that the database is away."""

RETRY_EVERY = 0.4
"""Seconds after which the pool gives a failed connect up; our next try then starts a new one at once."""

UNAVAILABLE = (psycopg.OperationalError, psycopg.InterfaceError)
"""What psycopg raises when the server is away, starting, stopping or out of something."""

_UNFIT = (
    psycopg.DataError,
    psycopg.errors.CheckViolation,
    psycopg.errors.NotNullViolation,
    UnicodeEncodeError,
)


def connect_arguments(url: str, name: str) -> dict[str, Any]:
    """Connection parameters for every connection of ours. Raises SetupError for a malformed URL."""
    try:
        given = conninfo_to_dict(url)
    except psycopg.ProgrammingError as error:
        raise SetupError(
            f"The database URL cannot be read: {str(error).strip()}",
            field="database_url",
            remedy="Write it as postgresql://user:password@host:5432/database.",
        ) from None
    return given | {
        "application_name": name,
        "connect_timeout": 5,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "options": f"{given.get('options', '')} -c timezone=UTC".strip(),
    }


@contextmanager
def translated() -> Iterator[None]:
    """Turn psycopg's errors into the model's: DatabaseDown, InvalidInput, NotFound."""
    try:
        yield
    except UNAVAILABLE as error:
        raise DatabaseDown from error
    except _UNFIT as error:
        raise InvalidInput("The database cannot hold this value: " + _first_line(error)) from error
    except psycopg.errors.ForeignKeyViolation as error:
        raise NotFound("What this refers to does not exist (any more).") from error


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _silent(conn: Connection) -> bool:
    # An idle connection has nothing to say unless the server hung up.
    poll = select.poll()
    poll.register(conn.fileno(), select.POLLIN)
    return not poll.poll(0)


class Database:
    """A pool of connections to one database. Made by `Database.open`."""

    def __init__(self, pool: AsyncConnectionPool[Connection], size: int) -> None:
        self._pool = pool
        self.pool_size = size

    @classmethod
    @asynccontextmanager
    async def open(
        cls, url: str, *, size: int = 8, name: str, wait: float = 30.0
    ) -> AsyncIterator[Self]:
        """A pool for the time of the context, once the server answers.

        Raises DatabaseDown if it does not within `wait` seconds, SetupError for a malformed URL.
        """
        # It warns on every failed attempt; we say once that the database is away.
        logging.getLogger("psycopg.pool").setLevel(logging.ERROR)
        arguments = connect_arguments(url, name)
        arguments["options"] += (
            f" -c statement_timeout={int(SERVER_DEADLINE * 1000)}"
            f" -c idle_in_transaction_session_timeout={int(STATEMENT_DEADLINE * 1000)}"
        )
        pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
            kwargs=arguments,
            min_size=1,
            max_size=size,
            name=name,
            open=False,
            timeout=POOL_WAIT,
            reconnect_timeout=RETRY_EVERY,
            configure=_configure,
        )
        await pool.open(wait=False)
        try:
            database = cls(pool, size)
            await database._reach(wait)
            yield database
        finally:
            with anyio.CancelScope(shield=True):
                await pool.close(timeout=POOL_WAIT)

    async def _reach(self, wait: float) -> None:
        deadline = anyio.current_time() + wait
        while True:
            try:
                async with self.connection() as conn:
                    await conn.execute("SELECT 1")
            except DatabaseDown as error:
                if anyio.current_time() >= deadline:
                    cause = error.__cause__ or error
                    raise DatabaseDown(
                        f"The database cannot be reached: {_first_line(cause)}"
                    ) from cause
            else:
                return

    @asynccontextmanager
    async def connection(self, *, single: bool = False) -> AsyncIterator[Connection]:
        """One transaction: committed at the end of the body, rolled back on an error.

        With `single` the body is one statement, a transaction by itself: two round trips less. The body runs shielded from cancellation and for at most STATEMENT_DEADLINE seconds. Raises
        DatabaseDown, InvalidInput for a value that cannot be stored, NotFound for a reference to nothing.
        """
        with anyio.CancelScope(shield=True), translated():
            conn = await self._checkout()
            bound = anyio.move_on_after(STATEMENT_DEADLINE)
            try:
                with bound:
                    if single:
                        await conn.set_autocommit(True)
                        yield conn
                    else:
                        async with conn:
                            yield conn
            finally:
                if bound.cancelled_caught:
                    await conn.close()
                elif single and not conn.closed:
                    await conn.set_autocommit(False)
                await self._pool.putconn(conn)
            if bound.cancelled_caught:
                raise DatabaseDown("The database did not answer in time.")

    async def _checkout(self) -> Connection:
        deadline = anyio.current_time() + POOL_WAIT
        while True:
            try:
                conn = await self._pool.getconn(RETRY_EVERY + 0.1)
            except psycopg.OperationalError:
                if anyio.current_time() >= deadline:
                    raise
                continue
            if _silent(conn) or await self._sound(conn):
                return conn
            await conn.close()
            await self._pool.putconn(conn)

    async def _sound(self, conn: Connection) -> bool:
        try:
            await self._pool.check_connection(conn)
        except UNAVAILABLE:
            return False
        return True

    async def ping(self) -> bool:
        """Whether a statement goes through now."""
        try:
            async with self.connection() as conn:
                await conn.execute("SELECT 1")
        except DatabaseDown:
            return False
        return True


async def _configure(conn: Connection) -> None:
    set_json_loads(msgspec.json.decode, conn)
