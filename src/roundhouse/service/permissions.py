"""Answering what agents ask, and remembering answers as rules. Applying rules is the runner's."""

from collections.abc import Sequence
from typing import Literal

from roundhouse.model.errors import InvalidInput, NotFound
from roundhouse.model.permission import (
    Permission,
    PermissionAnswer,
    PermissionOption,
    PermissionRule,
    PermissionStatus,
    Remember,
)
from roundhouse.service.page import Page
from roundhouse.service.text import clean
from roundhouse.store.permissions import Permissions
from roundhouse.store.projects import Projects
from roundhouse.store.sessions import Sessions


class PermissionService:
    """The open questions of this Roundhouse."""

    def __init__(self, permissions: Permissions, sessions: Sessions, projects: Projects) -> None:
        self._permissions = permissions
        self._sessions = sessions
        self._projects = projects

    async def list(
        self,
        *,
        status: PermissionStatus | None,
        session_id: str | None,
        limit: int,
        cursor: str | None,
    ) -> Page[Permission]:
        """A page of requests, oldest first."""
        found = await self._permissions.list(
            status=status, session_id=session_id, limit=limit, cursor=cursor
        )
        return Page(*found)

    async def get(self, permission_id: str) -> Permission:
        """One request. Raises NotFound."""
        return await self._permissions.get(permission_id)

    async def answer(
        self,
        permission_id: str,
        answer: PermissionAnswer,
        *,
        remember: Remember | None = None,
        by: str = "person",
    ) -> Permission:
        """Give a person's answer; the first one counts. With `remember` the decision becomes a rule.

        Raises NotFound, InvalidInput, Conflict `already_answered`, `expired` or `withdrawn`.
        """
        asked = await self._permissions.get(permission_id)
        if answer.message is not None:
            clean(answer.message, "message")
        option = _checked(asked, answer)
        if remember is not None and _decision(option) is None:
            raise InvalidInput("Only allowing or rejecting can be remembered.", field="remember")
        answered = await self._permissions.answer(permission_id, answer, by=by)
        if remember is not None and option is not None:
            await self._remember(answered, option, remember)
        return answered

    async def rules(self) -> Sequence[PermissionRule]:
        """All rules, oldest first."""
        return await self._permissions.list_rules()

    async def add_rule(self, rule: PermissionRule) -> PermissionRule:
        """Remember a decision. Raises NotFound for what it refers to, InvalidInput."""
        clean(rule.matcher, "matcher")
        if not rule.matcher.partition(":")[0]:
            raise InvalidInput(
                "A matcher is a kind of tool or *, with or without a colon and a pattern.",
                field="matcher",
                remedy='Write "execute", "*" or "execute:npm *".',
            )
        for scope, field, value in (
            ("session", "session_id", rule.session_id),
            ("project", "project_id", rule.project_id),
        ):
            if (rule.scope == scope) != (value is not None):
                needed = "is needed" if rule.scope == scope else "does not belong"
                raise InvalidInput(f"{field} {needed} in a {rule.scope} rule.", field=field)
        if rule.session_id is not None:
            await self._sessions.get(rule.session_id)
        if rule.project_id is not None:
            await self._projects.get(rule.project_id)
        return await self._permissions.add_rule(
            scope=rule.scope,
            matcher=rule.matcher,
            decision=rule.decision,
            session_id=rule.session_id,
            project_id=rule.project_id,
            agent=rule.agent,
        )

    async def delete_rule(self, rule_id: str) -> None:
        """Forget a rule. Raises NotFound."""
        await self._permissions.delete_rule(rule_id)

    async def _remember(
        self, answered: Permission, option: PermissionOption, scope: Remember
    ) -> None:
        decision = _decision(option)
        try:
            session = await self._sessions.get(answered.session_id)
        except NotFound:
            return
        if decision is not None:
            await self._permissions.add_rule(
                scope=scope,
                matcher=matcher_of(answered),
                decision=decision,
                session_id=session.id if scope == "session" else None,
                project_id=session.project_id if scope == "project" else None,
                agent=answered.agent,
            )


def matcher_of(asked: Permission) -> str:
    """What a remembered answer covers: the same kind of tool with the same pattern, or else the same title."""
    tool = str(asked.detail.get("tool") or "*")
    if ":" in tool:
        tool = "*"
    return f"{tool}:{_literal(str(asked.detail.get('pattern') or asked.title))}"


def _literal(text: str) -> str:
    """A glob that matches just this text. `fnmatch` has no escape but the set."""
    return "".join(f"[{char}]" if char in "*?[" else char for char in text)


def _decision(option: PermissionOption | None) -> Literal["allow", "deny"] | None:
    if option is None or option.kind == "other":
        return None
    return "allow" if option.kind.startswith("allow") else "deny"


def _checked(asked: Permission, answer: PermissionAnswer) -> PermissionOption | None:
    """The option chosen, None for answers to questions. Raises InvalidInput."""
    if answer.option_id is not None and answer.answers is not None:
        raise InvalidInput("Give option_id or answers, not both.", field="answers")
    if answer.option_id is not None:
        for option in asked.options:
            if option.id == answer.option_id:
                return option
        known = ", ".join(option.id for option in asked.options) or "none"
        raise InvalidInput(f"The options are {known}.", code="unknown_option", field="option_id")
    if answer.answers is None:
        raise InvalidInput("option_id or answers is needed.", code="missing", field="option_id")
    if asked.kind != "question" or len(answer.answers) != len(asked.questions):
        raise InvalidInput(f"{len(asked.questions)} answers are needed.", field="answers")
    for texts in answer.answers:
        for text in texts:
            clean(text, "answers")
    return None
