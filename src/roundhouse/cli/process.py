"""Commands that are processes: up, server, runner, and what restarts them."""

import os
import signal
from typing import Any

import anyio
import click

from roundhouse.cli.app import App, command, group
from roundhouse.cli.output import note
from roundhouse.client.discover import Address, read_address
from roundhouse.config import Settings, database_url
from roundhouse.model.errors import SetupError, Unavailable

RESTART_DEADLINE = 60.0
LOOK_EVERY = 0.05

supervised = click.option("--supervised", is_flag=True, hidden=True)


@command()
@click.option("--host", help="The address to listen on. Default: 127.0.0.1")
@click.option("--port", type=int, help="The port to listen on. Default: 7433; 0 takes a free one.")
@click.option("--open", "open_", is_flag=True, help="Open the page in a browser when ready.")
@click.pass_obj
def up(app: App, host: str | None, port: int | None, open_: bool) -> int:
    """Start everything: embedded PostgreSQL, a runner, a server. Ctrl-C takes it down in order.

    What dies is started again. A second Ctrl-C does not wait for running turns.
    """
    from roundhouse.supervisor.up import up as run_up

    def ready(address: Address) -> None:
        link = f"{address.url}/?token={address.token}"
        print(f"Roundhouse is ready at {link}", flush=True)
        if open_:
            click.launch(link)

    return anyio.run(lambda: run_up(app.settings(host=host, port=port), on_ready=ready))


@command()
@click.option("--host", help="The address to listen on.")
@click.option("--port", type=int, help="The port to listen on.")
@click.option("--listen-fd", type=int, hidden=True)
@supervised
@click.pass_obj
def server(app: App, /, supervised: bool, listen_fd: int | None, **place: Any) -> None:
    """Run a server alone, on --database-url or on the database of a running `up`."""
    settings = _begin(app, supervised, **place)
    from roundhouse.runtime import configure_logs, run_server

    configure_logs(settings.log_level)
    anyio.run(
        lambda: run_server(settings, listen_fd=listen_fd), backend_options={"use_uvloop": True}
    )


@command()
@supervised
@click.pass_obj
def runner(app: App, supervised: bool) -> None:
    """Run a runner alone, on --database-url or on the database of a running `up`.

    It needs a data folder and a node_name of its own beside another one.
    """
    settings = _begin(app, supervised)
    from roundhouse.runtime import configure_logs, run_runner

    configure_logs(settings.log_level)
    anyio.run(run_runner, settings)


@command()
@click.pass_obj
def migrate(app: App) -> None:
    """Bring the database's schema up to date. `up`, `server` and `runner` do it themselves."""
    from roundhouse.runtime import run_migrate

    anyio.run(run_migrate, app.settings())


@group()
def restart() -> None:
    """Replace a part of what runs."""


@restart.command("server")
@click.pass_obj
def restart_server(app: App) -> None:
    """Replace the server of a running `up`. Runner, warm agents and running turns do not notice."""
    from roundhouse.client.discover import holder

    settings = app.settings()
    found = holder(settings.data_dir)
    if found is None:
        raise SetupError(
            f"No `roundhouse up` is running on {settings.data_dir}.",
            remedy="A server that was started alone is restarted by whoever started it.",
        )
    before = read_address(settings.data_dir)
    os.kill(found.pid, signal.SIGHUP)
    anyio.run(_wait_for_another, settings, before.pid if before else 0)
    note("The server was replaced.")


async def _wait_for_another(settings: Settings, pid: int) -> None:
    with anyio.move_on_after(RESTART_DEADLINE):
        while True:
            now = read_address(settings.data_dir)
            if now is not None and now.pid != pid:
                return
            await anyio.sleep(LOOK_EVERY)
    raise Unavailable(
        "The server did not come back in time.",
        remedy=f"Look into {settings.data_dir / 'logs' / 'server.log'}.",
    )


def _begin(app: App, supervised: bool, **flags: Any) -> Settings:
    if supervised:
        from roundhouse.supervisor.parent import die_with_parent

        die_with_parent()
    settings = app.settings(**flags)
    # Said before the heavy imports: a missing database is the common mistake.
    database_url(settings)
    return settings
