"""Command project: register, list and remove repositories."""

import os

import click

from roundhouse.cli.app import App, as_json, group
from roundhouse.cli.lookup import Item, project_of
from roundhouse.cli.output import ago, emit_json, note, short, table
from roundhouse.client.http import Client


@group()
def project() -> None:
    """Register, list and remove repositories."""


@project.command()
@click.argument("folder", default=".")
@click.option("--name", help="Default: the folder's name.")
@as_json
@click.pass_obj
def add(app: App, folder: str, name: str | None, json_: bool) -> None:
    """Register the git repository in FOLDER. A registered one is only shown."""
    body = {"path": os.path.abspath(os.path.expanduser(folder))}  # noqa: PTH100, PTH111 - links stay
    body |= {"name": name} if name else {}

    async def action(client: Client) -> Item:
        return dict(await client.post("/api/projects", body))

    made = app.ask(action)
    if json_:
        emit_json(made)
    else:
        print(f"{made['id']}  {made['name']}  {made['path']}")


@project.command("ls")
@as_json
@click.pass_obj
def list_projects(app: App, json_: bool) -> None:
    """List the registered repositories."""

    async def action(client: Client) -> list[Item]:
        return [item async for item in client.items("/api/projects")]

    found = app.ask(action)
    if json_:
        emit_json(found)
    elif not found:
        note("No projects. Register one: roundhouse project add FOLDER")
    else:
        rows = ((short(p["id"]), p["name"], p["path"], ago(p["created_at"])) for p in found)
        table(("ID", "NAME", "FOLDER", "SINCE"), rows)


@project.command()
@click.argument("project")
@click.pass_obj
def rm(app: App, project: str) -> None:
    """Forget a project, by id, folder or name. The repository itself is not touched."""

    async def action(client: Client) -> None:
        found = await project_of(client, project)
        await client.call("DELETE", f"/api/projects/{found['id']}")

    app.ask(action)
