"""What agents ask, and what is remembered of the answers."""

from fastapi import APIRouter
from starlette.responses import Response

from roundhouse.model.permission import (
    Permission,
    PermissionAnswer,
    PermissionRule,
    PermissionStatus,
)
from roundhouse.service.page import Page
from roundhouse.web.answers import answer, nothing, returns
from roundhouse.web.bodies import Answer, NewRule
from roundhouse.web.params import DEFAULT_LIMIT, Cursor, Id, Limit, Wired, Word

router = APIRouter(tags=["permissions"])


@router.get("/api/permissions", responses=returns(Page[Permission]))
async def list_permissions(
    services: Wired,
    status: PermissionStatus | None = None,
    session_id: Word | None = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """Requests, oldest first."""
    page = await services.permissions.list(
        status=status, session_id=session_id, limit=limit, cursor=cursor
    )
    return answer(page)


@router.get("/api/permissions/{permission_id}", responses=returns(Permission))
async def get_permission(services: Wired, permission_id: Id) -> Response:
    """One request."""
    return answer(await services.permissions.get(permission_id))


@router.post("/api/permissions/{permission_id}/answer", responses=returns(Permission))
async def answer_permission(services: Wired, permission_id: Id, body: Answer) -> Response:
    """Answer; 409 if that was done already, or the request has expired or was withdrawn."""
    answered = await services.permissions.answer(
        permission_id,
        PermissionAnswer(option_id=body.option_id, answers=body.answers, message=body.message),
        remember=body.remember,
    )
    return answer(answered)


@router.get("/api/permission-rules", responses=returns(Page[PermissionRule]))
async def list_rules(services: Wired) -> Response:
    """Remembered decisions, all on one page."""
    return answer(Page(list(await services.permissions.rules())))


@router.post("/api/permission-rules", status_code=201, responses=returns(PermissionRule, 201))
async def create_rule(services: Wired, body: NewRule) -> Response:
    """Remember a decision; one for the same scope, agent and matcher is replaced."""
    rule = PermissionRule(
        id="",
        scope=body.scope,
        matcher=body.matcher,
        decision=body.decision,
        session_id=body.session_id,
        project_id=body.project_id,
        agent=body.agent,
    )
    return answer(await services.permissions.add_rule(rule), 201)


@router.delete("/api/permission-rules/{rule_id}", status_code=204, response_class=Response)
async def delete_rule(services: Wired, rule_id: Id) -> Response:
    """Forget a decision."""
    await services.permissions.delete_rule(rule_id)
    return nothing()
