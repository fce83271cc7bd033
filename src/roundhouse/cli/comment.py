"""Command comment: remarks on lines, collected and sent to an agent as one prompt."""

from typing import Any

import click

from roundhouse.cli.app import App, as_json, group
from roundhouse.cli.changes import listed
from roundhouse.cli.lookup import Item, session_of
from roundhouse.cli.output import counted, emit_json, note, one_line, table
from roundhouse.client.http import Client
from roundhouse.model.errors import InvalidInput, NotFound

PERSON = "you"


@group()
def comment() -> None:
    """Collect remarks on lines and send them to the agents that wrote them."""


@comment.command("ls")
@click.argument("session")
@as_json
@click.pass_obj
def list_comments(app: App, session: str, json_: bool) -> None:
    """List a session's comments: open, sent, resolved."""

    async def action(client: Client) -> list[Item]:
        return await _comments(client, (await session_of(client, session))["id"])

    found = app.ask(action)
    if json_:
        emit_json(found)
    elif not found:
        note("No comments. Make one: roundhouse comment add ID PATH:LINE “…”")
    else:
        table(("ID", "STATUS", "LINE", "AUTHOR", "COMMENT"), map(_row, found))


async def _comments(client: Client, session_id: str) -> list[Item]:
    return listed(await client.get(f"/api/sessions/{session_id}/comments"))


def _row(remark: Item) -> tuple[str, ...]:
    return remark["id"], remark["status"], _place(remark), _author(remark), one_line(remark["text"])


def _place(remark: Item) -> str:
    old = " (old)" if remark["side"] == "old" else ""
    return f"{remark['path']}:{remark['line']}{old}"


def _author(remark: Item) -> str:
    return remark.get("agent") or PERSON


@comment.command()
@click.argument("session")
@click.argument("place", metavar="PATH:LINE")
@click.argument("text")
@click.option("--old", is_flag=True, help="The line's number is the one before the change.")
@as_json
@click.pass_obj
def add(app: App, session: str, place: str, text: str, *, old: bool, json_: bool) -> None:
    """Comment on a line of the changes. It waits until you send it."""
    path, _, number = place.rpartition(":")
    if not path or not number.isdecimal():
        raise InvalidInput(f"{place!r} is no PATH:LINE.", remedy="For example src/app.py:12.")
    body = {"path": path, "line": int(number), "side": "old" if old else "new", "text": text}

    async def action(client: Client) -> Item:
        line = await session_of(client, session)
        return dict(await client.post(f"/api/sessions/{line['id']}/comments", body))

    made = app.ask(action)
    if json_:
        emit_json(made)
    else:
        print(f"{made['id']}  {_place(made)}  by {_author(made)}")


@comment.command()
@click.argument("session")
@click.argument("ids", metavar="[COMMENT]...", nargs=-1)
@click.option("-a", "--agent", help="Who gets it. Default: the author of the lines.")
@as_json
@click.pass_obj
def send(app: App, session: str, ids: tuple[str, ...], agent: str | None, json_: bool) -> None:
    """Send the open comments, or only these, as one prompt to each agent that wrote the lines."""
    body: dict[str, Any] = {}
    if agent is not None:
        body["agent"] = agent
    if ids:
        body["ids"] = list(ids)

    async def action(client: Client) -> Item:
        line = await session_of(client, session)
        return dict(await client.post(f"/api/sessions/{line['id']}/comments/send", body))

    answer = app.ask(action)
    if json_:
        emit_json(answer)
        return
    for task in answer["tasks"]:
        print(f"{task['id']}  to {task['agent']}")
    if not answer["tasks"]:
        note("No comment is open.")


@comment.command()
@click.argument("session")
@click.argument("ids", metavar="COMMENT...", nargs=-1, required=True)
@click.pass_obj
def rm(app: App, session: str, ids: tuple[str, ...]) -> None:
    """Remove comments that were not sent."""

    async def action(client: Client) -> None:
        line = await session_of(client, session)
        known = {remark["id"] for remark in await _comments(client, line["id"])}
        if unknown := set(ids) - known:
            raise NotFound(
                f"There is no comment {min(unknown)!r} in this session.",
                remedy="`roundhouse comment ls ID` lists them.",
            )
        for name in ids:
            await client.call("DELETE", f"/api/sessions/{line['id']}/comments/{name}")
        note(f"Removed {counted(len(ids), 'comment')}.")

    app.ask(action)
