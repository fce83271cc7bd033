"""PostgreSQL as a child of ours: found, initialised, started, kept alive, stopped.

`postgres` is a direct child in its own session, reachable only over a socket in a private folder, and told by
the kernel when we die. Owns the data folder through a file lock. Never makes a user, never changes a parent folder.
What must look at the disk before the first start is in `embedded_setup`.
"""

import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from subprocess import DEVNULL

import anyio
import anyio.to_thread
import psycopg
import structlog
from anyio.abc import Process

from roundhouse.model.errors import SetupError
from roundhouse.store.database import UNAVAILABLE
from roundhouse.store.embedded_setup import (
    DATABASE,
    Cluster,
    clear_stale_lock,
    environment,
    find_binaries,
    open_log,
    prepare,
    settle_new,
)

__all__ = ["EmbeddedPostgres", "find_binaries"]

START_DEADLINE = 60.0
"""Seconds for one start. Recovery after a crash takes a few; an orphan's shutdown may come before it."""

INIT_DEADLINE = 120.0
STOP_FAST = 15.0
"""Seconds for SIGINT: it ends the connections and writes a checkpoint."""

STOP_HARD = 5.0
"""Seconds for SIGQUIT: no checkpoint, recovery at the next start."""

POLL = 0.02
TAIL_LINES = 6
TAIL_LENGTH = 1000
RETRY = 0.2
BACK_OFF = (0.1, 5.0)
STABLE = 10.0
"""Seconds after which a server counts as running well and the back-off starts anew."""

_BUSY = ("lock file", "pre-existing shared memory block", "could not bind Unix address")
log = structlog.get_logger(__name__)


class EmbeddedPostgres:
    """One PostgreSQL cluster run by this process. `settings` are added to its command line."""

    def __init__(self, *, settings: Mapping[str, str] | None = None) -> None:
        self._settings = dict(settings or {})
        self._process: Process | None = None
        self._ready = anyio.Event()

    @property
    def pid(self) -> int | None:
        """The server's process id, or None while there is none."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    @asynccontextmanager
    async def run(self, data_dir: Path, *, binaries: Path | None = None) -> AsyncIterator[str]:
        """Run the cluster under `data_dir` for the time of the context; yields its URL.

        It is initialised on the first call, restarted when it dies, and stopped at the end. Raises
        SetupError when another process runs it, when the binaries do not fit or when it does not start.
        """
        cluster = await anyio.to_thread.run_sync(prepare, data_dir, binaries, self._settings)
        failure: Exception | None = None
        try:
            if not cluster.initialised:
                await self._initialise(cluster)
            await self._start(cluster)
            await _make_database(cluster)
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._supervise, cluster)
                try:
                    yield cluster.url(DATABASE)
                except Exception as error:  # noqa: BLE001 - raised again below, outside of the group
                    failure = error
                tasks.cancel_scope.cancel()
        finally:
            with anyio.CancelScope(shield=True):
                await self._stop()
            cluster.release()
        if failure is not None:
            raise failure

    async def wait_ready(self) -> None:
        """Return when the server takes connections; at once when it does."""
        while not self._ready.is_set():
            await self._ready.wait()

    async def _initialise(self, cluster: Cluster) -> None:
        output = await anyio.to_thread.run_sync(open_log, cluster)
        try:
            with anyio.fail_after(INIT_DEADLINE):
                done = await anyio.run_process(
                    cluster.init_command(),
                    check=False,
                    env=environment(),
                    stdout=output,
                    stderr=output,
                    start_new_session=True,
                )
        finally:
            output.close()
        if done.returncode:
            raise SetupError(
                "The embedded database could not be made: " + await _tail(cluster),
                remedy=f"Look into {cluster.log}, or give a database of your own with --database-url.",
            )
        await anyio.to_thread.run_sync(settle_new, cluster)

    async def _supervise(self, cluster: Cluster) -> None:
        delay, longest = BACK_OFF
        while self._process is not None:
            started = anyio.current_time()
            await self._process.wait()
            self._ready = anyio.Event()
            log.warning("postgres_died", returncode=self._process.returncode)
            if anyio.current_time() - started > STABLE:
                delay = BACK_OFF[0]
            while True:
                await anyio.sleep(delay)
                delay = min(delay * 2, longest)
                try:
                    await self._start(cluster)
                except (SetupError, OSError) as error:
                    log.error("postgres_not_restarted", error=str(error))  # noqa: TRY400 - says it all
                else:
                    break
            log.info("postgres_restarted", pid=self.pid)

    async def _start(self, cluster: Cluster) -> None:
        deadline = anyio.current_time() + START_DEADLINE
        while True:
            offset = await _log_size(cluster)
            process = await self._spawn(cluster)
            if await _answers(process, cluster, deadline):
                self._ready.set()
                return
            said = await _tail(cluster, offset)
            late = anyio.current_time() >= deadline
            await self._stop()
            if late or not any(reason in said for reason in _BUSY):
                raise SetupError(
                    f"The embedded database did not start: {said}",
                    remedy=f"Look into {cluster.log}.",
                )
            # The last owner was killed: its server is still going down, or left its lock file behind.
            await anyio.to_thread.run_sync(clear_stale_lock, cluster)
            await anyio.sleep(RETRY)

    async def _spawn(self, cluster: Cluster) -> Process:
        # From the event loop's own thread: the death signal follows the thread that spawned.
        output = await anyio.to_thread.run_sync(open_log, cluster)
        try:
            with anyio.CancelScope(shield=True):
                process = await anyio.open_process(
                    cluster.command(),
                    stdin=DEVNULL,
                    stdout=output,
                    stderr=output,
                    env=environment(),
                    start_new_session=True,
                )
                self._process = process
        finally:
            output.close()
        return process

    async def _stop(self) -> None:
        process = self._process
        if process is None:
            return
        self._ready = anyio.Event()
        for number, bound in ((signal.SIGINT, STOP_FAST), (signal.SIGQUIT, STOP_HARD)):
            if process.returncode is not None:
                return
            with suppress(ProcessLookupError):
                process.send_signal(number)
            with anyio.move_on_after(bound):
                await process.wait()
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()


async def _answers(process: Process, cluster: Cluster, deadline: float) -> bool:
    """Whether the server takes connections before it ends and before the deadline."""
    while process.returncode is None and anyio.current_time() < deadline:
        try:
            async with await psycopg.AsyncConnection.connect(cluster.url("postgres")):
                return True
        except UNAVAILABLE:
            await anyio.sleep(POLL)
    return False


async def _make_database(cluster: Cluster) -> None:
    async with await psycopg.AsyncConnection.connect(
        cluster.url("postgres"), autocommit=True
    ) as conn:
        found = await conn.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,))
        if await found.fetchone() is None:
            await conn.execute(f"CREATE DATABASE {DATABASE}")


async def _log_size(cluster: Cluster) -> int:
    with suppress(FileNotFoundError):
        return (await anyio.Path(cluster.log).stat()).st_size
    return 0


async def _tail(cluster: Cluster, offset: int = 0) -> str:
    said = await anyio.Path(cluster.log).read_bytes()
    lines = said[offset:].decode(errors="replace").strip().splitlines()
    return " / ".join(lines[-TAIL_LINES:])[-TAIL_LENGTH:] or "it said nothing"
