"""Commands about sessions: ls, show, logs, close, rm."""

import click

from roundhouse.cli.app import App, as_json, command
from roundhouse.cli.lookup import Item, session_of, task_or_session
from roundhouse.cli.output import ago, emit_json, note, one_line, short, table
from roundhouse.cli.render import JsonView, TextView, View
from roundhouse.client.http import Client
from roundhouse.client.live import read_event
from roundhouse.model.session import SessionStatus

PAGE = 1000


@command()
@click.option("--status", type=click.Choice([s.value for s in SessionStatus]), help="Only these.")
@click.option("-p", "--project", help="Only those of a project: its id, folder or name.")
@click.option("-q", "--query", "q", help="Only those whose title holds this.")
@click.option("-n", "--limit", type=click.IntRange(1), default=50, show_default=True)
@as_json
@click.pass_obj
def ls(app: App, /, project: str | None, limit: int, json_: bool, **filters: str | None) -> None:
    """List sessions, newest first. Archived ones only with --status archived."""
    from roundhouse.cli.lookup import project_of

    async def action(client: Client) -> list[Item]:
        project_id = (await project_of(client, project))["id"] if project else None
        found = client.items("/api/sessions", limit=limit, project_id=project_id, **filters)
        return [item async for item in found]

    sessions = app.ask(action)
    if json_:
        emit_json(sessions)
    elif not sessions:
        note("No sessions. Begin one: roundhouse run “…” --agent NAME")
    else:
        table(("ID", "STATUS", "TITLE", "AGENTS", "CHANGED", "UPDATED"), map(_row, sessions))


def _row(session: Item) -> tuple[str, ...]:
    queued = f" +{session['queued']}" if session["queued"] else ""
    changed = ""
    if session["additions"] or session["deletions"]:
        changed = f"+{session['additions']} -{session['deletions']}"
    return (
        short(session["id"]),
        session["status"] + queued,
        one_line(session["title"], 60),
        " ".join(session["agents"]),
        changed,
        ago(session["updated_at"]),
    )


@command()
@click.argument("id_", metavar="ID")
@as_json
@click.pass_obj
def show(app: App, id_: str, json_: bool) -> None:
    """Show a session, its tasks and its agents; or a task."""

    async def action(client: Client) -> tuple[Item, list[Item], list[Item]] | Item:
        task, line = await task_or_session(client, id_)
        if task is not None or line is None:
            return task or {}
        tasks = [t async for t in client.items(f"/api/sessions/{line['id']}/tasks")]
        return line, tasks, await client.get(f"/api/sessions/{line['id']}/agents")

    found = app.ask(action)
    if isinstance(found, dict):
        _show_task(found, json_)
        return
    line, tasks, agents = found
    if json_:
        emit_json(line | {"tasks": tasks, "agent_sessions": agents})
        return
    print(f"{line['id']}  {line['status']}  {one_line(line['title'])}")
    for name in ("activity", "hold_reason", "branch", "worktree_path"):
        if line.get(name):
            print(f"  {name.replace('_', ' ')}: {one_line(line[name], 300)}")
    print()
    table(("TASK", "STATUS", "AGENT", "PROMPT", "WHY", "AGE"), map(_task_row, tasks))
    if agents:
        print()
        table(("AGENT", "STATUS", "MEMORY", "PID", "LAST ACTIVE"), map(_agent_row, agents))


def _show_task(task: Item, json_: bool) -> None:
    if json_:
        emit_json(task)
        return
    print(f"{task['id']}  {task['status']}  {task['agent']}  in session {task['session_id']}")
    for name in ("failure_code", "error", "model", "mode", "created_at", "started_at", "ended_at"):
        if task.get(name):
            print(f"  {name.replace('_', ' ')}: {one_line(task[name], 300)}")
    print(f"\n{task['input']}")
    if task.get("output_summary"):
        print(f"\n… {task['output_summary']}")


def _task_row(task: Item) -> tuple[str, ...]:
    why = one_line(task.get("error") or task.get("failure_code") or "", 60)
    prompt = one_line(task["input"], 50)
    return task["id"], task["status"], task["agent"], prompt, why, ago(task["created_at"])


def _agent_row(agent: Item) -> tuple[str, ...]:
    status = "warm" if agent.get("warm") else agent["status"]
    pid = str(agent["pid"]) if agent.get("warm") and agent.get("pid") else ""
    return agent["agent"], status, agent["continuity"], pid, ago(agent.get("last_active_at"))


@command()
@click.argument("session")
@click.option("--after", type=click.IntRange(0), default=0, help="Begin after this event.")
@as_json
@click.pass_obj
def logs(app: App, session: str, after: int, json_: bool) -> None:
    """Print what happened in a session so far. `attach` follows it."""
    view: View = JsonView() if json_ else TextView(prompts=True)

    async def action(client: Client) -> None:
        line = await session_of(client, session)
        seen = after
        while True:
            path = f"/api/sessions/{line['id']}/events"
            page = await client.get(path, after=seen, limit=PAGE)
            for frame in page["events"]:
                view.show(read_event(frame))
                seen = frame["seq"]
            if not page["events"] or seen >= page["last_seq"]:
                return

    app.ask(action)


@command()
@click.argument("session")
@click.option("-a", "--agent", help="Only this agent's process; the session stays open.")
@click.pass_obj
def close(app: App, session: str, agent: str | None) -> None:
    """End a session's agents and archive it, or end one agent. Nothing is lost: both can go on later."""

    async def action(client: Client) -> None:
        line = await session_of(client, session)
        path = f"/api/sessions/{line['id']}"
        names = [agent] if agent else [a["agent"] for a in await client.get(f"{path}/agents")]
        for name in names:
            await client.post(f"{path}/agents/{name}/close")
        if agent is None:
            await client.call("PATCH", path, body={"archived": True})
        note(f"Closed {agent or short(line['id'])}.")

    app.ask(action)


@command()
@click.argument("sessions", nargs=-1, required=True)
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def rm(app: App, sessions: tuple[str, ...], yes: bool) -> None:
    """Delete sessions with their worktrees, events and memories. A branch that has commits is kept."""
    import sys

    async def find(client: Client) -> list[Item]:
        return [await session_of(client, start) for start in sessions]

    found = app.ask(find)
    if not yes and sys.stdin.isatty():
        for line in found:
            print(f"{line['id']}  {one_line(line['title'])}")
        click.confirm("Delete for good?", abort=True)

    async def action(client: Client) -> None:
        for line in found:
            await client.call("DELETE", f"/api/sessions/{line['id']}")

    app.ask(action)
