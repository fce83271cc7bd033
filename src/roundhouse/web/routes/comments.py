"""Comments on lines of a session's changes."""

from fastapi import APIRouter
from starlette.responses import Response

from roundhouse.model.outcome import SentComments
from roundhouse.model.review import Comment
from roundhouse.service.page import Page
from roundhouse.web.answers import answer, nothing, returns
from roundhouse.web.bodies import NewRemark, SendComments
from roundhouse.web.params import Id, Wired

router = APIRouter(prefix="/api/sessions/{session_id}/comments", tags=["comments"])


@router.get("", responses=returns(Page[Comment]))
async def list_comments(services: Wired, session_id: Id) -> Response:
    """The session's comments, oldest first, all on one page."""
    return answer(await services.comments.list(session_id))


@router.post("", status_code=201, responses=returns(Comment, 201))
async def add_comment(services: Wired, session_id: Id, body: NewRemark) -> Response:
    """Keep a comment on a line of the changes; it goes nowhere until it is sent."""
    comment = await services.comments.add(
        session_id, path=body.path, line=body.line, side=body.side, text=body.text
    )
    return answer(comment, 201)


@router.post("/send", responses=returns(SentComments))
async def send_comments(
    services: Wired, session_id: Id, body: SendComments | None = None
) -> Response:
    """Queue the comments as one prompt for each agent. Sending what was sent gives the tasks that carry it."""
    wish = body or SendComments()
    return answer(await services.comments.send(session_id, agent=wish.agent, ids=wish.ids))


@router.delete("/{comment_id}", status_code=204, response_class=Response)
async def delete_comment(services: Wired, session_id: Id, comment_id: Id) -> Response:
    """Drop a comment that was not sent; 409 for one that was."""
    await services.comments.delete(session_id, comment_id)
    return nothing()
