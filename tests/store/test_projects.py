"""The registered repositories."""

import re

import anyio
import pytest

from roundhouse.model.errors import Conflict, InvalidInput, NotFound
from roundhouse.model.session import Project
from roundhouse.store.projects import new_id
from tests.store.conftest import Store


def test_an_id_is_short_and_begins_with_a_letter() -> None:
    """So that it is told from a task's, and few characters name it."""
    ids = {new_id() for _ in range(500)}

    assert len(ids) == 500
    assert all(re.fullmatch("[a-z][a-z2-7]{11}", made) for made in ids)


async def test_a_path_is_registered_once_a_node(store: Store) -> None:
    """At the same time too; another node's is another project."""
    made: list[Project] = []

    async def create(name: str) -> None:
        made.append(await store.projects.create(name=name, path="/x", node_id=store.node_id))

    async with anyio.create_task_group() as tasks:
        for n in range(6):
            tasks.start_soon(create, str(n))

    assert len({project.id for project in made}) == 1
    assert await store.projects.get(made[0].id) == made[0]
    other = await store.nodes.register("other", "host", 2, "0")
    elsewhere = await store.projects.create(name="x", path="/x", node_id=str(other))
    assert elsewhere.id != made[0].id
    with pytest.raises(NotFound):
        await store.projects.create(name="x", path="/x", node_id=9999)


async def test_a_project_can_be_changed(store: Store) -> None:
    """Only what is given, and back to nothing."""
    project = await store.projects.update(
        store.project_id, name="new", setup_command="npm ci", copy=[".env"]
    )
    assert (project.name, project.setup_command, project.copy) == ("new", "npm ci", [".env"])

    project = await store.projects.update(store.project_id, setup_command=None)
    assert (project.name, project.setup_command, project.copy) == ("new", None, [".env"])
    with pytest.raises(InvalidInput) as caught:
        await store.projects.update(store.project_id, path="/y")
    assert caught.value.field == "path"
    with pytest.raises(NotFound):
        await store.projects.update("nosuchproj", name="x")


async def test_a_project_with_sessions_stays(store: Store) -> None:
    """Until they are gone."""
    session = await store.session()
    with pytest.raises(Conflict) as caught:
        await store.projects.delete(store.project_id)
    assert caught.value.code == "has_sessions"

    await store.sessions.delete(session.id)
    await store.projects.delete(store.project_id)
    for call in (store.projects.delete, store.projects.get):
        with pytest.raises(NotFound):
            await call(store.project_id)


async def test_a_list_has_pages(store: Store) -> None:
    """Oldest first."""
    for n in range(4):
        await store.projects.create(name=str(n), path=f"/{n}", node_id=store.node_id)
    seen: list[str] = []
    cursor = None
    while True:
        page, cursor = await store.projects.list(limit=2, cursor=cursor)
        seen += [project.name for project in page]
        if cursor is None:
            break

    assert seen == ["small", "0", "1", "2", "3"]
    with pytest.raises(InvalidInput):
        await store.projects.list(cursor="x")
