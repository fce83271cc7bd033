"""What every command has: the global options, the settings, and a client of the running server."""

import sys
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from roundhouse.client.discover import Address
    from roundhouse.client.http import Client
    from roundhouse.config import Settings

T = TypeVar("T")


class App:
    """The state of one call. `flags` are the global options given, before or after the command."""

    def __init__(self) -> None:
        self.flags: dict[str, Any] = {}

    def settings(self, **flags: Any) -> "Settings":
        """The settings, with a command's own flags on top. Says on stderr what could not be used."""
        from roundhouse.config import load_settings

        chosen = {name: value for name, value in self.flags.items() if name not in {"url", "token"}}
        settings = load_settings(chosen | flags)
        for problem in settings.problems:
            print(f"roundhouse: {problem}", file=sys.stderr)
        return settings

    def address(self) -> "Address":
        """The server to talk to. Raises SetupError."""
        import os

        from roundhouse.client.discover import discover
        from roundhouse.config import find_data_dir

        return discover(
            find_data_dir(self.flags.get("data_dir"), os.environ),
            url=self.flags.get("url") or os.environ.get("ROUNDHOUSE_URL") or None,
            token=self.flags.get("token") or os.environ.get("ROUNDHOUSE_TOKEN") or None,
        )

    def ask(self, action: "Callable[[Client], Awaitable[T]]") -> T:
        """Run `action` with a client of the running server."""
        import anyio

        from roundhouse.client.http import Client

        address = self.address()

        async def connected() -> T:
            async with Client.open(address) as client:
                return await action(client)

        return anyio.run(connected)


def _keep(ctx: click.Context, parameter: click.Parameter, value: Any) -> None:
    if value is not None and parameter.name is not None:
        ctx.ensure_object(App).flags[parameter.name] = value


def global_options() -> list[click.Parameter]:
    """Those that stand before or after any command."""
    option = partial(click.Option, expose_value=False, callback=_keep)
    return [
        option(
            ["--data-dir"],
            type=click.Path(file_okay=False, path_type=Path),
            help="Where Roundhouse keeps its data.  [ROUNDHOUSE_DATA_DIR]",
        ),
        option(["--url"], help="The address of a server.  [ROUNDHOUSE_URL]"),
        option(["--token"], help="Its token.  [ROUNDHOUSE_TOKEN]"),
        option(
            ["--database-url"],
            help="A PostgreSQL server instead of the embedded one.  [ROUNDHOUSE_DATABASE_URL]",
        ),
    ]


class Command(click.Command):
    """A command that takes the global options too."""

    def __init__(self, params: list[click.Parameter] | None = None, **more: Any) -> None:
        super().__init__(params=[*(params or []), *global_options()], **more)


class Group(click.Group):
    """A command with commands of its own, all of which take the global options."""

    command_class = Command

    def __init__(self, params: list[click.Parameter] | None = None, **more: Any) -> None:
        super().__init__(params=[*(params or []), *global_options()], **more)


def command() -> Callable[[Callable[..., Any]], Command]:
    """Make a function a command."""
    return click.command(cls=Command)


def group() -> Callable[[Callable[..., Any]], Group]:
    """Make a function a command that has commands."""
    return click.group(cls=Group)


as_json = click.option("--json", "json_", is_flag=True, help="Print JSON.")
