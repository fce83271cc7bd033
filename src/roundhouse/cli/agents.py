"""Command agents: what is installed, and why something is not usable."""

import click

from roundhouse.cli.app import App, Group, as_json
from roundhouse.cli.lookup import Item
from roundhouse.cli.output import emit_json, one_line, table
from roundhouse.client.http import Client


@click.group(cls=Group, invoke_without_command=True)
@click.option("--refresh", is_flag=True, help="Ask the agents anew; takes some seconds.")
@as_json
@click.pass_context
def agents(ctx: click.Context, refresh: bool, json_: bool) -> None:
    """List the agents: what is installed, and why something is not usable."""
    if ctx.invoked_subcommand is not None:
        return
    app: App = ctx.obj

    async def action(client: Client) -> list[Item]:
        if refresh:
            await client.post("/api/agents/refresh")
        return await _items(client)

    found = app.ask(action)
    if json_:
        emit_json(found)
        return
    table(("AGENT", "USABLE", "VERSION", "MODELS", "WHY NOT"), map(_row, found))


async def _items(client: Client) -> list[Item]:
    answer = await client.get("/api/agents")
    return list(answer["items"] if isinstance(answer, dict) else answer)


def _row(agent: Item) -> tuple[str, ...]:
    usable = agent["installed"] and agent["enabled"] and not agent.get("diagnostic")
    why = agent.get("diagnostic") or ("" if agent["enabled"] else "It is switched off.")
    models = str(len(agent.get("models", [])) or "")
    return (
        agent["name"],
        "yes" if usable else "no",
        agent.get("version") or "",
        models,
        one_line(why, 200),
    )


@agents.command("show")
@click.argument("agent")
@as_json
@click.pass_obj
def show_agent(app: App, agent: str, json_: bool) -> None:
    """Show one agent: version, models, modes, commands."""

    async def action(client: Client) -> Item:
        return dict(await client.get(f"/api/agents/{agent}"))

    found = app.ask(action)
    if json_:
        emit_json(found)
        return
    print(f"{found['name']}  {found['label']}  {found.get('version') or ''}".rstrip())
    if found.get("diagnostic"):
        print(f"  not usable: {one_line(found['diagnostic'], 500)}")
    for what in ("models", "modes", "commands"):
        if found.get(what):
            print(f"\n{what}:")
            for item in found[what]:
                name = item.get("id") or item.get("name") or ""
                about = item.get("description") or item.get("name") or ""
                print(f"  {name}  {one_line(about if about != name else '')}".rstrip())
