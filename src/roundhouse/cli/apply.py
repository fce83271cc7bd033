"""Commands apply and overlaps: bringing a session's changes into the person's checkout, and who else is at the same files."""

import difflib
import sys
from collections.abc import Iterable, Iterator
from typing import Any

import click

from roundhouse.cli.app import App, as_json, command
from roundhouse.cli.changes import listed
from roundhouse.cli.draw import about
from roundhouse.cli.lookup import Item, project_of, session_of
from roundhouse.cli.output import (
    Paint,
    counted,
    emit_json,
    file_name,
    harmless,
    note,
    one_line,
    short,
    table,
)
from roundhouse.cli.patience import patiently
from roundhouse.client.http import Client
from roundhouse.model.errors import Conflict, InvalidInput, NotFound, RoundhouseError

MANY = 50
SIDE_LINES = 40
"""Lines of a side's difference that are shown; a conflict is looked at in an editor, not here."""

COMPARED_LINES = 5000
"""Comparing more would hold the terminal up."""

KINDS = {
    "content": "both changed the same lines",
    "deleted_in_checkout": "you deleted it, the session changed it",
    "deleted_in_session": "the session deleted it, you changed it",
    "both_added": "both added it, with different content",
    "binary": "both changed it, and it has no lines to merge",
    "type": "it became another kind of file on one side",
    "occupied": "something of yours is in its place",
    "outside": "it would lead out of the checkout",
    "submodule": "it is a submodule",
}

IN_THE_WAY = {
    "type": "{} is a file in your checkout, the session has a folder there",
    "outside": "{} is a symbolic link in your checkout, and may lead out of it",
    "submodule": "{} is a repository of its own in your checkout",
}
"""The same where something stands in the place of the file's folder, or the folder in its own."""


@command()
@click.argument("session")
@click.option("--accepted-only", is_flag=True, help="Only what you accepted. Default: everything.")
@click.option("--check", is_flag=True, help="Only say what would happen; write nothing.")
@click.option("--undo", is_flag=True, help="Take the last apply back.")
@as_json
@click.pass_obj
def apply(
    app: App, session: str, *, accepted_only: bool, check: bool, undo: bool, json_: bool
) -> int:
    """Bring a session's changes into your own checkout: working files only, your edits kept.

    Nothing is staged or committed. If one file conflicts, nothing at all is written; exit code 1.
    """
    if undo and (check or accepted_only):
        raise InvalidInput("--undo stands alone: it takes the last apply back.")

    async def action(client: Client) -> int:
        line = await session_of(client, session)
        path = f"/api/sessions/{line['id']}/apply"
        try:
            if undo:
                answer = await patiently("Taking it back", client.post(f"{path}/undo"))
            else:
                await _warn(client, line)
                body = {
                    "target": "checkout",
                    "accepted_only": accepted_only,
                    "check_only": check,
                }
                doing = "Looking what would happen" if check else "Applying"
                answer = await patiently(doing, client.post(path, body))
        except Conflict as error:
            if not (error.details and error.details.get("conflicts")):
                raise
            told = _remedied(error, line["id"], undo=undo)
            return _refused(told, error.details, json_=json_)
        if json_:
            emit_json(answer)
        else:
            _tell(line["id"], answer, undo=undo)
        return 0

    return app.ask(action)


async def _warn(client: Client, session: Item) -> None:
    """Say in one line what others are about to apply to the same files. Never in the way of the apply."""
    try:
        found = listed(await client.get(f"/api/projects/{session['project_id']}/overlaps"))
    except RoundhouseError:
        return
    mine = [item for item in found if session["id"] in {one["id"] for one in item["sessions"]}]
    if not mine:
        return
    others = {
        one["id"]: one for item in mine for one in item["sessions"] if one["id"] != session["id"]
    }
    names = ", ".join(f"{short(key)} “{one_line(o['title'], 40)}”" for key, o in others.items())
    files = ", ".join(file_name(item["path"]) for item in mine[:3])
    more = f" and {len(mine) - 3} more" if len(mine) > 3 else ""  # noqa: PLR2004 - as sliced above
    note(f"Overlap: {files}{more} is changed in {names}, too.")


def _tell(session_id: str, answer: Item, *, undo: bool) -> None:
    paint = Paint(sys.stdout)
    for text in _files(answer["files"], paint):
        print(text)
    for name, what in (
        ("unchanged", "already there"),
        ("skipped", "left out, a submodule"),
    ):
        names = [file_name(path) for path in answer.get(name) or []]
        if names:
            print(paint(f"  {what}: {', '.join(names[:MANY])}", "dim"))
    count = counted(len(answer["files"]), "file")
    if answer.get("check_only"):
        print(f"{count} can be applied; nothing was written.")
    elif undo:
        print(f"Took the last apply back: {count} in your checkout.")
    elif not answer["files"]:
        note("Nothing to apply: your checkout has all of it.")
    else:
        print(f"Applied {count} to your checkout; nothing is staged.")
        note(f"To take it back: roundhouse apply {short(session_id)} --undo")


