"""A session's changes: seen, accepted, rejected, applied, committed; and where sessions overlap."""

from fastapi import APIRouter
from starlette.responses import Response

from roundhouse.model.change import ChangeSet
from roundhouse.model.outcome import (
    ApplyOutcome,
    CommitOutcome,
    SeenOutcome,
    UndoneVerdict,
    VerdictOutcome,
)
from roundhouse.model.review import Overlap
from roundhouse.service.changes import ChoiceWish
from roundhouse.service.page import Page
from roundhouse.web.answers import answer, returns
from roundhouse.web.bodies import Apply, ChangesChoice, NewCommit, Nothing
from roundhouse.web.params import Cursor, Id, Limit, Wired, Word

router = APIRouter(tags=["changes"])


@router.get("/api/sessions/{session_id}/changes", responses=returns(ChangeSet))
async def read_changes(
    *,
    services: Wired,
    session_id: Id,
    agent: Word | None = None,
    task_id: Word | None = None,
    path: Word | None = None,
    since: Word | None = None,
    limit: Limit | None = None,
    cursor: Cursor = None,
) -> Response:
    """What the worktree holds against what was reviewed, and who wrote it; while a turn runs as of the last settled one.

    `since` is a snapshot to compare with instead, or `seen` for what is not marked as seen. `agent` may be `person`.
    """
    found = await services.changes.read(
        session_id,
        agent=agent,
        task_id=task_id,
        path=path,
        since=since,
        limit=limit,
        cursor=cursor,
    )
    return answer(found)


@router.post("/api/sessions/{session_id}/changes/accept", responses=returns(VerdictOutcome))
async def accept_changes(services: Wired, session_id: Id, body: ChangesChoice) -> Response:
    """Take changes as reviewed. 409 `stale_file` or `stale_hunk` for what is not in the difference any more.

    409 `stale_changes` with `paths` where these are not as they were when the changes were last looked at.
    """
    return answer(await services.changes.accept(session_id, _wish(body)))


@router.post("/api/sessions/{session_id}/changes/reject", responses=returns(VerdictOutcome))
async def reject_changes(services: Wired, session_id: Id, body: ChangesChoice) -> Response:
    """Reverse changes in the worktree. 409 also `session_busy` while a turn runs."""
    return answer(await services.changes.reject(session_id, _wish(body)))


@router.post("/api/sessions/{session_id}/changes/seen", responses=returns(SeenOutcome))
async def mark_changes(services: Wired, session_id: Id, body: ChangesChoice) -> Response:
    """Remember that these were looked at as they are now; a mark ends when the content changes."""
    return answer(await services.changes.seen(session_id, _wish(body)))


@router.post("/api/sessions/{session_id}/changes/undo", responses=returns(UndoneVerdict))
async def undo_verdict(services: Wired, session_id: Id, body: Nothing | None = None) -> Response:
    """Take the last accept or reject back. 409 `nothing_to_undo`."""
    return answer(await services.changes.undo(session_id))


@router.post("/api/sessions/{session_id}/apply", responses=returns(ApplyOutcome))
async def apply_changes(services: Wired, session_id: Id, body: Apply | None = None) -> Response:
    """Bring the changes into the working files of the user's checkout, all or none.

    409 `apply_conflict` with `conflicts` and `files`, and nothing written; so with `check_only` too.
    """
    wish = body or Apply()
    outcome = await services.checkout.apply(
        session_id, accepted_only=wish.accepted_only, check_only=wish.check_only
    )
    return answer(outcome)


@router.post("/api/sessions/{session_id}/apply/undo", responses=returns(ApplyOutcome))
async def undo_apply(services: Wired, session_id: Id, body: Nothing | None = None) -> Response:
    """Take the last apply back. 409 `nothing_to_undo`, or `apply_conflict` as for an apply."""
    return answer(await services.checkout.undo_apply(session_id))


@router.post("/api/sessions/{session_id}/commit", responses=returns(CommitOutcome))
async def commit_changes(services: Wired, session_id: Id, body: NewCommit) -> Response:
    """Commit the changes on the session's branch, with the agents as co-authors."""
    outcome = await services.checkout.commit(
        session_id, body.message, squash=body.squash, accepted_only=body.accepted_only
    )
    return answer(outcome)


@router.get("/api/projects/{project_id}/overlaps", responses=returns(Page[Overlap]))
async def list_overlaps(services: Wired, project_id: Id) -> Response:
    """Files that are pending in more than one session of the project, all on one page."""
    return answer(await services.changes.overlaps(project_id))


def _wish(body: ChangesChoice) -> ChoiceWish:
    return ChoiceWish(
        files=body.files,
        hunks=body.hunks,
        agent=body.agent,
        everything=body.everything,
        head=body.head,
    )
