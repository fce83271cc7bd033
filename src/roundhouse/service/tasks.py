"""Queueing prompts, and editing the queue. Running them is the runner's."""

import anyio
from msgspec import Struct

from roundhouse.model.errors import Conflict, InvalidInput, NotFound
from roundhouse.model.session import Session
from roundhouse.model.task import NewTask, Task
from roundhouse.service.page import Page
from roundhouse.service.sessions import SessionService
from roundhouse.service.text import UNTITLED, clean, prompt, title_of
from roundhouse.store.agents import AvailableAgents
from roundhouse.store.sessions import Sessions
from roundhouse.store.tasks import Tasks

PRIORITY_MAX = 1000
KEY_MAX = 200
NAME_MAX = 200

PROBE_GRACE = 10.0
"""Seconds to wait for the first agent of a node that has never reported any: it is being set up."""

PROBE_POLL = 0.25


class TaskWish(Struct, frozen=True, kw_only=True):
    """A prompt as a person asks for it. `handover` None = as the session has it."""

    agent: str
    input: str
    model: str | None = None
    mode: str | None = None
    priority: int = 0
    client_key: str | None = None
    parent_task_id: str | None = None
    handover: bool | None = None


class TaskService:
    """The tasks of this Roundhouse."""

    def __init__(
        self,
        tasks: Tasks,
        rows: Sessions,
        sessions: SessionService,
        agents: AvailableAgents,
    ) -> None:
        self._tasks = tasks
        self._rows = rows
        self._sessions = sessions
        self._agents = agents

    async def create(self, session_id: str, wish: TaskWish) -> tuple[Task, bool]:
        """Queue a prompt; with a `client_key` that the session has seen, that task and False.

        Raises NotFound for the session, InvalidInput (TooLarge for the prompt), Conflict `archived`.
        """
        session = await self._rows.get(session_id)
        await self._check(wish, session.node_id)
        handover = session.handover if wish.handover is None else wish.handover
        return await self._insert(session, wish, handover=handover)

    async def create_with_session(
        self,
        project_id: str,
        wish: TaskWish,
        *,
        title: str | None = None,
        base_ref: str | None = None,
        include_uncommitted: bool = False,
    ) -> Task:
        """Queue a prompt in a session of its own. Raises as `create`, and leaves no session behind then."""
        await self._check(wish, None)
        session = await self._sessions.create(
            project_id,
            title=title or title_of(wish.input),
            base_ref=base_ref,
            include_uncommitted=include_uncommitted,
        )
        try:
            handover = wish.handover is not False
            task, _ = await self._insert(session, wish, handover=handover)
        except (InvalidInput, NotFound, Conflict):
            await self._sessions.delete(session.id)
            raise
        return task

    async def check(self, session: Session, wish: TaskWish) -> None:
        """Whether `create` would take it. Raises what it would raise."""
        if session.archived_at is not None:
            raise Conflict(
                "The session is archived.", code="archived", remedy="Take it back first."
            )
        await self._check(wish, session.node_id)

    async def list(self, session_id: str, *, limit: int, cursor: str | None) -> Page[Task]:
        """A page of a session's tasks, oldest first. Raises NotFound."""
        return Page(*await self._tasks.list(session_id, limit=limit, cursor=cursor))

    async def get(self, task_id: str) -> Task:
        """One task. Raises NotFound."""
        return await self._tasks.get(task_id)

    async def update(
        self,
        task_id: str,
        *,
        input: str | None = None,  # noqa: A002 - the wire's name
        agent: str | None = None,
        model: str | None = None,
        mode: str | None = None,
        priority: int | None = None,
        position: int | None = None,
    ) -> Task:
        """Change a waiting task. Raises NotFound, InvalidInput, Conflict `not_pending`."""
        if input is not None:
            prompt(input)
        _check_priority(priority)
        if agent is not None:
            task = await self._tasks.get(task_id)
            await self._check_agent(agent, (await self._rows.get(task.session_id)).node_id)
        return await self._tasks.update(
            task_id,
            input=input,
            agent=agent,
            model=model,
            mode=mode,
            priority=priority,
            position=position,
        )

    async def cancel(self, task_id: str) -> Task:
        """Drop a waiting task, ask a running one to stop. Raises NotFound, Conflict `already_ended`."""
        return await self._tasks.cancel(task_id)

    async def _insert(
        self, session: Session, wish: TaskWish, *, handover: bool
    ) -> tuple[Task, bool]:
        parent = wish.parent_task_id
        try:
            made = await self._tasks.create(
                NewTask(
                    session_id=session.id,
                    agent=wish.agent,
                    input=wish.input,
                    model=wish.model,
                    mode=wish.mode,
                    priority=wish.priority,
                    client_key=wish.client_key,
                    parent_task_id=parent,
                    handover=handover,
                )
            )
        except NotFound as error:
            if parent is None or parent not in error.message:
                raise
            raise InvalidInput(error.message, code="not_found", field="parent_task_id") from None
        if made[1] and session.title == UNTITLED:
            await self._rows.update(session.id, title=title_of(wish.input))
        return made

    async def _check(self, wish: TaskWish, node_id: str | None) -> None:
        prompt(wish.input)
        _check_priority(wish.priority)
        for field, text, longest in (
            ("client_key", wish.client_key, KEY_MAX),
            ("model", wish.model, NAME_MAX),
            ("mode", wish.mode, NAME_MAX),
        ):
            if text is None:
                continue
            clean(text, field)
            if not text or len(text) > longest:
                raise InvalidInput(f"{field} has 1 to {longest} characters.", field=field)
        await self._check_agent(wish.agent, node_id)
        if wish.parent_task_id is not None:
            try:
                await self._tasks.get(wish.parent_task_id)
            except NotFound as error:
                raise InvalidInput(
                    error.message, code="not_found", field="parent_task_id"
                ) from None

    async def _check_agent(self, name: str, node_id: str | None) -> None:
        clean(name, "agent")
        deadline = anyio.current_time() + PROBE_GRACE
        while True:
            rows = await self._agents.list(node_id)
            if rows or anyio.current_time() >= deadline:
                break
            await anyio.sleep(PROBE_POLL)
        found = [row for row in rows if row.name == name]
        if not found:
            raise InvalidInput(
                f"There is no agent {name[:NAME_MAX]!r}.",
                code="unknown_agent",
                field="agent",
                remedy="Choose one that `roundhouse agents` lists, or add it to agents.toml.",
            )
        if not any(row.enabled for row in found):
            raise InvalidInput(
                f"The agent {name} is switched off.",
                code="agent_disabled",
                field="agent",
                remedy="Switch it on in the list of agents or in agents.toml.",
            )


def _check_priority(priority: int | None) -> None:
    if priority is not None and abs(priority) > PRIORITY_MAX:
        raise InvalidInput(
            f"A priority lies between {-PRIORITY_MAX} and {PRIORITY_MAX}.",
            code="out_of_range",
            field="priority",
        )