def _files(files: list[Item], paint: Paint) -> Iterator[str]:
    for file in files[:MANY]:
        name = file_name(file["path"])
        if file.get("old_path"):
            name = f"{file_name(file['old_path'])} → {name}"
        merged = "  merged with your own edits" if file.get("merged") else ""
        counts = f"+{file.get('additions', 0)} -{file.get('deletions', 0)}"
        words = "  ".join([file["operation"], counts, *about(file)])
        yield f"  {paint(name, 'bold')}  {words}{paint(merged, 'yellow')}"
    if len(files) > MANY:
        yield f"  and {len(files) - MANY} more"


def _remedied(error: Conflict, session_id: str, *, undo: bool) -> Conflict:
    """The refusal with what can be done about it here."""
    if undo:
        remedy = (
            "Bring these files in your checkout back to what the apply wrote, or remove your own "
            "edits from the lines shown, then try again."
        )
    else:
        remedy = (
            "Change these files in your checkout so that both fit, or move them away, then apply again; "
            f"or take them out of the session: roundhouse reject {short(session_id)} PATH."
        )
    return Conflict(error.message, code=error.code, remedy=remedy, details=error.details)


def _refused(error: Conflict, details: dict[str, Any], *, json_: bool) -> int:
    """Show each conflict with both sides; the sentence goes to stderr as any error's."""
    conflicts = details["conflicts"]
    if json_:
        emit_json({"applied": False, "code": error.code, "message": error.message, **details})
    else:
        paint = Paint(sys.stdout)
        for conflict in conflicts:
            for text in conflict_lines(conflict, paint):
                print(text)
    remedy = f" {error.remedy}" if error.remedy else ""
    print(f"roundhouse: {error.message}{remedy}", file=sys.stderr)
    return 1


def conflict_lines(conflict: Item, paint: Paint) -> Iterator[str]:
    """One conflict: what it is, what you did to the file and what the session did."""
    why = KINDS.get(conflict["kind"], conflict["kind"])
    if conflict.get("in_the_way"):
        why = IN_THE_WAY.get(conflict["kind"], "{} is in the way").format(
            file_name(conflict["in_the_way"])
        )
    yield f"{paint(file_name(conflict['path']), 'bold')}  {why}"
    base = conflict.get("base")
    for side, who in (("ours", "your checkout"), ("theirs", "the session")):
        yield paint(f"  {who}:", "dim")
        for text in _side(base, conflict.get(side)):
            colour = {"+": "green", "-": "red", "@": "cyan"}.get(text[:1])
            yield "    " + (paint(text, colour) if colour else text)
    yield ""


def _side(base: Item | None, side: Item | None) -> Iterator[str]:
    """What one side did to the base, as a unified diff that ends somewhere."""
    if side is None:
        yield "(not there)"
        return
    if side.get("binary") or side.get("too_large") or side.get("text") is None:
        yield "(binary)" if side.get("binary") else "(too large to show)"
        return
    if base and side.get("mode") != base.get("mode"):
        yield f"(mode {base.get('mode')} → {side.get('mode')})"
    old = harmless_lines((base or {}).get("text"))
    new = harmless_lines(side["text"])
    if len(old) + len(new) > COMPARED_LINES:
        yield f"({counted(len(new), 'line')}, too long to compare here)"
        return
    difference = list(difflib.unified_diff(old, new, n=2, lineterm=""))[2:]
    yield from difference[:SIDE_LINES]
    if len(difference) > SIDE_LINES:
        yield f"… {counted(len(difference) - SIDE_LINES, 'more line')}"


def harmless_lines(text: str | None) -> list[str]:
    """A text's lines without what would steer a terminal."""
    return [harmless(line) for line in (text or "").splitlines()]


@command()
@click.argument("project", default=".")
@as_json
@click.pass_obj
def overlaps(app: App, project: str, json_: bool) -> None:
    """List the files that several sessions of a project have changed: by id, folder or name; default here."""

    async def action(client: Client) -> list[Item]:
        found = await project_of(client, project)
        return listed(await client.get(f"/api/projects/{found['id']}/overlaps"))

    try:
        found = app.ask(action)
    except NotFound as error:
        if project != ".":
            raise
        raise NotFound(
            "This folder is not a registered project.",
            remedy="`roundhouse project ls` lists those that are.",
        ) from error
    if json_:
        emit_json(found)
    elif not found:
        note("No file is changed in several sessions.")
    else:
        table(("FILE", "SESSIONS"), map(_row, found))


def _row(item: Item) -> tuple[str, str]:
    return file_name(item["path"]), ", ".join(_titles(item["sessions"]))


def _titles(sessions: Iterable[Item]) -> Iterator[str]:
    for one in sessions:
        yield f"{short(one['id'])} “{one_line(one['title'], 40)}”"
