"""Command diff: what changed in a session, each line with its author."""

import sys
from typing import Any

import click

from roundhouse.cli.app import App, as_json, command
from roundhouse.cli.lookup import Item, session_of
from roundhouse.cli.output import Paint, emit_json, harmless, note
from roundhouse.client.http import Client

PERSON = "you"
SIGNS = {"add": ("+", "green"), "delete": ("-", "red")}
TABSIZE = 4


@command()
@click.argument("session")
@click.option("-a", "--agent", help="Only what this agent wrote.")
@click.option("-t", "--task", help="Only what this task wrote.")
@click.option("--path", help="Only this file.")
@click.option("--stat", is_flag=True, help="Only the files and whose lines they hold.")
@as_json
@click.pass_obj
def diff(app: App, /, session: str, stat: bool, json_: bool, **filters: str | None) -> None:
    """Show what changed in a session and was not reviewed yet, each line with its author."""

    async def action(client: Client) -> Item:
        line = await session_of(client, session)
        return await read_changes(client, line["id"], **filters)

    changes = app.ask(action)
    if json_:
        emit_json(changes)
    else:
        print_changes(changes, stat=stat)


async def read_changes(
    client: Client,
    session_id: str,
    *,
    agent: str | None = None,
    task: str | None = None,
    path: str | None = None,
) -> Item:
    """All pages of a session's changes as one."""
    query = {"agent": agent, "task_id": task, "path": path}
    whole: Item | None = None
    cursor: str | None = None
    while True:
        page = await client.get(f"/api/sessions/{session_id}/changes", cursor=cursor, **query)
        whole = dict(page) if whole is None else whole
        if cursor is not None:
            whole["files"] = whole["files"] + page["files"]
        cursor = page.get("next_cursor")
        if cursor is None:
            return whole | {"next_cursor": None}


def print_changes(changes: Item, *, stat: bool = False) -> None:
    """Draw the changes."""
    paint = Paint(sys.stdout)
    for file in changes["files"]:
        _print_file(file, paint, stat=stat)
    totals = changes["totals"]
    if not totals["files"]:
        note("No changes.")
        return
    shares = _shares(totals.get("agents", []))
    count = f"{totals['files']} file{'s' * (totals['files'] != 1)}"
    print(f"{count}, +{totals['additions']} -{totals['deletions']}{shares}")


def _print_file(file: Item, paint: Paint, *, stat: bool) -> None:
    name = harmless(file["path"])
    if file.get("old_path"):
        name = f"{harmless(file['old_path'])} → {name}"
    counts = f"+{file['additions']} -{file['deletions']}"
    print(f"{paint(name, 'bold')}  {file['operation']}  {counts}{_shares(file['agents'])}")
    if stat:
        return
    if file.get("binary") or file.get("too_large"):
        print(paint("  (binary)" if file.get("binary") else "  (too large to show)", "dim"))
    authors = [_author(line) for hunk in file["hunks"] for line in hunk["lines"]]
    width = max(map(len, authors), default=0)
    for hunk in file["hunks"]:
        print(paint(f"{'':{width}}  {harmless(hunk['header'])}", "cyan"))
        for line in hunk["lines"]:
            sign, colour = SIGNS.get(line["kind"], (" ", ""))
            text = harmless(line["text"].rstrip("\r\n")).expandtabs(TABSIZE)
            shown = f"{sign} {text}"
            author = paint(f"{_author(line):{width}}", "dim")
            print(f"{author}  {paint(shown, colour) if colour else shown}".rstrip())
    print()


def _author(line: dict[str, Any]) -> str:
    return "" if line["kind"] == "context" else line["agent"] or PERSON


def _shares(agents: list[Item]) -> str:
    if not agents:
        return ""
    parts = [f"{a['name'] or PERSON} {round(100 * a['share'])} %" for a in agents]
    return f"  ({', '.join(parts)})"
