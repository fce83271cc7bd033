"""Command permit: see and answer what agents ask, and what is remembered of it."""

from typing import Any

import click

from roundhouse.cli.app import App, as_json, group
from roundhouse.cli.changes import listed
from roundhouse.cli.lookup import Item
from roundhouse.cli.output import ago, emit_json, note, one_line, short, table
from roundhouse.client.http import Client
from roundhouse.model.errors import InvalidInput, NotFound

ALLOW = ("allow_once", "allow_always")
DENY = ("reject_once", "reject_always")


@group()
def permit() -> None:
    """See and answer what agents ask, and what is remembered of it."""


@permit.command("ls")
@click.option("--all", "all_", is_flag=True, help="Those that are over, too.")
@as_json
@click.pass_obj
def list_permissions(app: App, all_: bool, json_: bool) -> None:
    """List what waits for an answer."""

    async def action(client: Client) -> list[Item]:
        status = None if all_ else "pending"
        return [item async for item in client.items("/api/permissions", status=status)]

    found = app.ask(action)
    if json_:
        emit_json(found)
    elif not found:
        note("Nothing waits for you.")
    else:
        table(("ID", "STATUS", "SESSION", "AGENT", "ASKS", "AGE"), map(_row, found))


def _row(asked: Item) -> tuple[str, ...]:
    session, title = short(asked["session_id"]), one_line(asked["title"], 80)
    return asked["id"], asked["status"], session, asked["agent"], title, ago(asked["created_at"])


@permit.command()
@click.argument("id")
@click.option("--always", is_flag=True, help="Remember it for the session.")
@click.option("--option", help="The option to choose, by its id or label.")
@click.option("--answer", "answers", multiple=True, help="The answer to a question; once for each.")
@click.pass_obj
def allow(
    app: App,
    id: str,  # noqa: A002 - the argument's name on screen
    always: bool,
    option: str | None,
    answers: tuple[str, ...],
) -> None:
    """Allow what is asked, or answer a question."""

    def choose(asked: Item) -> dict[str, Any]:
        if asked["kind"] == "question" and option is None:
            return _answers(asked, answers)
        body: dict[str, Any] = {"option_id": _option(asked, ALLOW, option)}
        return body | ({"remember": "session"} if always else {})

    _answer(app, id, choose)


@permit.command()
@click.argument("id")
@click.option("--always", is_flag=True, help="Remember it for the session.")
@click.option("--why", help="What the agent is told.")
@click.pass_obj
def deny(app: App, id: str, always: bool, why: str | None) -> None:  # noqa: A002 - as above
    """Deny what is asked."""

    def choose(asked: Item) -> dict[str, Any]:
        body: dict[str, Any] = {"option_id": _option(asked, DENY, None)}
        body |= {"message": why} if why else {}
        return body | ({"remember": "session"} if always else {})

    _answer(app, id, choose)


@permit.command()
@as_json
@click.pass_obj
def rules(app: App, json_: bool) -> None:
    """List what is remembered: who may do what without asking, and who may not."""

    async def action(client: Client) -> list[Item]:
        return await _rules(client)

    found = app.ask(action)
    if json_:
        emit_json(found)
    elif not found:
        note("Nothing is remembered.")
    else:
        table(("ID", "DECISION", "WHAT", "AGENT", "WHERE", "AGE"), map(_rule, found))


async def _rules(client: Client) -> list[Item]:
    return listed(await client.get("/api/permission-rules"))


def _rule(rule: Item) -> tuple[str, ...]:
    place = rule.get("session_id") or rule.get("project_id")
    where = f"{rule['scope']} {short(place)}" if place else rule["scope"]
    what, agent = one_line(rule["matcher"], 60), rule.get("agent") or "any"
    return rule["id"], rule["decision"], what, agent, where, ago(rule.get("created_at"))


@permit.command()
@click.argument("rule")
@click.pass_obj
def forget(app: App, rule: str) -> None:
    """Forget what is remembered, by its id; the agent asks again."""

    async def action(client: Client) -> None:
        if rule not in {known["id"] for known in await _rules(client)}:
            raise NotFound(
                f"There is no rule {rule!r}.", remedy="`roundhouse permit rules` lists them."
            )
        await client.call("DELETE", f"/api/permission-rules/{rule}")
        note(f"Forgot rule {rule}.")

    app.ask(action)


def _answer(app: App, permission_id: str, choose: Any) -> None:
    async def action(client: Client) -> None:
        found = [p async for p in client.items("/api/permissions") if p["id"] == permission_id]
        if not found:
            raise NotFound(
                f"There is no permission request {permission_id!r}.",
                remedy="`roundhouse permit ls` lists what waits.",
            )
        await client.post(f"/api/permissions/{permission_id}/answer", choose(found[0]))

    app.ask(action)


def _option(asked: Item, kinds: tuple[str, ...], wanted: str | None) -> str:
    options = asked["options"]
    if wanted is not None:
        fitting = [o for o in options if wanted in {o["id"], o["label"]}]
    else:
        fitting = sorted(
            (o for o in options if o["kind"] in kinds), key=lambda o: kinds.index(o["kind"])
        )
    if not fitting:
        known = ", ".join(f"{o['id']} ({o['label']})" for o in options)
        raise InvalidInput(f"No option of this request fits; it has: {known}.")
    return str(fitting[0]["id"])


def _answers(asked: Item, answers: tuple[str, ...]) -> dict[str, Any]:
    questions = asked.get("questions") or []
    if len(answers) != len(questions):
        shown = "; ".join(one_line(question["question"], 200) for question in questions)
        raise InvalidInput(
            f"This asks {len(questions)} question(s): {shown}", remedy="Give --answer for each."
        )
    return {"answers": [[answer] for answer in answers]}
