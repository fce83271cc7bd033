"""Tables `permission_requests` and `permission_rules`: what agents ask, what people answer and want remembered."""

# ruff: noqa: S608 - the queries are put together from constants of this module only

from datetime import datetime
from typing import Any, Literal

from roundhouse.model.errors import Conflict, NotFound
from roundhouse.model.event import EventBody, PermissionAnswered, PermissionRequested, encode_body
from roundhouse.model.permission import (
    Permission,
    PermissionAnswer,
    PermissionAsk,
    PermissionRule,
    PermissionStatus,
)
from roundhouse.store.database import Database
from roundhouse.store.events import NewEvent, append_on
from roundhouse.store.rows import (
    Connection,
    decode_cursor,
    encode_cursor,
    fetch,
    fetch_one,
    fetch_value,
    number,
    storable_json,
    storable_text,
    touch,
)

_COLUMNS = """id::text, session_id, task_id::text, agent, kind, title, detail, options, status,
    created_at, expires_at, tool_call_id, questions, answer, answered_by"""
_TASK_RUNS = "SELECT EXISTS (SELECT 1 FROM tasks WHERE id = %s AND status = 'running')"
_INSERT = f"""
    INSERT INTO permission_requests (session_id, task_id, agent, tool_call_id, kind, title, detail,
        options, questions, expires_at)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING {_COLUMNS}"""
_GET = f"SELECT {_COLUMNS} FROM permission_requests WHERE id = %s"
_LIST = f"""
    SELECT {_COLUMNS} FROM permission_requests p
    WHERE p.id > %(after)s AND (%(status)s::text IS NULL OR p.status = %(status)s)
      AND (%(session_id)s::text IS NULL OR p.session_id = %(session_id)s)
    ORDER BY p.id LIMIT %(limit)s"""
_END = f"""
    UPDATE permission_requests SET status = %s, answer = %s, answered_by = %s, resolved_at = clock_timestamp()
    WHERE id = %s AND status = 'pending' RETURNING {_COLUMNS}"""
_WITHDRAW = "SELECT withdraw_permissions(%s)"
_NOW = "SELECT clock_timestamp()"

_RULE = "id::text, scope, matcher, decision, session_id, project_id, agent, created_at"
# A denial before all that allows: it is a guard rail. Then the nearest; of two equally near ones the younger.
_RULES_FOR = f"""
    SELECT {_RULE} FROM permission_rules r
    WHERE (r.agent IS NULL OR r.agent = %(agent)s)
      AND (r.scope = 'global' OR r.session_id = %(session_id)s
           OR r.project_id = (SELECT s.project_id FROM sessions s WHERE s.id = %(session_id)s))
    ORDER BY r.decision = 'deny' DESC, array_position(ARRAY['session', 'project', 'global'], r.scope), r.id DESC"""
_ADD_RULE = f"""
    INSERT INTO permission_rules AS r (scope, session_id, project_id, agent, matcher, decision)
    VALUES (%s, %s, %s, %s, %s, %s)
    ON CONFLICT (scope, session_id, project_id, agent, matcher)
    DO UPDATE SET decision = excluded.decision, created_at = now()
    RETURNING {_RULE}"""
_LIST_RULES = f"SELECT {_RULE} FROM permission_rules r ORDER BY r.id"
_DELETE_RULE = "DELETE FROM permission_rules WHERE id = %s"

_ENDED_CODE = {
    PermissionStatus.ANSWERED: "already_answered",
    PermissionStatus.EXPIRED: "expired",
    PermissionStatus.WITHDRAWN: "withdrawn",
}


