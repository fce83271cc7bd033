"""All of Roundhouse on one machine for the time of a context: database, runner, server, and back in order.

Owns the order and the addresses. What a child does when it is a server or a runner is `runtime`'s.
"""

import http.client
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import anyio
import anyio.to_thread
import msgspec

from roundhouse.client.discover import Address
from roundhouse.config import (
    PREFIX,
    Settings,
    ensure_token,
    listener_url,
    make_data_dir,
    open_listener,
    write_private,
)
from roundhouse.model.errors import SetupError
from roundhouse.store.database import Database
from roundhouse.store.embedded import EmbeddedPostgres
from roundhouse.store.migrate import is_current
from roundhouse.supervisor.child import Child, Say
from roundhouse.supervisor.lock import DataLock

PRIVATE = 0o077
START_DEADLINE = 120.0
"""Seconds until server and runner must be there. A first start on a small busy machine takes a tenth of it."""

MIGRATE_DEADLINE = 600.0
HEALTH_DEADLINE = 3.0
HEALTH_EVERY = 0.03
DEATHS_AT_START = 3
"""How often a child may die before it was ever ready."""

SERVER_STOP = 8.0
"""Seconds a server gets to end: its live streams are cut at once, its requests after five."""

RUNNER_STOP = 20.0
"""Seconds a runner gets on top of its soft stop: the agents' stop ladders and the last events."""


