"""Reading a session's changes; from what a person types to their files and hunks."""

from collections.abc import AsyncIterator, Iterable
from typing import Any

from roundhouse.cli.lookup import Item
from roundhouse.cli.output import file_name
from roundhouse.cli.patience import patiently
from roundhouse.client.http import Client, sendable
from roundhouse.model.errors import InvalidInput, NotFound

MANY = 8
PERSON = "person"
"""The person's name where an agent's goes."""

READING = "Reading the changes"
SHORT_HUNK = 8
"""Digits of a hunk's id that are shown; among thousands of hunks they are enough to name one."""


async def pages(
    client: Client,
    session_id: str,
    *,
    agent: str | None = None,
    task: str | None = None,
    path: str | None = None,
    since: str | None = None,
) -> AsyncIterator[Item]:
    """A session's changes page by page; the totals of each are those of the whole.

    A large file that `path` names comes in parts, each page with its facts and some of its hunks.
    """
    query = {"agent": agent, "task_id": task, "path": path, "since": since}
    cursor: str | None = None
    while True:
        page = await client.get(_path(session_id), cursor=cursor, **query)
        yield page
        cursor = page.get("next_cursor")
        if cursor is None:
            return


async def read_changes(client: Client, session_id: str, **query: str | None) -> Item:
    """All pages of a session's changes as one; `query` as of `pages`."""
    return await patiently(READING, _read(client, session_id, **query))


async def told_apart(client: Client, session: Item, **filters: str | None) -> str | None:
    """Why these filters leave nothing although something has changed; None where nothing has, or each fits by itself.

    Raises InvalidInput where an agent or a path can fit nothing, with those that do.
    """
    agent, path = filters.get("agent"), filters.get("path")
    if agent is None and path is None:
        return None
    # What was seen fits, too; it is only not to be shown again.
    since = None if filters.get("since") == "seen" else filters.get("since")
    whole = await patiently(READING, client.get(_path(session["id"]), since=since))
    if not whole["files"]:
        return None
    by = _authors(whole)
    if agent is not None and agent not in by:
        if agent not in {*session.get("agents", []), PERSON}:
            raise InvalidInput(
                f"Nothing here is by {agent!r}.", remedy=f"There are changes by {', '.join(by)}."
            )
        return f"No changes by {agent}; there are some by {', '.join(by)}."
    if path is not None:
        there = await client.get(_path(session["id"]), since=since, path=path, limit=1)
        if not there["files"]:
            names = [file_name(file["path"]) for file in whole["files"]]
            rest = whole["totals"]["files"] - len(names[:MANY])
            more = f" and {rest} more" if rest > 0 else ""
            raise InvalidInput(
                f"Nothing has changed in '{file_name(path)}'.",
                remedy=f"What has, from the repository's root: {', '.join(names[:MANY])}{more}.",
            )
    return None


def _authors(changes: Item) -> list[str]:
    """Who wrote something of it, by the names that `--agent` takes."""
    shares = [*changes["totals"].get("agents", [])]
    shares += [share for file in changes["files"] for share in file["agents"]]
    return list(dict.fromkeys(share["name"] or PERSON for share in shares))


def _path(session_id: str) -> str:
    return f"/api/sessions/{session_id}/changes"


async def _read(client: Client, session_id: str, **query: str | None) -> Item:
    whole: Item = {}
    async for page in pages(client, session_id, **query):
        files = whole.get("files", [])
        for file in page["files"]:
            if files and files[-1]["path"] == file["path"]:
                files[-1]["hunks"] += file["hunks"]
            else:
                files.append(file)
        whole = {**(whole or page), "files": files, "next_cursor": None}
    return whole


async def last_seen(client: Client, session_id: str) -> str | None:
    """The state of the worktree at the last look at the changes, whosever. Reading the changes is a new look."""
    path = f"/api/sessions/{session_id}/checkpoints"
    return next(iter([point["snapshot"] async for point in client.items(path, limit=1)]), None)


async def files_in(client: Client, session_id: str, paths: Iterable[str]) -> list[str]:
    """The changed files that these paths name, folders with all below. Raises NotFound for one that names none."""
    found: dict[str, None] = {}
    for typed in paths:
        # From the worktree's root, in whatever folder the person is.
        path = sendable(typed).removeprefix("./").rstrip("/")
        whole = path in {"", "."}
        changes = await read_changes(client, session_id, path=None if whole else path)
        if not changes["files"]:
            raise NotFound(
                f"Nothing has changed in '{file_name(sendable(typed))}'.",
                remedy="`roundhouse diff ID --stat` lists what has, from the repository's root.",
            )
        found |= dict.fromkeys(file["path"] for file in changes["files"])
    return list(found)


async def hunks_of(client: Client, session_id: str, starts: Iterable[str]) -> list[str]:
    """The ids of the hunks that begin so. Raises NotFound, InvalidInput when there are several."""
    changes = await read_changes(client, session_id)
    known = [hunk["id"] for file in changes["files"] for hunk in file["hunks"]]
    wanted = list(starts)
    large = [file["path"] for file in changes["files"] if file.get("too_large")]
    if not all(any(name.startswith(start.lower()) for name in known) for start in wanted):
        for path in large:
            found = await read_changes(client, session_id, path=path)
            known += [hunk["id"] for file in found["files"] for hunk in file["hunks"]]
    return list(dict.fromkeys(_one(known, start) for start in wanted))


def _one(known: list[str], start: str) -> str:
    fitting = [name for name in known if start and name.startswith(start.lower())]
    if not fitting:
        raise NotFound(
            f"There is no hunk {start!r} in the changes now.",
            code="stale_hunk",
            remedy="`roundhouse diff ID` shows each hunk's id before its @@.",
        )
    if len(fitting) > 1:
        raise InvalidInput(
            f"{start!r} is the beginning of several hunks: {', '.join(fitting[:5])}."
        )
    return fitting[0]


def listed(answer: Any) -> list[Item]:
    """A list's items, whether it came as a page or plain."""
    return list(answer["items"] if isinstance(answer, dict) else answer)
