"""A session's worktree: its checkpoints, going back to one, and reading its files."""

from fastapi import APIRouter
from starlette.responses import Response

from roundhouse.model.outcome import FilePart, RewindOutcome, WorktreeEntry
from roundhouse.model.review import Checkpoint
from roundhouse.service.page import Page
from roundhouse.web.answers import answer, returns
from roundhouse.web.bodies import NewRewind
from roundhouse.web.params import DEFAULT_LIMIT, Cursor, Id, Limit, Seq, Wired, Word

router = APIRouter(prefix="/api/sessions/{session_id}", tags=["worktree"])


@router.get("/checkpoints", responses=returns(Page[Checkpoint]))
async def list_checkpoints(
    services: Wired, session_id: Id, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Response:
    """The states of the worktree that can be gone back to, newest first."""
    return answer(await services.checkpoints.list(session_id, limit=limit, cursor=cursor))


@router.post("/rewind", responses=returns(RewindOutcome))
async def rewind(services: Wired, session_id: Id, body: NewRewind) -> Response:
    """Take the files back to a checkpoint; what is there now becomes one first. 409 `session_busy` in a turn."""
    outcome = await services.checkpoints.rewind(
        session_id,
        checkpoint_id=body.checkpoint_id,
        task_id=body.task_id,
        before=body.before,
        conversation=body.conversation,
    )
    return answer(outcome)


@router.get("/files", responses=returns(Page[WorktreeEntry]))
async def list_files(
    *,
    services: Wired,
    session_id: Id,
    path: Word = "",
    q: Word | None = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response:
    """What lies in a folder of the worktree, folders first; with `q` the files below it that fit, the best first."""
    return answer(await services.files.list(session_id, path=path, q=q, limit=limit, cursor=cursor))


@router.get("/file", responses=returns(FilePart))
async def read_file(services: Wired, session_id: Id, path: Word, offset: Seq = 0) -> Response:
    """A part of a file of the worktree from byte `offset` on, at most a mebibyte of it."""
    return answer(await services.files.read(session_id, path, offset=offset))
