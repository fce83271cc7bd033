"""Commands accept and reject: by file, hunk or agent, all at once, or one after the other in a terminal."""

import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click
from msgspec import Struct

from roundhouse.cli.app import App, as_json, command
from roundhouse.cli.changes import SHORT_HUNK, files_in, hunks_of, last_seen
from roundhouse.cli.lookup import Item, session_of
from roundhouse.cli.output import counted, emit_json, file_name, note, short
from roundhouse.cli.patience import patiently
from roundhouse.client.http import Client
from roundhouse.model.errors import Conflict, InvalidInput

MANY = 8
DONE = {"accept": "Accepted", "reject": "Rejected"}
DOING = {"accept": "Accepting", "reject": "Rejecting"}
Function = TypeVar("Function", bound=Callable[..., Any])


class Wish(Struct, frozen=True, kw_only=True):
    """What the person asked for."""

    paths: tuple[str, ...] = ()
    hunks: tuple[str, ...] = ()
    agent: str | None = None
    everything: bool = False
    interactive: bool = False
    undo: bool = False

    @property
    def chosen(self) -> bool:
        """Whether it says what is meant."""
        return bool(self.paths or self.hunks or self.agent or self.everything)


def _choice(function: Function) -> Function:
    for option in (
        click.option("--undo", is_flag=True, help="Take the last accept or reject back."),
        click.option(
            "-i",
            "--interactive",
            is_flag=True,
            help="Ask hunk by hunk; with PATH or --agent only there. The default in a terminal.",
        ),
        click.option("--all", "everything", is_flag=True, help="Everything that is pending."),
        click.option("-a", "--agent", help="What only this agent wrote; `person` for you."),
        click.option(
            "--hunk", "hunks", multiple=True, help="A hunk by the beginning of its id; repeatable."
        ),
        click.argument("paths", metavar="[PATH]...", nargs=-1),
        click.argument("session"),
    ):
        function = option(function)
    return function


@command()
@_choice
@as_json
@click.pass_obj
def accept(app: App, /, session: str, json_: bool, **wish: Any) -> None:
    """Accept changes: they count as reviewed and leave the list. No file is written.

    PATHs are files or folders from the repository's root. Without any choice a terminal is asked hunk by hunk.
    """
    _decide(app, "accept", session, Wish(**wish), json_=json_)


@command()
@_choice
@as_json
@click.pass_obj
def reject(app: App, /, session: str, json_: bool, **wish: Any) -> None:
    """Reject changes: they are reversed in the session's worktree, where the agents see it.

    PATHs are files or folders from the repository's root. Without any choice a terminal is asked hunk by hunk.
    """
    _decide(app, "reject", session, Wish(**wish), json_=json_)


def _decide(app: App, verb: str, session: str, wish: Wish, *, json_: bool) -> None:
    _check(verb, wish, answers=not json_ and sys.stdin.isatty() and sys.stdout.isatty())

    async def action(client: Client) -> None:
        line = await session_of(client, session)
        if wish.undo:
            await _undo(client, line["id"], json_=json_)
        elif wish.interactive or not wish.chosen:
            from roundhouse.cli.pick import Pick

            pick = Pick(client, line["id"], verb)
            await pick.run(paths=wish.paths, agent=wish.agent)
            print(pick.summary())
            if way_back := pick.way_back():
                note(way_back)
        else:
            answer = await _send(client, verb, line["id"], wish)
            if json_:
                emit_json(answer)
            else:
                _tell(verb, line["id"], answer)

    app.ask(action)


def _check(verb: str, wish: Wish, *, answers: bool) -> None:
    """Raises InvalidInput for what does not go together, or for no choice where nobody answers."""
    if wish.undo and (wish.chosen or wish.interactive):
        raise InvalidInput("--undo stands alone: it takes the last accept or reject back.")
    by_part = bool(wish.paths or wish.hunks)
    if wish.everything and (by_part or wish.agent or wish.interactive):
        raise InvalidInput("--all leaves nothing to choose; leave the other choice away.")
    if wish.agent and by_part and not wish.interactive:
        raise InvalidInput("--agent means all that the agent wrote; leave PATH and --hunk away.")
    if wish.interactive and wish.hunks:
        raise InvalidInput("--hunk says already which; leave --interactive away.")
    asks = wish.interactive or not (wish.chosen or wish.undo)
    if asks and not answers:
        raise InvalidInput(
            f"What to {verb}? There is no terminal to ask in.",
            remedy="Name PATHs, --hunk, --agent or --all.",
        )


async def _send(client: Client, verb: str, session_id: str, wish: Wish) -> Item:
    body = await _body(client, session_id, wish)
    path = f"/api/sessions/{session_id}/changes/{verb}"
    try:
        return dict(await patiently(DOING[verb], client.post(path, body)))
    except Conflict as error:
        if error.code != "stale_changes":
            raise
        paths = (error.details or {}).get("paths") or []
        what = _named([file_name(path) for path in paths]) or "Something"
        raise Conflict(
            f"{what} changed since the changes were last looked at; nothing was {verb}ed.",
            code=error.code,
            remedy=f"Look with `roundhouse diff {short(session_id)}`, then {verb} again.",
            details=error.details,
        ) from error


async def _body(client: Client, session_id: str, wish: Wish) -> dict[str, Any]:
    """The choice. By file or all it is of what was looked at last: what came since is not decided on unseen."""
    if wish.agent:
        return {"agent": wish.agent}
    body: dict[str, Any] = {}
    if wish.everything or wish.paths:
        # Before the changes are read here: nobody sees what that finds.
        head = await last_seen(client, session_id)
        body = {"head": head} if head else {}
    if wish.everything:
        body["all"] = True
    if wish.paths:
        body["files"] = await files_in(client, session_id, wish.paths)
    if wish.hunks:
        body["hunks"] = await hunks_of(client, session_id, wish.hunks)
    return body


async def _undo(client: Client, session_id: str, *, json_: bool) -> None:
    undo = client.post(f"/api/sessions/{session_id}/changes/undo")
    answer = await patiently("Taking it back", undo)
    if json_:
        emit_json(answer)
    else:
        print(f"Took the last {answer['undone']} back: {_amount(answer)}.")


def _tell(verb: str, session_id: str, answer: Item) -> None:
    mixed = answer.get("mixed") or []
    if not answer["files"] and not answer["hunks"]:
        note(f"Nothing to {verb}.")
    else:
        print(f"{DONE[verb]} {_amount(answer)}.")
        note(f"To take it back: roundhouse {verb} {short(session_id)} --undo")
    if mixed:
        names = ", ".join(name[:SHORT_HUNK] for name in mixed[:MANY])
        more = f" and {len(mixed) - MANY} more" if len(mixed) > MANY else ""
        note(f"Left, because others wrote in them too: {names}{more}. Name them with --hunk.")


def _amount(answer: Item) -> str:
    """What an answer says was decided."""
    files = [file_name(name) for name in answer.get("files") or []]
    hunks = answer.get("hunks") or 0
    named = _named(files)
    if hunks and files:
        return f"{counted(hunks, 'hunk')} in {named}"
    return named or counted(hunks, "hunk")


def _named(files: list[str]) -> str:
    return ", ".join(files) if len(files) <= MANY else counted(len(files), "file")