class Permissions:
    """The permission requests and rules of a database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def ask(
        self, *, session_id: str, task_id: str, agent: str, ask: PermissionAsk, expires_at: datetime
    ) -> Permission:
        """Put a request before people, with its event. Raises NotFound, Conflict `task_ended`."""
        async with self._db.connection() as conn:
            await touch(conn, session_id)
            if not await fetch_value(conn, _TASK_RUNS, (int(task_id),)):
                raise Conflict("The task that asks has ended.", code="task_ended")
            values = (
                session_id,
                int(task_id),
                agent,
                ask.tool_call_id and storable_text(ask.tool_call_id),
                ask.kind,
                storable_text(ask.title),
                storable_json(ask.detail),
                storable_json(ask.options),
                storable_json(ask.questions),
                expires_at,
            )
            permission = _found(await fetch_one(conn, Permission, _INSERT, values), "new")
            body = PermissionRequested(
                permission_id=permission.id,
                kind=permission.kind,
                title=permission.title,
                options=permission.options,
                expires_at=permission.expires_at,
                tool_call_id=permission.tool_call_id,
                detail=permission.detail,
                questions=permission.questions,
            )
            await _record(conn, permission, body)
        return permission

    async def get(self, permission_id: str) -> Permission:
        """One request. Raises NotFound."""
        key = number(permission_id, "permission request")
        async with self._db.connection() as conn:
            return _found(await fetch_one(conn, Permission, _GET, (key,)), permission_id)

    async def answer(
        self, permission_id: str, answer: PermissionAnswer, *, by: str | None = None
    ) -> Permission:
        """Record a person's answer, with its event; the first one counts.

        Raises NotFound, and Conflict `already_answered`, `expired` or `withdrawn`.
        """
        key = number(permission_id, "permission request")
        async with self._db.connection() as conn:
            found = _found(await fetch_one(conn, Permission, _GET, (key,)), permission_id)
            await touch(conn, found.session_id)
            ended = await _end(conn, key, PermissionStatus.ANSWERED, answer, by)
            if ended is None:
                now = _found(await fetch_one(conn, Permission, _GET, (key,)), permission_id)
                raise Conflict(
                    f"The request is already {now.status}.", code=_ENDED_CODE[now.status]
                )
        return ended

    async def expire(self, permission_id: str, fallback: PermissionAnswer) -> bool:
        """End a request that nobody answered in time. False: it had ended already."""
        key = number(permission_id, "permission request")
        async with self._db.connection() as conn:
            found = await fetch_one(conn, Permission, _GET, (key,))
            if found is None:
                return False
            await touch(conn, found.session_id)
            return await _end(conn, key, PermissionStatus.EXPIRED, fallback, None) is not None

    async def withdraw_task(self, task_id: str) -> None:
        """End all that a task still asks, with the events."""
        async with self._db.connection() as conn:
            await conn.execute(_WITHDRAW, (int(task_id),))

    async def rules_for(self, session_id: str, agent: str) -> list[PermissionRule]:
        """The rules that hold for an agent in a session; the first that matches decides."""
        async with self._db.connection() as conn:
            values = {"session_id": session_id, "agent": agent}
            return await fetch(conn, PermissionRule, _RULES_FOR, values)

    async def add_rule(
        self,
        *,
        scope: Literal["session", "project", "global"],
        matcher: str,
        decision: Literal["allow", "deny"],
        session_id: str | None = None,
        project_id: str | None = None,
        agent: str | None = None,
    ) -> PermissionRule:
        """Remember a decision; one for the same scope, agent and matcher is replaced.

        Raises NotFound for the session or the project.
        """
        of_session = session_id if scope == "session" else None
        of_project = project_id if scope == "project" else None
        values = (scope, of_session, of_project, agent, storable_text(matcher), decision)
        async with self._db.connection() as conn:
            rule = await fetch_one(conn, PermissionRule, _ADD_RULE, values)
        if rule is None:
            raise NotFound("The rule was deleted at the same moment.")
        return rule

    async def list_rules(self) -> list[PermissionRule]:
        """All rules, oldest first."""
        async with self._db.connection() as conn:
            return await fetch(conn, PermissionRule, _LIST_RULES)

    async def delete_rule(self, rule_id: str) -> None:
        """Forget a rule. Raises NotFound."""
        async with self._db.connection() as conn:
            deleted = await conn.execute(_DELETE_RULE, (number(rule_id, "rule"),))
        if not deleted.rowcount:
            raise NotFound(f"There is no rule {rule_id}.")

    async def list(
        self,
        *,
        status: PermissionStatus | str | None = None,
        session_id: str | None = None,
        limit: int = 100,
        cursor: str | None = None,
    ) -> tuple[list[Permission], str | None]:
        """A page of requests, oldest first, and the next page's cursor. Raises InvalidInput."""
        values: dict[str, Any] = {
            "after": number(decode_cursor(cursor, 1)[0], "permission request") if cursor else 0,
            "status": None if status is None else str(status),
            "session_id": session_id,
            "limit": limit + 1,
        }
        async with self._db.connection() as conn:
            rows = await fetch(conn, Permission, _LIST, values)
        if len(rows) <= limit:
            return rows, None
        return rows[:limit], encode_cursor(rows[limit - 1].id)


async def _end(
    conn: Connection, key: int, status: PermissionStatus, answer: PermissionAnswer, by: str | None
) -> Permission | None:
    values = (status.value, storable_json(answer), by and storable_text(by), key)
    ended = await fetch_one(conn, Permission, _END, values)
    if ended is not None:
        body = PermissionAnswered(
            permission_id=ended.id,
            status=ended.status,
            answer=ended.answer,
            answered_by=ended.answered_by,
        )
        await _record(conn, ended, body)
    return ended


async def _record(conn: Connection, permission: Permission, body: EventBody) -> None:
    event = NewEvent(
        session_id=permission.session_id,
        task_id=permission.task_id,
        agent=permission.agent,
        payload=encode_body(body),
        at=await fetch_value(conn, _NOW),
    )
    await append_on(conn, [event])


def _found(permission: Permission | None, permission_id: str) -> Permission:
    if permission is None:
        raise NotFound(f"There is no permission request {permission_id}.")
    return permission
