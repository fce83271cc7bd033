"""Sessions."""

from fastapi import APIRouter
from starlette.responses import Response

from roundhouse.model.session import Session, SessionStatus
from roundhouse.service.page import Page
from roundhouse.web.answers import answer, nothing, returns
from roundhouse.web.bodies import NewSession, SessionPatch
from roundhouse.web.params import DEFAULT_LIMIT, Cursor, Id, Limit, Wired, Word

router = APIRouter(prefix="/api/sessions", tags=["sessions"])


@router.post("", status_code=201, responses=returns(Session, 201))
async def create_session(services: Wired, body: NewSession) -> Response:
    """A new session. Without a title the first prompt gives it one."""
    session = await services.sessions.create(
        body.project_id,
        title=body.title,
        base_ref=body.base_ref,
        include_uncommitted=body.include_uncommitted,
    )
    return answer(session, 201)


@router.get("", responses=returns(Page[Session]))
async def list_sessions(
    *,
    services: Wired,
    project_id: Word | None = None,
    status: SessionStatus | None = None,
    q: Word | None = None,
    id_prefix: Word | None = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """Sessions, most recently updated first. Archived ones only with `status=archived`.

    `id_prefix` looks a session up by the beginning of its id instead, archived or not, ten at most.
    """
    if id_prefix is not None:
        return answer(await services.sessions.find(id_prefix))
    page = await services.sessions.list(
        project_id=project_id, status=status, q=q, limit=limit, cursor=cursor
    )
    return answer(page)


@router.get("/{session_id}", responses=returns(Session))
async def get_session(services: Wired, session_id: Id) -> Response:
    """One session."""
    return answer(await services.sessions.get(session_id))


@router.patch("/{session_id}", responses=returns(Session))
async def update_session(services: Wired, session_id: Id, body: SessionPatch) -> Response:
    """Change what is given. 409 `session_busy` for archiving while a turn runs."""
    changed = await services.sessions.update(
        session_id,
        title=body.title,
        archived=body.archived,
        read_seq=body.read_seq,
        handover=body.handover,
    )
    return answer(changed)


@router.delete("/{session_id}", status_code=204, response_class=Response)
async def delete_session(services: Wired, session_id: Id) -> Response:
    """Delete a session, its worktree and its events. A running turn is cancelled first, within 10 seconds."""
    await services.sessions.delete(session_id)
    return nothing()


@router.post("/{session_id}/resume", responses=returns(Session))
async def resume_session(services: Wired, session_id: Id) -> Response:
    """Let what was queued behind a lost turn run."""
    return answer(await services.sessions.resume(session_id))
