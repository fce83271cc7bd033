"""Table `projects`: the repositories a person registered."""

# ruff: noqa: S608 - the queries are put together from constants of this module only

import secrets
from typing import Any

import psycopg

from roundhouse.model.errors import Conflict, InvalidInput, NotFound
from roundhouse.model.session import Project
from roundhouse.store.database import Database
from roundhouse.store.rows import decode_cursor, encode_cursor, fetch, fetch_one

_FIRST = "abcdefghijklmnopqrstuvwxyz"
_REST = _FIRST + "234567"
_LENGTH = 12

_COLUMNS = "id, name, path, node_id::text, setup_command, teardown_command, copy, created_at"
_INSERT = "INSERT INTO projects (id, name, path, node_id) VALUES (%s, %s, %s, %s) ON CONFLICT (node_id, path) DO NOTHING"
_BY_PLACE = f"SELECT {_COLUMNS} FROM projects WHERE node_id = %s AND path = %s"
_GET = f"SELECT {_COLUMNS} FROM projects WHERE id = %s"
_LIST = f"SELECT {_COLUMNS} FROM projects WHERE (created_at, id) > (%s, %s) ORDER BY created_at, id LIMIT %s"
_FIELDS = ("name", "setup_command", "teardown_command", "copy")
_UPDATE = f"""
    UPDATE projects SET
        name = CASE WHEN 'name' = ANY (%(given)s) THEN %(name)s ELSE name END,
        setup_command = CASE WHEN 'setup_command' = ANY (%(given)s) THEN %(setup_command)s ELSE setup_command END,
        teardown_command = CASE WHEN 'teardown_command' = ANY (%(given)s) THEN %(teardown_command)s
                           ELSE teardown_command END,
        copy = CASE WHEN 'copy' = ANY (%(given)s) THEN %(copy)s::text[] ELSE copy END
    WHERE id = %(id)s RETURNING {_COLUMNS}"""
_DELETE = "DELETE FROM projects WHERE id = %s"


def new_id() -> str:
    """An id for a project or a session: twelve base32 characters, the first one a letter."""
    return secrets.choice(_FIRST) + "".join(secrets.choice(_REST) for _ in range(_LENGTH - 1))


class Projects:
    """The projects of a database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def create(self, *, name: str, path: str, node_id: int | str) -> Project:
        """Register a repository; the row that is there if this node's path already is."""
        place = (int(node_id), path)
        async with self._db.connection() as conn:
            await conn.execute(_INSERT, (new_id(), name, path, int(node_id)))
            project = await fetch_one(conn, Project, _BY_PLACE, place)
        if project is None:
            raise NotFound(f"The project at {path} was deleted at the same moment.")
        return project

    async def get(self, project_id: str) -> Project:
        """One project. Raises NotFound."""
        async with self._db.connection() as conn:
            return _found(await fetch_one(conn, Project, _GET, (project_id,)), project_id)

    async def update(self, project_id: str, **fields: Any) -> Project:
        """Change `name`, `setup_command`, `teardown_command` or `copy`; only what is given. Raises NotFound."""
        if unknown := fields.keys() - set(_FIELDS):
            raise InvalidInput("A project has no such field.", field=min(unknown))
        values = dict.fromkeys(_FIELDS) | fields | {"given": list(fields), "id": project_id}
        async with self._db.connection() as conn:
            return _found(await fetch_one(conn, Project, _UPDATE, values), project_id)

    async def delete(self, project_id: str) -> None:
        """Forget a project. Raises NotFound, and Conflict `has_sessions` while it has sessions."""
        try:
            async with self._db.connection() as conn:
                deleted = await conn.execute(_DELETE, (project_id,))
        except (NotFound, psycopg.errors.RestrictViolation) as error:
            raise Conflict(
                "The project still has sessions.",
                code="has_sessions",
                remedy="Delete its sessions first.",
            ) from error
        if not deleted.rowcount:
            _found(None, project_id)

    async def list(
        self, *, limit: int = 100, cursor: str | None = None
    ) -> tuple[list[Project], str | None]:
        """A page of projects, oldest first, and the next page's cursor. Raises InvalidInput."""
        after = decode_cursor(cursor, 2) if cursor else ["-infinity", ""]
        async with self._db.connection() as conn:
            rows = await fetch(conn, Project, _LIST, (*after, limit + 1))
        if len(rows) <= limit:
            return rows, None
        last = rows[limit - 1]
        return rows[:limit], encode_cursor(last.created_at.isoformat(), last.id)


def _found(project: Project | None, project_id: str) -> Project:
    if project is None:
        raise NotFound(f"There is no project {project_id}.")
    return project
