"""A session with agents that edit, and a person who asks for verdicts, applies and rewinds: what these tests share."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from anyio.abc import TaskGroup

from roundhouse.agents.acp.backend import WarmAcpBackend
from roundhouse.agents.backend import AgentBackend
from roundhouse.agents.process import Spawner
from roundhouse.model.agent import AgentSpec
from roundhouse.model.event import Changes
from roundhouse.model.session import BackendKind, Worktree
from roundhouse.runner.node import Runner
from roundhouse.store.checkpoints import Checkpoints
from roundhouse.store.requests import Requests, RequestState
from tests.runner.harness import Bench, catalog_of, running


def demo(name: str, home: Path) -> AgentSpec:
    """The scripted agent under a name and with a memory of its own."""
    return AgentSpec(
        name=name,
        kind=BackendKind.ACP_WARM,
        label=name,
        command=[sys.executable, "-m", "roundhouse.agents.demo"],
        env={"DEMO_HOME": str(home / name)},
    )


def warm_acp(spec: AgentSpec, spawner: Spawner, tasks: TaskGroup) -> AgentBackend:
    """The backend of the scripted agents."""
    return WarmAcpBackend(spec, spawner, tasks)


@asynccontextmanager
async def node(database_url: str, tmp_path: Path) -> AsyncIterator[Runner]:
    """A running node with the agents alpha and beta."""
    load = catalog_of(demo("alpha", tmp_path), demo("beta", tmp_path))
    async with running(database_url, tmp_path / "data", warm_acp, load) as runner:
        yield runner


class Person:
    """Asks the node of a session, as a server does for a person."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self._requests = Requests(bench.db)

    async def ask(self, kind: str, *, read: bool = False, **args: Any) -> str:
        """Put a request in; the reference to wait on."""
        session = self.bench.session
        return await self._requests.ask(
            kind, args, node_id=session.node_id or "", session_id=session.id, by="test", read=read
        )

    async def answer(self, ref: str) -> RequestState:
        """The request once it has ended."""

        async def look() -> RequestState | None:
            state = await self._requests.state(ref)
            return state if state.status not in ("pending", "running") else None

        found: RequestState = await self.bench.until(look)
        return found

    async def do(self, kind: str, *, read: bool = False, **args: Any) -> dict[str, Any]:
        """What a request gives; it must not fail."""
        state = await self.answer(await self.ask(kind, read=read, **args))
        assert state.status == "done", state.result
        assert state.result is not None
        return state.result

    async def refused(self, kind: str, **args: Any) -> dict[str, Any]:
        """What a request that must fail says."""
        state = await self.answer(await self.ask(kind, **args))
        assert state.status == "failed", state.result
        assert state.result is not None
        return state.result

    async def worktree(self) -> Worktree:
        """The row."""
        found = await self.bench.sessions.worktree(self.bench.session.id)
        assert found is not None
        return found

    async def folder(self) -> Path:
        """Where the worktree is."""
        return Path((await self.worktree()).worktree_path)

    async def checkpoints(self) -> list[tuple[str, str]]:
        """Kind and title of all, oldest first."""
        found, _ = await Checkpoints(self.bench.db).list(self.bench.session.id)
        return [(checkpoint.kind, checkpoint.title) for checkpoint in reversed(found)]

    async def edits_found(self) -> list[list[str]]:
        """The files of each event about edits that no turn made."""
        return [
            [file.path for file in body.files]
            for event in await self.bench.events()
            if event.task_id is None and isinstance(body := event.body(), Changes)
        ]


def files_of(folder: Path) -> dict[str, str]:
    """All files of a worktree or a checkout, by path."""
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".git" not in path.relative_to(folder).parts
    }
