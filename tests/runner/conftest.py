"""A project, its session and its tasks in the test's database, and a repository at their path."""

import sys
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from roundhouse.model.session import Session
from roundhouse.model.task import NewTask, Task
from roundhouse.store.database import Database
from roundhouse.store.nodes import Nodes
from roundhouse.store.projects import Projects
from roundhouse.store.sessions import Sessions
from roundhouse.store.tasks import Tasks

MakeTask = Callable[..., Awaitable[Task]]


def _named(logger: Any, method: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    if entry.pop("exc_info", None):
        entry["error"] = repr(sys.exc_info()[1])
    return entry


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[MutableMapping[str, Any]]]:
    """What was logged, shown when a test fails. A printed traceback would read source files inside the loop."""
    with capture_logs(processors=[_named]) as entries:
        yield entries
    for entry in entries:
        print(entry)  # noqa: T201


@pytest.fixture
async def node_id(db: Database) -> int:
    """A registered node."""
    return await Nodes(db).register("test", "localhost", 1, "0")


@pytest.fixture
async def session(db: Database, node_id: int, repo: Path) -> Session:
    """A session on the repository."""
    project = await Projects(db).create(name="repo", path=str(repo), node_id=str(node_id))
    return await Sessions(db).create(project_id=project.id, title="A session")


@pytest.fixture
def make_task(db: Database, session: Session) -> MakeTask:
    """Queues a task in the session."""

    async def make(text: str = "hello", agent: str = "demo") -> Task:
        task, _ = await Tasks(db).create(NewTask(session_id=session.id, agent=agent, input=text))
        return task

    return make


@pytest.fixture
async def running_task(db: Database, node_id: int, make_task: MakeTask) -> Task:
    """A task that the node has claimed."""
    await make_task()
    [task] = await Tasks(db).claim(node_id, 1)
    return task
