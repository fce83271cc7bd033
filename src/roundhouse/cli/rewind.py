"""Commands rewind and checkpoints: a session's files as they were before, and back."""

import sys
from typing import Any

import click

from roundhouse.cli.app import App, as_json, command
from roundhouse.cli.lookup import Item, session_of
from roundhouse.cli.output import (
    Paint,
    ago,
    counted,
    emit_json,
    file_name,
    note,
    one_line,
    short,
    table,
)
from roundhouse.cli.patience import patiently
from roundhouse.client.http import Client
from roundhouse.model.errors import InvalidInput

MANY = 20


@command()
@click.argument("session")
@click.option("--to", metavar="TASK", help="As the files were after this task.")
@click.option("--before", metavar="TASK", help="As the files were before this task.")
@click.option("--checkpoint", metavar="C", help="As they were at a checkpoint; see `checkpoints`.")
@click.option(
    "--conversation",
    is_flag=True,
    help="Take the agents' own conversations back, too, where they can.",
)
@as_json
@click.pass_obj
def rewind(
    app: App,
    session: str,
    *,
    to: str | None,
    before: str | None,
    checkpoint: str | None,
    conversation: bool,
    json_: bool,
) -> None:
    """Take a session's files back to how they were. Makes a checkpoint first, so it can be undone.

    Only files that differ are touched. What the rewind did not know stays: ignored files, and new ones of yours.
    """
    if sum(given is not None for given in (to, before, checkpoint)) != 1:
        raise InvalidInput(
            "Back to what? Give one of --to, --before and --checkpoint.",
            remedy="`roundhouse checkpoints ID` lists where to.",
        )
    body: dict[str, Any] = {"conversation": conversation}
    if checkpoint is not None:
        body["checkpoint_id"] = checkpoint
    else:
        body |= {"task_id": to or before, "before": before is not None}

    async def action(client: Client) -> tuple[str, Item]:
        line = await session_of(client, session)
        going = client.post(f"/api/sessions/{line['id']}/rewind", body)
        return line["id"], await patiently("Going back", going)

    session_id, answer = app.ask(action)
    if json_:
        emit_json(answer)
        return
    where = f"checkpoint {checkpoint}"
    if checkpoint is None:
        where = f"the state {'after' if before is None else 'before'} task {to or before}"
    _tell(session_id, answer, _goal(answer) or where)
    if conversation:
        _tell_conversations(answer.get("conversations") or [])


def _goal(answer: Item) -> str | None:
    """What was gone back to, as the server calls it."""
    point, title = answer.get("goal_id"), one_line(answer.get("goal_title") or "", 80)
    if not point:
        return None
    name = f"checkpoint {point}"
    return f"{title} ({name})" if title and title != name else name


def _tell(session_id: str, answer: Item, where: str) -> None:
    paint = Paint(sys.stdout)
    files = answer["files"]
    undo = answer.get("undo_checkpoint_id")
    for file in files[:MANY]:
        counts = f"+{file.get('additions', 0)} -{file.get('deletions', 0)}"
        print(f"  {paint(file_name(file['path']), 'bold')}  {file['operation']}  {counts}")
    if len(files) > MANY:
        print(f"  and {len(files) - MANY} more")
    if not files and undo is None:
        print("Nothing to take back: the files are like that.")
    else:
        print(f"Went back to {where}: {counted(len(files), 'file')} changed.")
    kept = [file_name(path) for path in answer.get("kept") or []]
    if kept:
        more = f" and {len(kept) - MANY} more" if len(kept) > MANY else ""
        print(f"Kept, because it was not known then: {', '.join(kept[:MANY])}{more}")
    if undo:
        note(f"To undo: roundhouse rewind {short(session_id)} --checkpoint {undo}")


def _tell_conversations(agents: list[str]) -> None:
    """Whose own conversation went back, too; that has no undo."""
    if agents:
        print(f"Conversations that went back, too: {', '.join(agents)}.")
    else:
        note("No conversation went back: an agent that cannot is told of the rewind instead.")


@command()
@click.argument("session")
@click.option("-n", "--limit", type=click.IntRange(1), default=50, show_default=True)
@as_json
@click.pass_obj
def checkpoints(app: App, session: str, limit: int, json_: bool) -> None:
    """List the states of a session's files that `rewind` can go back to, newest first."""

    async def action(client: Client) -> list[Item]:
        line = await session_of(client, session)
        found = client.items(f"/api/sessions/{line['id']}/checkpoints", limit=limit)
        return [item async for item in found]

    found = app.ask(action)
    if json_:
        emit_json(found)
    elif not found:
        note("No checkpoints: no turn has ended yet.")
    else:
        table(("ID", "KIND", "TASK", "AGENT", "TITLE", "CHANGED", "AGE"), map(_row, found))


def _row(point: Item) -> tuple[str, ...]:
    changed = ""
    if point["files"]:
        changed = f"{counted(point['files'], 'file')} +{point['additions']} -{point['deletions']}"
    return (
        point["id"],
        point["kind"],
        point.get("task_id") or "",
        point.get("agent") or "",
        one_line(point["title"], 60),
        changed,
        ago(point["created_at"]),
    )
