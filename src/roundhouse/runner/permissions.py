"""Carries what agents ask to a person and the answer back.

Owns the order (remembered rules first, then a person, then the deadline). Rows and events of a request are
the store's; what an option means to an agent is the backend's.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from functools import partial

import anyio
import structlog

from roundhouse.model.errors import Conflict, NotFound
from roundhouse.model.event import Activity
from roundhouse.model.permission import (
    OptionKind,
    Permission,
    PermissionAnswer,
    PermissionAsk,
    PermissionRule,
    PermissionStatus,
)
from roundhouse.model.task import Task
from roundhouse.runner.outage import until_back
from roundhouse.runner.recorder import Recorder
from roundhouse.store.permissions import Permissions

ANSWER_DEADLINE = 30 * 60.0
"""Seconds a person has; then the agent's own way to say no."""

POLL_EVERY = 2.0
"""Seconds until an answer is found whose doorbell was lost."""

NOBODY = PermissionAnswer()

log = structlog.get_logger(__name__)


class PermissionDesk:
    """Where running turns wait for answers."""

    def __init__(
        self,
        permissions: Permissions,
        recorder: Recorder,
        *,
        deadline: float = ANSWER_DEADLINE,
        poll_every: float = POLL_EVERY,
    ) -> None:
        self._permissions = permissions
        self._recorder = recorder
        self._deadline = deadline
        self._poll_every = poll_every
        self._waiting: dict[str, anyio.Event] = {}

    def ring(self, permission_id: str | None) -> None:
        """A request has moved; None: any may have."""
        for id_, event in self._waiting.items():
            if permission_id in (None, id_):
                event.set()

    async def ask(self, task: Task, ask: PermissionAsk) -> PermissionAnswer:
        """The answer of a rule, of a person, or of the deadline; empty when there is none to give.

        A cancelled scope ends the wait; the request's row is withdrawn when the task ends.
        """
        ruled = await self._by_rule(task, ask)
        if ruled is not None:
            return ruled
        # The tool call that is asked about stands in the log before the question.
        await self._recorder.drain(task.session_id)
        try:
            row = await until_back(partial(self._put, task, ask))
        except (Conflict, NotFound) as error:
            log.warning("asked for a task that has ended", task_id=task.id, error=error.message)
            return NOBODY
        with anyio.move_on_after(self._deadline):
            return await self._answer(row.id)
        return await self._expire(row.id, ask)

    async def _put(self, task: Task, ask: PermissionAsk) -> Permission:
        return await self._permissions.ask(
            session_id=task.session_id,
            task_id=task.id,
            agent=task.agent,
            ask=ask,
            expires_at=datetime.now(UTC) + timedelta(seconds=self._deadline),
        )

    async def _by_rule(self, task: Task, ask: PermissionAsk) -> PermissionAnswer | None:
        if ask.kind != "permission":
            return None
        rules = await until_back(lambda: self._permissions.rules_for(task.session_id, task.agent))
        rule = next((rule for rule in rules if matches(rule, ask)), None)
        if rule is None:
            return None
        denied = rule.decision == "deny"
        option = choose(ask, DENY if denied else ALLOW)
        if option is None:
            return None
        said = "Denied" if denied else "Allowed"
        await self._recorder.emit(
            task.session_id,
            task.id,
            task.agent,
            Activity(text=f"{said} by a remembered rule: {ask.title}"),
        )
        return PermissionAnswer(option_id=option)

    async def _answer(self, id_: str) -> PermissionAnswer:
        """Wait until the row is no longer pending."""
        while True:
            event = self._waiting[id_] = anyio.Event()
            try:
                row = await until_back(lambda: self._permissions.get(id_))
                if row.status is not PermissionStatus.PENDING:
                    return _given(row)
                with anyio.move_on_after(self._poll_every):
                    await event.wait()
            finally:
                del self._waiting[id_]

    async def _expire(self, id_: str, ask: PermissionAsk) -> PermissionAnswer:
        option = choose(ask, DENY) if ask.kind == "permission" else None
        fallback = PermissionAnswer(option_id=option)
        if await until_back(lambda: self._permissions.expire(id_, fallback)):
            log.info("nobody answered in time", permission_id=id_)
            return fallback
        # Answered in the last moment: the row decides.
        return _given(await until_back(lambda: self._permissions.get(id_)))


ALLOW: tuple[OptionKind, ...] = ("allow_once", "allow_always")
DENY: tuple[OptionKind, ...] = ("reject_once", "reject_always")


def choose(ask: PermissionAsk, kinds: Iterable[OptionKind]) -> str | None:
    """The id of the agent's option of the first of these kinds that it has."""
    for kind in kinds:
        for option in ask.options:
            if option.kind == kind:
                return option.id
    return None


def matches(rule: PermissionRule, ask: PermissionAsk) -> bool:
    """Whether a rule's matcher covers what is asked."""
    kind, _, glob = rule.matcher.partition(":")
    if kind not in ("*", ask.tool_kind, ask.detail.get("tool")):
        return False
    if not glob:
        return True
    subjects = (ask.title, str(ask.detail.get("pattern", ask.title)))
    return any(subject == glob or fnmatchcase(subject, glob) for subject in subjects)


def _given(row: Permission) -> PermissionAnswer:
    return row.answer or NOBODY
