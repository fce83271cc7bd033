"""Registering repositories. That a path is one is for the node to say, not for the server."""

from typing import Any

from roundhouse.model.errors import InvalidInput
from roundhouse.model.session import Project
from roundhouse.service.page import Page
from roundhouse.service.requests import NodeRequests
from roundhouse.service.text import clean
from roundhouse.store.projects import Projects


class ProjectService:
    """The projects of this Roundhouse."""

    def __init__(self, projects: Projects, requests: NodeRequests) -> None:
        self._projects = projects
        self._requests = requests

    async def register(
        self, path: str, *, name: str | None = None, node_id: str | None = None
    ) -> Project:
        """Register the repository around `path`; the project that is there if it already is one.

        Without `node_id` the first live node by name is asked. Raises InvalidInput (not_found,
        not_a_repository, no_commits, bare_repository), NodeDown.
        """
        clean(path, "path")
        if not path.strip():
            raise InvalidInput("The path is empty.", code="empty", field="path")
        node = node_id or (await self._requests.live())[0].id
        found = await self._requests.ask(
            "inspect_repository", {"path": path}, node_id=node, by="http", read=True
        )
        title = clean(name, "name").strip() if name else ""
        return await self._projects.create(
            name=title or str(found["name"]), path=str(found["path"]), node_id=node
        )

    async def list(self, *, limit: int, cursor: str | None) -> Page[Project]:
        """A page of projects, oldest first."""
        return Page(*await self._projects.list(limit=limit, cursor=cursor))

    async def get(self, project_id: str) -> Project:
        """One project. Raises NotFound."""
        return await self._projects.get(project_id)

    async def update(self, project_id: str, fields: dict[str, Any]) -> Project:
        """Change the fields given. Raises NotFound, InvalidInput."""
        if "name" in fields and not str(fields["name"] or "").strip():
            raise InvalidInput("A project needs a name.", code="empty", field="name")
        return await self._projects.update(project_id, **fields)

    async def delete(self, project_id: str) -> None:
        """Forget a project; the repository is left alone. Raises NotFound, Conflict `has_sessions`."""
        await self._projects.delete(project_id)
