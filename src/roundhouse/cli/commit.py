"""Command commit: a session's changes as commits on the session's branch."""

import click

from roundhouse.cli.app import App, as_json, command
from roundhouse.cli.lookup import Item, session_of
from roundhouse.cli.output import counted, emit_json, note, one_line
from roundhouse.cli.patience import patiently
from roundhouse.client.http import Client

SHORT_COMMIT = 10


@command()
@click.argument("session")
@click.option(
    "-m",
    "--message",
    "messages",
    multiple=True,
    required=True,
    help="What the commit says; each further one is a paragraph.",
)
@click.option("--per-turn", is_flag=True, help="A commit for each turn instead of one.")
@click.option("--accepted-only", is_flag=True, help="Only what you accepted. Default: everything.")
@as_json
@click.pass_obj
def commit(
    app: App,
    session: str,
    *,
    messages: tuple[str, ...],
    per_turn: bool,
    accepted_only: bool,
    json_: bool,
) -> None:
    """Commit a session's changes on the session's own branch, the agents as co-authors.

    Your checkout, your index and your branches stay as they are; merge the branch when you like.
    """
    body = {
        "message": "\n\n".join(messages),
        "squash": not per_turn,
        "accepted_only": accepted_only,
    }

    async def action(client: Client) -> Item:
        line = await session_of(client, session)
        making = client.post(f"/api/sessions/{line['id']}/commit", body)
        return dict(await patiently("Committing", making))

    made = app.ask(action)
    if json_:
        emit_json(made)
        return
    print(f"[{made['branch']} {made['commit'][:SHORT_COMMIT]}] {one_line(messages[0])}")
    commits = made.get("commits") or [made["commit"]]
    several = f" in {counted(len(commits), 'commit')}" if len(commits) > 1 else ""
    print(f"{counted(made.get('files', 0), 'file')}{several}")
    note(f"Take it over with: git merge {made['branch']}")
