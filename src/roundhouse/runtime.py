"""Composition roots: what a server is made of, what a runner is made of. Both close in reverse.

The only module that names a concrete backend. Owns the processes' signals and their logs.
"""

import logging
import os
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from functools import partial

import anyio
import anyio.to_thread
import structlog
from anyio.abc import TaskGroup

from roundhouse import __version__
from roundhouse.agents.backend import AgentBackend
from roundhouse.agents.catalog import load_catalog
from roundhouse.agents.process import Spawner
from roundhouse.client.discover import FILE, Address, read_address
from roundhouse.config import (
    Settings,
    database_url,
    ensure_token,
    listener_url,
    make_data_dir,
    open_listener,
    write_private,
)
from roundhouse.model.agent import AgentSpec
from roundhouse.model.errors import SetupError
from roundhouse.model.session import BackendKind
from roundhouse.store.migrate import migrate

SERVER_POOL = 8
STARTED_EVERY = 0.01

log = structlog.get_logger(__name__)


def configure_logs(level: str) -> None:
    """Lines of key=value on stderr."""
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(
        stream=sys.stderr,
        level=max(number, logging.WARNING),
        format="timestamp=%(asctime)s level=%(levelname)s logger=%(name)s event=%(message)r",
    )


async def run_server(settings: Settings, *, listen_fd: int | None = None) -> None:
    """Serve until SIGTERM or SIGINT. `listen_fd` is a listening socket that was inherited.

    Raises SetupError and DatabaseDown when it cannot start.
    """
    from roundhouse.service.services import CHANNELS, Services
    from roundhouse.store.database import Database
    from roundhouse.store.notifier import Notifier
    from roundhouse.web.app import create_app
    from roundhouse.web.page import read_page
    from roundhouse.web.serving import make_server

    await anyio.to_thread.run_sync(make_data_dir, settings.data_dir)
    token = await anyio.to_thread.run_sync(ensure_token, settings.data_dir)
    url = database_url(settings)
    catalog = await anyio.to_thread.run_sync(load_catalog, settings.data_dir)
    async with AsyncExitStack() as exits:
        listener = exits.enter_context(
            open_listener(settings.host, settings.port)
            if listen_fd is None
            else socket.socket(fileno=listen_fd)
        )
        await migrate(url)
        db = await exits.enter_async_context(
            Database.open(url, size=SERVER_POOL, name="roundhouse-server")
        )
        notifier = await exits.enter_async_context(
            Notifier.open(url, CHANNELS, name="roundhouse-server-bell")
        )
        services = Services(db, notifier, problems=[*settings.problems, *catalog.problems])
        app = create_app(
            services,
            token=token,
            allowed_hosts=[settings.host, *settings.allowed_hosts],
            version=__version__,
            page=await anyio.to_thread.run_sync(read_page),
        )
        server = make_server(app)
        tasks = await exits.enter_async_context(anyio.create_task_group())
        tasks.start_soon(_on_signals, partial(setattr, server, "should_exit", True))
        exits.callback(tasks.cancel_scope.cancel)
        address = Address(listener_url(listener), token, os.getpid())
        tasks.start_soon(_announce, settings, address, lambda: bool(server.started))
        exits.callback(_withdraw, settings)
        await server.serve(sockets=[listener])
        if not server.started:
            raise SetupError("The server could not be started; the lines above say why.")


async def run_runner(settings: Settings) -> None:
    """Run turns until SIGTERM or SIGINT; those in flight may settle, a second signal cuts that short.

    Raises SetupError, DatabaseDown and Conflict when it cannot start.
    """
    from roundhouse.runner.node import Runner, RunnerOptions

    await anyio.to_thread.run_sync(make_data_dir, settings.data_dir)
    url = database_url(settings)
    await migrate(url)
    budget = settings.memory_budget_mb
    options = RunnerOptions(
        database_url=url,
        data_dir=settings.data_dir,
        name=settings.node_name,
        version=__version__,
        slots=settings.slots,
        soft_stop_seconds=settings.soft_stop_seconds,
        permission_deadline=settings.permission_minutes * 60,
        idle_ttl=settings.idle_minutes * 60,
        max_warm=settings.max_warm,
        memory_budget=None if budget is None else budget * 1024 * 1024,
    )
    runner = Runner(options, make_backend, partial(load_catalog, settings.data_dir))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_on_signals, runner.stop)
        await runner.run()
        tasks.cancel_scope.cancel()


def make_backend(spec: AgentSpec, spawner: Spawner, tasks: TaskGroup) -> AgentBackend:
    """The backend for an agent's kind."""
    match spec.kind:
        case BackendKind.ACP_WARM:
            from roundhouse.agents.acp.backend import WarmAcpBackend

            return WarmAcpBackend(spec, spawner, tasks)
        case BackendKind.OPENCODE_SERVER:
            from roundhouse.agents.opencode.backend import OpenCodeServerBackend

            return OpenCodeServerBackend(spec, spawner, tasks)


async def run_migrate(settings: Settings) -> None:
    """Bring the database up to date. Raises SetupError and DatabaseDown."""
    await migrate(database_url(settings))


async def _on_signals(stop: Callable[[], None]) -> None:
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async for number in signals:
            log.info("stopping", signal=signal.Signals(number).name)
            stop()


async def _announce(settings: Settings, address: Address, started: Callable[[], bool]) -> None:
    """Leave the address for the command line once it works. Another living server's is left alone."""
    while True:
        if started():
            break
        await anyio.sleep(STARTED_EVERY)
    other = read_address(settings.data_dir)
    if other is None or other.pid == address.pid:
        write_private(settings.data_dir / FILE, address)
    log.info("listening", url=address.url)


def _withdraw(settings: Settings) -> None:
    left = read_address(settings.data_dir)
    if left is not None and left.pid == os.getpid():
        with suppress(OSError):
            (settings.data_dir / FILE).unlink()
