"""Command diff: what changed in a session, each line with its author."""

import sys
from collections.abc import AsyncIterator, Iterator
from typing import IO

import click

from roundhouse.cli.app import App, as_json, command
from roundhouse.cli.changes import READING, pages, read_changes, told_apart
from roundhouse.cli.draw import Gutter, drawn, file_line, hunk_lines, total_line
from roundhouse.cli.lookup import Item, session_of
from roundhouse.cli.output import Paint, emit_json, note
from roundhouse.cli.pager import paged
from roundhouse.cli.patience import patiently
from roundhouse.client.http import Client, sendable


@command()
@click.argument("session")
@click.option("-a", "--agent", help="Only what this agent wrote; `person` for what you wrote.")
@click.option("-t", "--task", help="Only what this task wrote.")
@click.option("--path", help="Only this file, however large, or what is in this folder.")
@click.option("--since", help="Only what you have not `seen` yet, or since a SNAPSHOT.")
@click.option("--mark-seen", is_flag=True, help="Remember what is shown, for `--since seen`.")
@click.option("--stat", is_flag=True, help="Only the files and whose lines they hold.")
@as_json
@click.option("--no-color", is_flag=True, help="Without colours.")
@click.option("--no-pager", is_flag=True, help="Without $PAGER, which only a terminal gets.")
@click.pass_obj
def diff(
    app: App,
    /,
    session: str,
    *,
    stat: bool,
    mark_seen: bool,
    json_: bool,
    no_color: bool,
    no_pager: bool,
    **filters: str | None,
) -> None:
    """Show what changed in a session and was not reviewed yet, each line with its author.

    Before each hunk stands the beginning of its id, which `accept --hunk` and `reject --hunk` take.
    """
    paint = Paint(sys.stdout, colour=not no_color)

    async def action(client: Client) -> None:
        line = await session_of(client, session)
        filters["path"] = sendable(filters["path"])
        shown: list[Item] = []
        if json_:
            changes = await read_changes(client, line["id"], **filters)
            if not changes["files"]:
                await told_apart(client, line, **filters)
            emit_json(changes)
            shown = changes["files"]
        else:
            found = pages(client, line["id"], **filters)
            # The first before the pager: that one has the terminal for itself.
            first = await patiently(READING, anext(found))
            if not first["files"]:
                note(await told_apart(client, line, **filters) or "No changes.")
                return
            with paged(wanted=not no_pager) as out:
                await _print(first, found, out, paint, shown, stat=stat, asked=filters["path"])
        if mark_seen and shown:
            await client.post(f"/api/sessions/{line['id']}/changes/seen", _marks(shown))

    app.ask(action)


def _marks(files: list[Item]) -> Item:
    """What was shown, as it was then: by hunk, and by file where that has none."""
    hunks = [hunk["id"] for file in files for hunk in file["hunks"]]
    whole = [file["path"] for file in files if not file["hunks"]]
    return {name: chosen for name, chosen in (("files", whole), ("hunks", hunks)) if chosen}


async def _print(
    first: Item,
    further: AsyncIterator[Item],
    out: IO[str],
    paint: Paint,
    shown: list[Item],
    *,
    stat: bool,
    asked: str | None,
) -> None:
    gutter = Gutter.of(first, paint)
    page: Item | None = first
    while page is not None:
        for file in page["files"]:
            goes_on = bool(shown) and shown[-1]["path"] == file["path"]
            if shown and not goes_on and not stat:
                print(file=out)
            for text in _file(file, gutter, paint, goes_on=goes_on, stat=stat, asked=asked):
                print(text, file=out)
            shown.append(file)
        page = await anext(further, None)
    if not stat:
        print(file=out)
    print(total_line(first["totals"]), file=out)


def _file(
    file: Item,
    gutter: Gutter,
    paint: Paint,
    *,
    goes_on: bool,
    stat: bool,
    asked: str | None,
) -> Iterator[str]:
    """A file's lines, or those of a further part of it."""
    if goes_on:
        for hunk in [] if stat else file["hunks"]:
            yield from hunk_lines(hunk, gutter, paint)
    elif stat:
        yield file_line(file, paint)
    else:
        yield from drawn(file, gutter, paint, asked=asked)


def print_changes(changes: Item) -> None:
    """Print a whole list of changes to standard output."""
    paint = Paint(sys.stdout)
    gutter = Gutter.of(changes, paint)
    for file in changes["files"]:
        print("\n".join(drawn(file, gutter, paint)), end="\n\n")
    print(total_line(changes["totals"]))
