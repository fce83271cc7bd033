"""Tasks: prompts in a queue."""

from fastapi import APIRouter
from starlette.responses import Response

from roundhouse.model.errors import InvalidInput
from roundhouse.model.task import Task
from roundhouse.service.page import Page
from roundhouse.service.tasks import TaskWish
from roundhouse.web.answers import answer, returns
from roundhouse.web.bodies import NewTask, NewTaskWithSession, TaskPatch
from roundhouse.web.params import DEFAULT_LIMIT, Cursor, Id, Limit, Wired

router = APIRouter(tags=["tasks"])


@router.post("/api/sessions/{session_id}/tasks", status_code=201, responses=returns(Task, 200, 201))
async def create_task(services: Wired, session_id: Id, body: NewTask) -> Response:
    """Queue a prompt. 201, or 200 with the first task for a `client_key` that was used before."""
    task, made = await services.tasks.create(session_id, _wish(body))
    return answer(task, 201 if made else 200)


@router.get("/api/sessions/{session_id}/tasks", responses=returns(Page[Task]))
async def list_tasks(
    services: Wired, session_id: Id, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Response:
    """A session's tasks, oldest first."""
    return answer(await services.tasks.list(session_id, limit=limit, cursor=cursor))


@router.post("/api/tasks", status_code=201, responses=returns(Task, 201))
async def create_task_with_session(services: Wired, body: NewTaskWithSession) -> Response:
    """Queue a prompt in a new session of its own. `client_key` counts within one session, so not here."""
    task = await services.tasks.create_with_session(
        body.project_id,
        _wish(body),
        title=body.title,
        base_ref=body.base_ref,
        include_uncommitted=body.include_uncommitted,
    )
    return answer(task, 201)


@router.get("/api/tasks/{task_id}", responses=returns(Task))
async def get_task(services: Wired, task_id: Id) -> Response:
    """One task."""
    return answer(await services.tasks.get(task_id))


@router.patch("/api/tasks/{task_id}", responses=returns(Task))
async def update_task(services: Wired, task_id: Id, body: TaskPatch) -> Response:
    """Change a task that waits; 409 `not_pending` once it was taken."""
    changed = await services.tasks.update(
        task_id,
        input=body.input,
        agent=body.agent,
        model=body.model,
        mode=body.mode,
        priority=body.priority,
        position=body.position,
    )
    return answer(changed)


@router.post("/api/tasks/{task_id}/cancel", responses=returns(Task))
async def cancel_task(services: Wired, task_id: Id) -> Response:
    """Drop a task that waits, or ask a running one to stop; 409 `already_ended`."""
    return answer(await services.tasks.cancel(task_id))


def _wish(body: NewTask) -> TaskWish:
    if body.attachments:
        raise InvalidInput(
            "Attachments are not supported yet.",
            code="attachments_unsupported",
            field="attachments",
            remedy="Name the file's path in the prompt.",
        )
    return TaskWish(
        agent=body.agent,
        input=body.input,
        model=body.model,
        mode=body.mode,
        priority=body.priority,
        client_key=body.client_key,
        parent_task_id=body.parent_task_id,
        handover=body.handover,
    )
