"""Projects."""

from fastapi import APIRouter
from starlette.responses import Response

from roundhouse.model.session import Project
from roundhouse.service.page import Page
from roundhouse.web.answers import answer, nothing, returns
from roundhouse.web.bodies import NewProject, ProjectPatch
from roundhouse.web.params import DEFAULT_LIMIT, Cursor, Id, Limit, Wired

router = APIRouter(prefix="/api/projects", tags=["projects"])


@router.post("", status_code=201, responses=returns(Project, 201))
async def register_project(services: Wired, body: NewProject) -> Response:
    """Register a repository; one that is registered already is returned as it is."""
    project = await services.projects.register(body.path, name=body.name, node_id=body.node_id)
    return answer(project, 201)


@router.get("", responses=returns(Page[Project]))
async def list_projects(
    services: Wired, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Response:
    """Projects, oldest first."""
    return answer(await services.projects.list(limit=limit, cursor=cursor))


@router.get("/{project_id}", responses=returns(Project))
async def get_project(services: Wired, project_id: Id) -> Response:
    """One project."""
    return answer(await services.projects.get(project_id))


@router.patch("/{project_id}", responses=returns(Project))
async def update_project(services: Wired, project_id: Id, body: ProjectPatch) -> Response:
    """Change what is given."""
    return answer(await services.projects.update(project_id, body.given()))


@router.delete("/{project_id}", status_code=204, response_class=Response)
async def delete_project(services: Wired, project_id: Id) -> Response:
    """Forget a project; the repository is left alone. 409 `has_sessions` while it has any."""
    await services.projects.delete(project_id)
    return nothing()
