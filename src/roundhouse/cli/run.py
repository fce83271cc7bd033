"""Commands that prompt agents and follow their turns: run, send, attach, wait, cancel."""

import os
import sys
from pathlib import Path
from typing import Any, get_args

import anyio
import click

from roundhouse.cli.app import App, as_json, command
from roundhouse.cli.lookup import Item, session_of, task_or_session, unended
from roundhouse.cli.output import emit_json, note, short
from roundhouse.cli.render import JsonView, TextView, View
from roundhouse.cli.watch import EXIT, Allow, Watch
from roundhouse.client.discover import Address
from roundhouse.client.http import Client
from roundhouse.model.errors import Conflict, InvalidInput, SetupError
from roundhouse.model.task import TaskStatus

TIMED_OUT = 124
POLL_EVERY = 0.2
ALLOW = click.Choice(get_args(Allow))


@command()
@click.argument("prompt")
@click.option("-a", "--agent", help="Who is asked. Default: the session's last one.")
@click.option(
    "-p",
    "--project",
    type=click.Path(path_type=Path),
    default=".",
    help="The repository's folder. Default: the current one.",
)
@click.option("-s", "--session", help="Go on in this session instead of a new one.")
@click.option("--model", help="The agent's model.")
@click.option("--mode", help="The agent's mode.")
@click.option(
    "--allow",
    type=ALLOW,
    default="ask",
    help="What to do when the agent asks for permission: ask you; allow each once; allow and remember for the "
    "session; allow all and remember for the project; none, which cancels the turn with exit code 5.",
)
@as_json
@click.option("--detach", is_flag=True, help="Do not follow; print the ids.")
@click.pass_obj
def run(app: App, /, json_: bool, detach: bool, allow: Allow, **wish: Any) -> int:
    """Prompt an agent and follow its turn. `-` reads the prompt from standard input.

    Makes a session on the project, or goes on in one. Without a running server it starts everything for its own
    duration. Exit code: 0 completed, 1 failed, 2 usage, 3 cancelled, 4 lost, 5 asked for a permission with nobody to
    ask.
    """
    if wish["prompt"] == "-":
        wish["prompt"] = sys.stdin.read()
    if wish["agent"] is None and wish["session"] is None:
        raise InvalidInput(
            "Which agent? Name one with --agent.", remedy="`roundhouse agents` lists them."
        )
    view: View = JsonView() if json_ else TextView()
    try:
        address = app.address()
    except SetupError as error:
        if error.code != "not_running":
            raise
        if detach:
            raise SetupError(
                "--detach needs a running server: what it leaves behind must run somewhere.",
                remedy=error.remedy,
            ) from None
        return anyio.run(_run_alone, app, wish, view, allow)
    if detach:
        return anyio.run(_hand_over, address, wish)
    return anyio.run(_run_there, app, address, wish, view, allow)


async def _run_alone(app: App, wish: dict[str, Any], view: View, allow: Allow) -> int:
    """Start everything, run, stop everything."""
    from roundhouse.cli.alone import alone

    settings = app.settings(port=0)
    async with alone(settings) as address, Client.open(address) as client:
        task, after = await _create(client, wish)
        _name(view, task)
        watch = Watch(client, view, task["session_id"], task_id=task["id"], allow=allow)
        return await watch.run(after)


async def _hand_over(address: Address, wish: dict[str, Any]) -> int:
    async with Client.open(address) as client:
        task, _ = await _create(client, wish)
        print(f"{task['session_id']} {task['id']}")
    return 0


async def _run_there(
    app: App, address: Address, wish: dict[str, Any], view: View, allow: Allow
) -> int:
    async with Client.open(address) as client:
        task, after = await _create(client, wish)
        _name(view, task)
        return await Watch(
            client,
            view,
            task["session_id"],
            task_id=task["id"],
            allow=allow,
            find_address=app.address,
        ).run(after)


def _name(view: View, task: Item) -> None:
    if isinstance(view, TextView):
        view.notice(f"session {short(task['session_id'])} · task {task['id']}")


async def _create(client: Client, wish: dict[str, Any]) -> tuple[Item, int]:
    """The task, in the session named or in a new one of the project, and the last event before it."""
    body = {name: wish[name] for name in ("model", "mode") if wish[name] is not None}
    body["input"] = wish["prompt"]
    if wish["session"] is not None:
        session = await session_of(client, wish["session"])
        body["agent"] = wish["agent"] or await _last_agent(client, session)
        path = f"/api/sessions/{session['id']}/tasks"
        return dict(await client.post(path, body)), session["last_seq"]
    folder = os.path.abspath(os.path.expanduser(wish["project"]))  # noqa: ASYNC240, PTH100, PTH111
    project = await client.post("/api/projects", {"path": folder})
    body |= {"agent": wish["agent"], "project_id": project["id"]}
    return dict(await client.post("/api/tasks", body)), 0


