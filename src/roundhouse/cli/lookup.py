"""From what a person types to what is meant: beginnings of ids, folders, tasks or sessions."""

import os
from typing import Any

from roundhouse.client.http import Client
from roundhouse.model.errors import InvalidInput, NotFound

Item = dict[str, Any]


async def session_of(client: Client, start: str) -> Item:
    """The one session whose id begins so. Raises NotFound, InvalidInput when there are several."""
    found = [item async for item in client.items("/api/sessions", id_prefix=start)]
    return _one(found, start, "session")


async def project_of(client: Client, start: str) -> Item:
    """The one project whose id begins so, or of that folder or name. Raises NotFound, InvalidInput."""
    path = os.path.realpath(os.path.expanduser(start))  # noqa: ASYNC240, PTH111 - nothing else runs here
    found = [item async for item in client.items("/api/projects")]
    exact = [item for item in found if item["path"] == path or item["name"] == start]
    if len(exact) == 1:
        return exact[0]
    return _one([item for item in found if item["id"].startswith(start)], start, "project")


async def task_or_session(client: Client, start: str) -> tuple[Item | None, Item | None]:
    """A task for a number, else a session. Raises NotFound, InvalidInput when there are several."""
    if start.isdecimal():
        return dict(await client.get(f"/api/tasks/{start}")), None
    return None, await session_of(client, start)


async def unended(client: Client, session_id: str) -> list[Item]:
    """A session's tasks that run or wait, in their order."""
    tasks = client.items(f"/api/sessions/{session_id}/tasks")
    waiting = [task async for task in tasks if task["status"] in {"pending", "running"}]
    return sorted(waiting, key=lambda task: (task["status"] != "running", task["position"]))


def _one(found: list[Item], start: str, what: str) -> Item:
    if not found or not start:
        raise NotFound(
            f"There is no {what} {start!r}.",
            remedy="`roundhouse ls` lists sessions, `roundhouse project ls` projects.",
        )
    if len(found) > 1:
        ids = ", ".join(item["id"] for item in found[:5])
        raise InvalidInput(f"{start!r} is the beginning of several ids: {ids}.")
    return found[0]