class Stack:
    """One supervised Roundhouse. `run` it once."""

    def __init__(self, settings: Settings, *, say: Say) -> None:
        self.settings = settings
        self.address = Address("", "")
        """Where the server is, once it runs."""
        self._say = say
        self._children: list[Child] = []
        self._server: Child | None = None
        self._umask = PRIVATE
        self._hurry = False

    @asynccontextmanager
    async def run(self) -> AsyncIterator[Address]:
        """Everything started and ready; taken down in order at the end: server, runner, database.

        Raises SetupError: already running on this data folder, port in use, a part that does not start.
        """
        failure: Exception | None = None
        async with AsyncExitStack() as exits:
            listener = await self._claim_place(exits)
            url = self.settings.database_url or await self._start_database(exits)
            await self._migrate(url)
            async with anyio.create_task_group() as tasks:
                try:
                    self._make_children(url, listener)
                    for child in self._children:
                        tasks.start_soon(child.run)
                    await self._wait_ready()
                    yield self.address
                except Exception as error:  # noqa: BLE001 - raised again below, outside of the group
                    failure = error
                finally:
                    for child in reversed(self._children):
                        await child.stop()
        if failure is not None:
            raise failure

    def replace_server(self) -> None:
        """Start a new server in the old one's place; runner, agents and turns do not notice."""
        if self._server is not None:
            self._say("Replacing the server.")
            self._server.replace()

    def kill(self) -> None:
        """Do not wait for anything any more: kill the children. The guard ends the agents."""
        self._hurry = True
        for child in self._children:
            child.kill()

    async def _claim_place(self, exits: AsyncExitStack) -> socket.socket:
        # The files that we, the database and the server make are the owner's alone. The agents' are not ours to
        # restrict: the runner keeps the person's own mask.
        self._umask = os.umask(PRIVATE)
        exits.callback(os.umask, self._umask)
        lock, token, listener = await anyio.to_thread.run_sync(_claim, self.settings, exits)
        self.address = Address(listener_url(listener), token)
        await anyio.to_thread.run_sync(lock.tell, self.address.url)
        return listener

    async def _start_database(self, exits: AsyncExitStack) -> str:
        folder = self.settings.data_dir / "postgres"
        if not await anyio.Path(folder / "cluster").exists():
            self._say("Making the database.")
        postgres = EmbeddedPostgres()
        url = await exits.enter_async_context(
            postgres.run(folder, binaries=self.settings.postgres_binaries)
        )
        left = self.settings.data_dir / "postgres.json"
        told = {"url": url, "pid": postgres.pid}
        await anyio.to_thread.run_sync(write_private, left, told)
        exits.callback(left.unlink, missing_ok=True)
        return url

    async def _migrate(self, url: str) -> None:
        """Bring the schema up to date, in a process of its own: its library would stay in our memory."""
        async with Database.open(url, size=1, name="roundhouse-supervisor") as database:
            if await is_current(database):
                return
        with anyio.fail_after(MIGRATE_DEADLINE):
            done = await anyio.run_process(
                self._command("migrate"), check=False, env=self._environment(url)
            )
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip()
            raise SetupError(f"The database could not be brought up to date: {said}")

    def _make_children(self, url: str, listener: socket.socket) -> None:
        environment = self._environment(url)
        logs = self.settings.data_dir / "logs"
        runner = Child(
            "runner",
            self._command("runner", "--supervised"),
            environment=environment,
            log=logs / "runner.log",
            say=self._say,
            stop_deadline=self.settings.soft_stop_seconds + RUNNER_STOP,
            umask=self._umask,
        )
        descriptor = listener.fileno()
        self._server = Child(
            "server",
            self._command("server", "--supervised", "--listen-fd", str(descriptor)),
            environment=environment,
            log=logs / "server.log",
            say=self._say,
            stop_deadline=SERVER_STOP,
            pass_fds=[descriptor],
        )
        self._children = [runner, self._server]
        if self._hurry:
            self.kill()

    def _command(self, *words: str) -> list[str]:
        # -P: the folder we happen to stand in holds none of our modules.
        place = ["--data-dir", str(self.settings.data_dir)]
        return [sys.executable, "-P", "-m", "roundhouse", words[0], *place, *words[1:]]

    def _environment(self, url: str) -> dict[str, str]:
        """Ours, with what the command line of `up` said. The database may have a password: not for `ps`."""
        settings = self.settings
        return os.environ | {
            PREFIX + "DATABASE_URL": url,
            PREFIX + "HOST": settings.host,
            PREFIX + "PORT": str(settings.port),
            PREFIX + "NODE_NAME": settings.node_name,
        }

    async def _wait_ready(self) -> None:
        with anyio.move_on_after(START_DEADLINE):
            while True:
                health = await anyio.to_thread.run_sync(look, self.address, abandon_on_cancel=True)
                nodes = health.get("nodes", []) if health else []
                if any(n["alive"] and n["name"] == self.settings.node_name for n in nodes):
                    return
                for child in self._children:
                    if child.deaths >= DEATHS_AT_START:
                        said = await anyio.to_thread.run_sync(child.last_words)
                        raise _not_started(child, said)
                await anyio.sleep(HEALTH_EVERY)
        raise SetupError(
            f"Server and runner were not ready after {START_DEADLINE:.0f} seconds.",
            remedy=f"Look into {self.settings.data_dir / 'logs'}.",
        )


def _claim(settings: Settings, exits: AsyncExitStack) -> tuple[DataLock, str, socket.socket]:
    """The data folder, its token and the port: all that another one could hold."""
    make_data_dir(settings.data_dir)
    (settings.data_dir / "logs").mkdir(mode=0o700, exist_ok=True)
    lock = DataLock(settings.data_dir)
    exits.callback(lock.release)
    token = ensure_token(settings.data_dir)
    listener = open_listener(settings.host, settings.port)
    exits.callback(listener.close)
    return lock, token, listener


def _not_started(child: Child, said: str) -> SetupError:
    return SetupError(
        f"The {child.name} does not start: {said or 'it said nothing'}",
        remedy=f"Its log: {child.log}",
    )


def look(address: Address) -> dict[str, Any] | None:
    """What the server says about its health, or None while it does not answer. Blocks."""
    place = urlsplit(address.url)
    connection = http.client.HTTPConnection(
        place.hostname or "", place.port, timeout=HEALTH_DEADLINE
    )
    try:
        connection.request(
            "GET", "/api/health", headers={"Authorization": f"Bearer {address.token}"}
        )
        return dict(msgspec.json.decode(connection.getresponse().read()))
    except (OSError, http.client.HTTPException, msgspec.DecodeError, TypeError, ValueError):
        return None
    finally:
        connection.close()