async def _last_agent(client: Client, session: Item) -> str:
    tasks = [t async for t in client.items(f"/api/sessions/{session['id']}/tasks")]
    if not tasks:
        raise InvalidInput(
            "Which agent? This session has had none: name one with --agent.",
            remedy="`roundhouse agents` lists them.",
        )
    return str(max(tasks, key=lambda task: int(task["id"]))["agent"])


@command()
@click.argument("session")
@click.argument("prompt")
@click.option("-a", "--agent", help="Who is asked. Default: the session's last one.")
@click.option("--model", help="The agent's model.")
@click.option("--mode", help="The agent's mode.")
@as_json
@click.pass_obj
def send(app: App, /, json_: bool, **wish: Any) -> None:
    """Prompt an agent in a session and return at once. A busy session queues it."""
    if wish["prompt"] == "-":
        wish["prompt"] = sys.stdin.read()

    async def action(client: Client) -> None:
        task, _ = await _create(client, wish)
        if json_:
            emit_json(task)
        else:
            print(task["id"])

    app.ask(action)


@command()
@click.argument("session")
@click.option("--after", type=click.IntRange(0), help="Begin after this event. Default: all of it.")
@click.option("--allow", type=ALLOW, default="ask", help="As for `run`.")
@as_json
@click.pass_obj
def attach(app: App, session: str, after: int | None, allow: Allow, json_: bool) -> int:
    """Follow a session live and answer what its agents ask. Ctrl-C leaves; the turn goes on."""
    view: View = JsonView() if json_ else TextView(prompts=True)

    async def action(client: Client) -> int:
        line = await session_of(client, session)
        await Watch(client, view, line["id"], allow=allow, find_address=app.address).run(after or 0)
        return 0

    return app.ask(action)


@command()
@click.argument("id")
@click.option("--timeout", type=click.FloatRange(0), help="Seconds to wait at most; exit code 124.")
@click.pass_obj
def wait(app: App, id: str, timeout: float | None) -> int:  # noqa: A002 - the argument's name on screen
    """Wait for the end of a task, or of all of a session's. Exit code as of `run`, of the last one."""

    async def action(client: Client) -> int:
        task, session = await task_or_session(client, id)
        with anyio.move_on_after(timeout):
            if session is not None:
                return await _wait_session(client, session["id"])
            return await _wait_task(client, (task or {})["id"])
        note(f"Not ended after {timeout:g} seconds." if timeout is not None else "Not ended.")
        return TIMED_OUT

    return app.ask(action)


async def _wait_task(client: Client, task_id: str) -> int:
    while True:
        task = await client.get(f"/api/tasks/{task_id}")
        status = TaskStatus(task["status"])
        if status.terminal:
            return EXIT[status]
        await anyio.sleep(POLL_EVERY)


async def _wait_session(client: Client, session_id: str) -> int:
    while waiting := await unended(client, session_id):
        await _wait_task(client, waiting[-1]["id"])
        line = await client.get(f"/api/sessions/{session_id}")
        if line.get("hold_reason") and line["running_task"] is None:
            raise Conflict(
                "The session is on hold: its last turn was lost, and what is queued waits for you.",
                remedy="Send a new prompt, which lifts the hold.",
            )
    ended = [task async for task in client.items(f"/api/sessions/{session_id}/tasks")]
    last = max(ended, key=lambda task: task["ended_at"], default=None)
    return 0 if last is None else await _wait_task(client, last["id"])


@command()
@click.argument("id")
@click.pass_obj
def cancel(app: App, id: str) -> None:  # noqa: A002 - the argument's name on screen
    """Cancel a task, or all that runs and waits in a session."""

    async def action(client: Client) -> None:
        task, session = await task_or_session(client, id)
        if session is not None:
            tasks = await unended(client, session["id"])
            if not tasks:
                note(f"Nothing runs in {short(session['id'])}.")
        else:
            tasks = [task or {}]
        # The queued ones first: none may start meanwhile.
        for one in reversed(tasks):
            try:
                await client.post(f"/api/tasks/{one['id']}/cancel")
            except Conflict:
                if session is None:
                    raise

    app.ask(action)
