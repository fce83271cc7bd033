"""The command line's entrance: which commands there are, how they fail, what they return.

A command's module is imported when it is called, not before: `--help` and a small command start fast.
"""

import importlib
import os
import sys
import traceback

import click

from roundhouse import __version__
from roundhouse.cli.app import App, global_options
from roundhouse.model.errors import InvalidInput, RoundhouseError

FAILED = 1
USAGE = 2
INTERRUPTED = 130
OUTPUT_GONE = 141

COMMANDS = {
    "up": ("process", "Start everything: database, runner, server"),
    "demo": ("demo", "See the main job done, on a sample repository that is removed afterwards"),
    "run": ("run", "Prompt an agent and follow its turn"),
    "send": ("run", "Prompt an agent in a session and return at once"),
    "attach": ("run", "Follow a session live and answer what its agents ask"),
    "wait": ("run", "Wait for the end of a task, or of all of a session"),
    "cancel": ("run", "Cancel a task, or what runs in a session"),
    "ls": ("sessions", "List sessions, newest first"),
    "show": ("sessions", "Show a session, its tasks and its agents"),
    "logs": ("sessions", "Print what happened in a session"),
    "diff": ("diff", "Show what changed in a session, each line with its author"),
    "accept": ("review", "Accept changes by file, hunk or agent"),
    "reject": ("review", "Reverse changes by file, hunk or agent"),
    "apply": ("apply", "Bring a session's changes into your checkout"),
    "commit": ("commit", "Commit a session's changes on its branch"),
    "rewind": ("rewind", "Take a session's files back to a checkpoint"),
    "checkpoints": ("rewind", "List what a session can be taken back to"),
    "comment": ("comment", "Collect remarks on lines and send them to an agent"),
    "overlaps": ("apply", "List files that several sessions changed"),
    "permit": ("permit", "See and answer what agents ask"),
    "agents": ("agents", "What is installed, and why something is not usable"),
    "project": ("project", "Register, list and remove repositories"),
    "close": ("sessions", "End a session's agents and archive it"),
    "rm": ("sessions", "Delete a session with its worktree"),
    "doctor": ("doctor", "Check everything and say what to do"),
    "server": ("process", "Run a server alone"),
    "runner": ("process", "Run a runner alone"),
    "restart": ("process", "Replace the server under running turns"),
    "migrate": ("process", ""),
}
"""Name: module and the one line of the list. Without a line it is not listed."""


class Commands(click.Group):
    """All commands, each imported when it is needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # type: ignore[explicit-override]
        """The listed ones, in reading order."""
        return [name for name, (_, line) in COMMANDS.items() if line]

    def get_command(  # type: ignore[explicit-override]
        self, ctx: click.Context, cmd_name: str
    ) -> click.Command | None:
        """One command, or None."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"roundhouse.cli.{COMMANDS[cmd_name][0]}")
        command = getattr(module, cmd_name)
        return command if isinstance(command, click.Command) else None

    def format_commands(  # type: ignore[explicit-override]
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        """The list of commands, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in self.list_commands(ctx)])


def _version(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:
    if value:
        click.echo(f"roundhouse {__version__}")
        ctx.exit()


program = Commands(
    name="roundhouse",
    help="Keeps coding agents warm: durable sessions, live events, many agents, one worktree.",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    params=[
        *global_options(),
        click.Option(
            ["--version"],
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_version,
            help="Show the version.",
        ),
    ],
)


def main(arguments: list[str] | None = None) -> int:
    """Run a command and return its exit code. What goes wrong is one sentence on stderr."""
    try:
        returned = program.main(arguments, prog_name="roundhouse", standalone_mode=False, obj=App())
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone; Python would complain about it once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OUTPUT_GONE
    except Exception as error:  # noqa: BLE001 - the boundary: a person gets a sentence, not a traceback
        return _report(_innermost(error))
    return returned if isinstance(returned, int) else 0


def _innermost(error: Exception) -> Exception:
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error


def _report(error: Exception) -> int:
    if isinstance(error, RoundhouseError):
        remedy = f" {error.remedy}" if error.remedy else ""
        print(f"roundhouse: {error.message}{remedy}", file=sys.stderr)
        return USAGE if isinstance(error, InvalidInput) else FAILED
    if os.environ.get("ROUNDHOUSE_LOG_LEVEL") == "debug":
        traceback.print_exception(error)
    print(
        f"roundhouse: Something unexpected went wrong: {type(error).__name__}: {error}. "
        "Set ROUNDHOUSE_LOG_LEVEL=debug to see where.",
        file=sys.stderr,
    )
    return FAILED
