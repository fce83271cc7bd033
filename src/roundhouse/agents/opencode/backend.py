"""OpenCodeServerBackend: one `opencode serve` process, many conversations.

Owns which server is in use, when one starts and stops, and which sessions may not be used any more. What happens
inside a turn is `turn`'s.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import anyio
import structlog
from anyio.abc import TaskGroup
from msgspec.structs import replace

from roundhouse.agents.backend import (
    Health,
    Prompt,
    SessionHandle,
    SessionSpec,
    TurnResult,
    TurnSink,
)
from roundhouse.agents.opencode.client import NoReply, Unknown
from roundhouse.agents.opencode.server import OpenCodeServer
from roundhouse.agents.opencode.turn import Place, SessionGone, Turn
from roundhouse.agents.process import Spawner
from roundhouse.model.agent import AgentInfo, AgentMode, AgentModel, AgentSpec
from roundhouse.model.errors import AgentError
from roundhouse.model.event import Command, Commands
from roundhouse.model.session import BackendKind, Continuity
from roundhouse.model.task import FailureCode

log = structlog.get_logger(__name__)

Json = dict[str, Any]


class OpenCodeHandle(SessionHandle):
    """A conversation on a server."""

    def __init__(
        self,
        spec: SessionSpec,
        agent_session_id: str,
        continuity: Continuity,
        server: OpenCodeServer,
    ) -> None:
        super().__init__(spec, agent_session_id, continuity)
        self.server = server
        self.pid = server.pid
        self.port = server.port
        self.limits: dict[str, int] = {}
        self.commands: set[str] = set()
        self.default_model: str | None = None
        """What a prompt without a model means: opencode itself would go on with the one before."""
        self.closed: str | None = None
        """Why it cannot be used any more."""


class OpenCodeServerBackend:
    """All conversations with one opencode agent of the catalog."""

    kind: ClassVar[BackendKind] = BackendKind.OPENCODE_SERVER
    forgets: ClassVar[bool] = True

    def __init__(self, spec: AgentSpec, spawner: Spawner, tasks: TaskGroup) -> None:
        self._spec = spec
        self._spawner = spawner
        self._tasks = tasks
        self._starting = anyio.Lock()
        self._server: OpenCodeServer | None = None
        self._draining: set[OpenCodeServer] = set()
        self._users: dict[OpenCodeServer, set[object]] = {}
        self._deaf: dict[str, OpenCodeServer] = {}
        """Sessions whose last turn would not end, and where it runs."""

    async def ensure_session(self, wanted: SessionSpec) -> SessionHandle:
        """See `AgentBackend.ensure_session`."""
        # The token keeps the server while the session is being made.
        token = object()
        server = await self._live_server(token)
        try:
            handle = await self._open(wanted, server)
            await self._describe(handle)
        except NoReply as error:
            if await server.is_gone(within=0.2):
                raise AgentError(
                    server.death().error, failure=FailureCode.AGENT_START_FAILED
                ) from error
            raise AgentError(f"opencode did not answer: {error}") from error
        else:
            self._users.setdefault(server, set()).add(handle)
            return handle
        finally:
            await self._leave(server, token)

    async def prompt(self, handle: SessionHandle, prompt: Prompt, turn: TurnSink) -> TurnResult:
        """See `AgentBackend.prompt`."""
        mine = _mine(handle)
        server = mine.server
        if not self.health(mine).alive:
            raise AgentError(mine.closed or server.death().error, failure=FailureCode.AGENT_CRASHED)
        place = Place(
            server=server,
            session_id=mine.agent_session_id,
            directory=mine.spec.cwd,
            limits=mine.limits,
            commands=mine.commands,
        )
        running = Turn(place, turn)
        chosen = prompt if prompt.model else replace(prompt, model=mine.default_model)
        try:
            with _counted(server):
                result = await running.run(chosen)
        except SessionGone:
            mine.closed = f"opencode does not know the session {mine.agent_session_id} any more"
            raise AgentError(mine.closed) from None
        else:
            if chosen.model is None:
                mine.default_model = running.model
            return result
        finally:
            if not running.ended:
                self._quarantine(mine)
            await self._stop_if_condemned(server)

    async def close_session(self, handle: SessionHandle) -> None:
        """See `AgentBackend.close_session`. The server ends with its last conversation."""
        mine = _mine(handle)
        mine.closed = mine.closed or "the conversation was closed"
        await self._leave(mine.server, mine)

    async def forget_since(self, handle: SessionHandle, moment: float) -> bool:
        """See `AgentBackend.forget_since`: by a fork, since opencode's own revert would also move files."""
        mine = _mine(handle)
        client, known = mine.server.client, mine.agent_session_id
        try:
            later = [
                message["info"]["id"]
                for message in await client.messages(known)
                if message["info"].get("role") == "user"
                and message["info"]["time"]["created"] >= moment * 1000
            ]
            if not later:
                return False
            mine.agent_session_id = await client.fork(known, mine.spec.cwd, before=later[0])
        except (NoReply, Unknown) as error:
            raise AgentError(f"opencode could not take the conversation back: {error}") from error
        return True

    async def dispose(self) -> None:
        """See `AgentBackend.dispose`."""
        with anyio.CancelScope(shield=True):
            for server in [*self._draining, *filter(None, [self._server])]:
                await server.stop()
        self._draining.clear()
        self._server = None
        self._users.clear()

    def health(self, handle: SessionHandle) -> Health:
        """See `AgentBackend.health`."""
        mine = _mine(handle)
        server = mine.server
        if mine.closed is not None:
            return Health(alive=False, detail=mine.closed)
        if not server.alive:
            detail = server.death().error
            return Health(alive=False, failure=FailureCode.AGENT_CRASHED, detail=detail)
        if server.condemned:
            return Health(alive=False, detail="the opencode server is to be restarted")
        return Health(alive=True, pid=server.pid)

    async def probe(self, cwd: str) -> AgentInfo:
        """See `AgentBackend.probe`."""
        info: dict[str, Any] = {
            "name": self._spec.name,
            "kind": self.kind,
            "label": self._spec.label,
            "enabled": self._spec.enabled,
            "install_hint": self._spec.install_hint,
        }
        token = object()
        try:
            server = await self._live_server(token)
        except AgentError as error:
            installed = error.failure is not FailureCode.AGENT_NOT_INSTALLED
            return AgentInfo(**info, installed=installed, diagnostic=error.message)
        try:
            client = server.client
            models = _models(await client.providers(cwd))
            if self._spec.models is not None:
                models = [model for model in models if model.id in self._spec.models]
            return AgentInfo(
                **info,
                installed=True,
                version=server.version,
                models=models,
                modes=_modes(await client.agents(cwd)),
                commands=_commands(await client.commands(cwd)),
                capabilities={"resume": True, "questions": True, "images": True, "forget": True},
                diagnostic=None if models else "no provider is set up: run `opencode auth login`",
            )
        except (NoReply, Unknown, AgentError) as error:
            return AgentInfo(**info, installed=True, version=server.version, diagnostic=str(error))
        finally:
            await self._leave(server, token)

    # ------------------------------------------------------------ sessions

    async def _open(self, wanted: SessionSpec, server: OpenCodeServer) -> OpenCodeHandle:
        client, known, reason = server.client, wanted.agent_session_id, None
        if known is not None:
            reason = await self._why_not(known, wanted.cwd, server)
            if reason is None:
                return OpenCodeHandle(wanted, known, Continuity.RESUMED, server)
        made = await client.create_session(wanted.cwd, f"Roundhouse {wanted.session_id}")
        handle = OpenCodeHandle(wanted, made, Continuity.FRESH, server)
        handle.reason = reason
        return handle

    async def _why_not(self, known: str, cwd: str, server: OpenCodeServer) -> str | None:
        """Why a session cannot be gone on with, in one sentence, or None."""
        try:
            session = await server.client.session(known)
        except (Unknown, AgentError):
            return f"opencode does not know the session {known} any more"
        if session.get("directory") != cwd:
            return f"the session {known} belongs to another folder, {session.get('directory')}"
        where = self._deaf.get(known)
        if where is not None and where.alive:
            return f"the last turn of the session {known} would not end and still runs"
        self._deaf.pop(known, None)
        return None

    async def _describe(self, handle: OpenCodeHandle) -> None:
        """What the conversation offers; without it a turn works as well."""
        client, cwd = handle.server.client, handle.spec.cwd
        try:
            handle.limits = _limits(await client.providers(cwd))
            handle.default_model = await client.default_model(cwd)
            commands = _commands(await client.commands(cwd))
        except (Unknown, AgentError) as error:
            log.warning("opencode_describe_failed", error=str(error))
            return
        handle.commands = {command.name for command in commands}
        await handle.spec.emit(Commands(commands=commands))

    # ------------------------------------------------------------ servers

    async def _live_server(self, user: object) -> OpenCodeServer:
        """The server, started if need be. Raises AgentError."""
        async with self._starting:
            server = self._server
            if server is None or not server.alive or server.condemned:
                if server is not None and server.alive:
                    self._draining.add(server)
                self._server = None
                server = OpenCodeServer(self._spec, self._spawner, self._tasks)
                await server.start()
                self._server = server
            self._users.setdefault(server, set()).add(user)
            return server

    async def _leave(self, server: OpenCodeServer, user: object) -> None:
        """One user less; the last one turns out the light."""
        users = self._users.get(server, set())
        users.discard(user)
        if users or server.turns:
            return
        self._users.pop(server, None)
        self._draining.discard(server)
        if self._server is server:
            self._server = None
        await server.stop()

    def _quarantine(self, handle: OpenCodeHandle) -> None:
        server = handle.server
        handle.closed = "its last turn would not end"
        if server.alive:
            log.warning("opencode_session_quarantined", session=handle.agent_session_id)
            server.condemned = True
            self._deaf[handle.agent_session_id] = server

    async def _stop_if_condemned(self, server: OpenCodeServer) -> None:
        if server.condemned and server.turns == 0:
            self._draining.discard(server)
            self._users.pop(server, None)
            with anyio.CancelScope(shield=True):
                await server.stop(hurry=True)


@contextmanager
def _counted(server: OpenCodeServer) -> Iterator[None]:
    server.turns += 1
    try:
        yield
    finally:
        server.turns -= 1


def _mine(handle: SessionHandle) -> OpenCodeHandle:
    if not isinstance(handle, OpenCodeHandle):
        raise TypeError("a handle of another backend")
    return handle


def _models(providers: list[Json]) -> list[AgentModel]:
    return [
        AgentModel(f"{provider['id']}/{model_id}", str(model.get("name") or model_id))
        for provider in providers
        for model_id, model in (provider.get("models") or {}).items()
    ]


def _limits(providers: list[Json]) -> dict[str, int]:
    return {
        f"{provider['id']}/{model_id}": limit
        for provider in providers
        for model_id, model in (provider.get("models") or {}).items()
        if (limit := (model.get("limit") or {}).get("context"))
    }


def _modes(agents: list[Json]) -> list[AgentMode]:
    return [
        AgentMode(agent["name"], agent["name"], str(agent.get("description") or ""))
        for agent in agents
        if agent.get("mode") != "subagent" and not agent.get("hidden")
    ]


def _commands(commands: list[Json]) -> list[Command]:
    return [Command(it["name"], str(it.get("description") or "")) for it in commands]
