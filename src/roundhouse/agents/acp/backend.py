"""WarmAcpBackend: one warm ACP child for each conversation, many prompts on it.

Owns the life of a child from spawn to stop ladder, the way to a conversation (resume, load or new), the turn and
its cancel. Framing is `connection`'s, routing `conversation`'s, meaning `translate`'s.
"""

import time
from typing import Any, ClassVar

import anyio
import structlog
from anyio.abc import TaskGroup
from msgspec import Raw

from roundhouse import __version__
from roundhouse.agents.acp import wire
from roundhouse.agents.acp.connection import Call, ConnectionLost
from roundhouse.agents.acp.conversation import AcpHandle, Turn
from roundhouse.agents.acp.failures import failure_of
from roundhouse.agents.acp.offer import Choice
from roundhouse.agents.acp.translate import block_of, stop_of
from roundhouse.agents.acp.wire import RpcError
from roundhouse.agents.backend import (
    CANCEL_GRACE,
    Health,
    Prompt,
    SessionHandle,
    SessionSpec,
    TurnResult,
    TurnSink,
)
from roundhouse.agents.process import AgentProcess, Spawner, find_program, resolve_env
from roundhouse.model.agent import AgentInfo, AgentSpec
from roundhouse.model.errors import AgentError
from roundhouse.model.event import Activity, AgentCrashed, EventBody
from roundhouse.model.session import BackendKind, Continuity
from roundhouse.model.task import FailureCode

log = structlog.get_logger(__name__)

PROTOCOL = 1

START_DEADLINE = 60.0
"""Seconds from spawn to the answer to `initialize`: opencode was seen to take 18 on a busy machine."""

OPEN_DEADLINE = 60.0
"""Seconds for session/new, load or resume."""

CHOOSE_DEADLINE = 20.0
"""Seconds for choosing a model or a mode."""

COMMANDS_WAIT = 1.0
"""Seconds the probe waits for slash commands, which some agents send only turns later."""


class WarmAcpBackend:
    """The ACP half of `AgentBackend`."""

    kind: ClassVar[BackendKind] = BackendKind.ACP_WARM
    forgets: ClassVar[bool] = False

    def __init__(self, spec: AgentSpec, spawner: Spawner, tasks: TaskGroup) -> None:
        self._spec = spec
        self._spawner = spawner
        self._tasks = tasks
        self._handles: set[AcpHandle] = set()

    async def ensure_session(self, wanted: SessionSpec) -> SessionHandle:
        """Start and resume, or make anew. Raises AgentError (agent_not_installed, agent_start_failed, auth_required)."""
        process = await self._spawn(wanted)
        handle = AcpHandle(wanted, process, self._spawner, self._tasks)
        self._handles.add(handle)
        self._tasks.start_soon(self._serve, handle)
        try:
            await self._initialize(handle)
            await self._open(handle)
        except BaseException as error:
            await self._end(handle)
            if isinstance(error, ConnectionLost):
                message = f"{wanted.agent.label} did not start: {error.message}"
                raise AgentError(message, failure=FailureCode.AGENT_START_FAILED) from error
            raise
        return handle

    async def prompt(self, handle: SessionHandle, prompt: Prompt, turn: TurnSink) -> TurnResult:
        """Run one turn; every event has been given to `turn.emit` when it returns. Raises AgentError."""
        own = self._own(handle)
        if own.turn is not None:
            raise AgentError(f"{own.spec.agent.label} is still busy with another turn")
        under_way = own.turn = Turn(turn)
        own.meter.begin()
        try:
            if own.connection.lost is not None:
                raise own.connection.lost
            await self._choose(own, "model", prompt.model)
            await self._choose(own, "mode", prompt.mode)
            return await self._run(own, prompt, under_way)
        except ConnectionLost as lost:
            if own.closing:
                raise AgentError(
                    f"{own.spec.agent.label} was stopped", failure=lost.failure
                ) from lost
            await turn.emit(
                AgentCrashed(error=lost.message, exit_code=lost.exit_code, stderr=lost.stderr)
            )
            raise
        except RpcError as error:
            raise failure_of(error, own.spec.agent.label) from error
        finally:
            if own.turn is under_way:
                own.turn = None

    async def close_session(self, handle: SessionHandle) -> None:
        """End the conversation's process; it stays resumable."""
        await self._end(self._own(handle))

    async def forget_since(self, handle: SessionHandle, moment: float) -> bool:
        """ACP can fork a conversation only as it is now, not as it was at an earlier turn."""
        return False

    async def dispose(self) -> None:
        """End everything; returns when no process is left."""
        with anyio.CancelScope(shield=True):
            async with anyio.create_task_group() as tasks:
                for handle in list(self._handles):
                    tasks.start_soon(self._end, handle)

    def health(self, handle: SessionHandle) -> Health:
        """What is known now, without asking."""
        own = self._own(handle)
        lost = own.connection.lost
        return Health(
            alive=own.alive,
            pid=own.process.pid if own.process.alive else None,
            failure=None if lost is None else lost.failure,
            detail=None if lost is None else lost.message,
        )

    async def probe(self, cwd: str) -> AgentInfo:
        """Find version, models, modes, commands; never raises for an unusable agent: says why in `diagnostic`."""
        wanted = SessionSpec(session_id="probe", agent=self._spec, cwd=cwd, emit=_forget)
        try:
            handle = self._own(await self.ensure_session(wanted))
        except AgentError as error:
            return self._info(None, error)
        try:
            with anyio.move_on_after(COMMANDS_WAIT):
                await handle.commands_known.wait()
            await self._discard(handle)
        finally:
            await self._end(handle)
        return self._info(handle, None)

    def _info(self, handle: AcpHandle | None, error: AgentError | None) -> AgentInfo:
        spec = self._spec
        installed = error is None or error.failure is not FailureCode.AGENT_NOT_INSTALLED
        diagnostic = None if error is None else error.message
        if error is not None and error.remedy is not None:
            diagnostic = f"{error.message}. {error.remedy}"
        return AgentInfo(
            name=spec.name,
            kind=spec.kind,
            label=spec.label,
            installed=installed,
            enabled=spec.enabled,
            version=handle.version if handle else None,
            models=handle.offer.models if handle else [],
            modes=handle.offer.modes if handle else [],
            commands=handle.offer.commands if handle else [],
            capabilities=handle.capabilities if handle else {},
            diagnostic=diagnostic,
            install_hint=spec.install_hint,
        )

    async def _spawn(self, wanted: SessionSpec) -> AgentProcess:
        agent = wanted.agent
        env = resolve_env(agent.env)
        try:
            if agent.node_script:
                await find_program("node", env.get("PATH"), wanted.cwd)
            return await self._spawner.spawn(
                agent.command, cwd=wanted.cwd, env=env, tasks=self._tasks
            )
        except AgentError as error:
            if error.failure is not FailureCode.AGENT_NOT_INSTALLED:
                raise
            remedy = f"Run {agent.install_hint}" if agent.install_hint else None
            raise AgentError(
                f"{agent.label} cannot run: {error.message}", failure=error.failure, remedy=remedy
            ) from error

    async def _serve(self, handle: AcpHandle) -> None:
        try:
            await handle.serve()
        except Exception:
            # The boundary of a conversation: the others and the runner go on.
            log.exception("conversation_broke", agent=handle.spec.agent.name)
        finally:
            self._handles.discard(handle)

    async def _end(self, handle: AcpHandle) -> None:
        handle.closing = True
        await handle.stop()
        self._handles.discard(handle)

    def _own(self, handle: SessionHandle) -> AcpHandle:
        if not isinstance(handle, AcpHandle):
            raise TypeError("this handle is another backend's")
        return handle

    async def _initialize(self, handle: AcpHandle) -> None:
        agent = handle.spec.agent
        files = {"readTextFile": agent.offer_fs, "writeTextFile": agent.offer_fs}
        params = {
            "protocolVersion": PROTOCOL,
            "clientCapabilities": {"fs": files, "terminal": agent.offer_terminal},
            "clientInfo": {"name": "roundhouse", "title": "Roundhouse", "version": __version__},
        }
        result = wire.mapping(await self._opening(handle, "initialize", params, START_DEADLINE))
        if result.get("protocolVersion", PROTOCOL) != PROTOCOL:
            raise AgentError(
                f"{agent.label} speaks version {result['protocolVersion']} of ACP, not {PROTOCOL}",
                failure=FailureCode.AGENT_START_FAILED,
            )
        capabilities = result.get("agentCapabilities")
        handle.capabilities = capabilities if isinstance(capabilities, dict) else {}
        about = result.get("agentInfo")
        version = about.get("version") if isinstance(about, dict) else None
        handle.version = version if isinstance(version, str) else None

    async def _open(self, handle: AcpHandle) -> None:
        reasons: list[str] = []
        if handle.spec.agent_session_id is not None:
            if await self._take_up(handle, handle.spec.agent_session_id, reasons):
                return
            handle.reason = " ".join(reasons)
        raw = await self._opening(handle, "session/new", _place(handle), OPEN_DEADLINE)
        result = wire.mapping(raw)
        session = result.get("sessionId")
        if not isinstance(session, str) or not session:
            raise AgentError(
                f"{handle.spec.agent.label} gave its conversation no name",
                failure=FailureCode.AGENT_START_FAILED,
            )
        handle.agent_session_id = session
        handle.offer.learn(result)
        if handle.spec.agent.default_mode is not None:
            await self._default_mode(handle, handle.spec.agent.default_mode)

    async def _take_up(self, handle: AcpHandle, session: str, reasons: list[str]) -> bool:
        """Resume or load. On failure says why in `reasons`; only the last reason is worth a person's time."""
        sessions = handle.capabilities.get("sessionCapabilities")
        methods = []
        if isinstance(sessions, dict) and sessions.get("resume") is not None:
            methods.append("session/resume")
        if handle.capabilities.get("loadSession"):
            methods.append("session/load")
        label = handle.spec.agent.label
        if not methods:
            reasons[:] = [f"{label} cannot take up an earlier conversation."]
        await self._wait_until_loadable(handle)
        handle.agent_session_id = session
        for method in methods:
            params = {"sessionId": session, **_place(handle)}
            handle.replaying = True
            call = handle.connection.prepare(handle.replayed)
            try:
                with anyio.fail_after(OPEN_DEADLINE):
                    await handle.connection.send(call, method, params)
                    handle.offer.learn(wire.mapping(await call.wait()))
            except RpcError as error:
                if error.code == wire.AUTH_REQUIRED:
                    raise failure_of(error, label) from error
                reasons[:] = [f"{label} could not take up its conversation: {error.message}."]
            except TimeoutError:
                reasons[:] = [f"{label} did not take up its conversation in {OPEN_DEADLINE:.0f} s."]
            else:
                handle.continuity = Continuity.RESUMED
                handle.meter.resumed()
                return True
            finally:
                handle.replaying = False
        handle.agent_session_id = ""
        return False

    async def _wait_until_loadable(self, handle: AcpHandle) -> None:
        spec = handle.spec
        if spec.made_at is None:
            return
        left = spec.made_at + spec.agent.resume_delay - time.time()
        if left > 0:
            text = f"{spec.agent.label} can take its conversation up again in {left:.0f} s."
            await handle.tell(Activity(text=text))
            await anyio.sleep(left)

    async def _opening(self, handle: AcpHandle, method: str, params: Any, deadline: float) -> Raw:
        label = handle.spec.agent.label
        try:
            with anyio.fail_after(deadline):
                return await handle.connection.call(method, params)
        except TimeoutError:
            raise AgentError(
                f"{label} did not answer {method} within {deadline:.0f} s",
                failure=FailureCode.AGENT_START_FAILED,
            ) from None
        except RpcError as error:
            failure = failure_of(error, label)
            if failure.failure is FailureCode.AGENT_ERROR:
                failure = AgentError(failure.message, failure=FailureCode.AGENT_START_FAILED)
            raise failure from error

    async def _default_mode(self, handle: AcpHandle, mode: str) -> None:
        try:
            await self._choose(handle, "mode", mode)
        except (RpcError, AgentError) as error:
            # Not worth losing the conversation, but a person must know that they will not be asked.
            log.warning("default_mode_refused", agent=handle.spec.agent.name, error=str(error))
            text = f"{handle.spec.agent.label} did not take the mode {mode}: {error}"
            await handle.tell(Activity(text=text))

    async def _choose(self, handle: AcpHandle, what: Choice, wanted: str | None) -> None:
        if wanted is None or handle.offer.current[what] == wanted:
            return
        label = handle.spec.agent.label
        chosen = handle.offer.choose(what, wanted, handle.agent_session_id)
        if chosen is None:
            raise AgentError(f"{label} offers no choice of {what}")
        try:
            with anyio.fail_after(CHOOSE_DEADLINE):
                raw = await handle.connection.call(*chosen)
        except TimeoutError:
            raise AgentError(f"{label} did not answer {chosen[0]}") from None
        except RpcError as error:
            raise AgentError(f"{label} refused the {what} {wanted}: {error.message}") from error
        handle.offer.learn(wire.mapping(raw))
        handle.offer.current[what] = wanted

    async def _run(self, handle: AcpHandle, prompt: Prompt, turn: Turn) -> TurnResult:
        able = handle.capabilities.get("promptCapabilities")
        images = isinstance(able, dict) and bool(able.get("image"))
        blocks = [block_of(block, handle.spec.cwd, images=images) for block in prompt.blocks]
        call = handle.connection.prepare(handle.turn_over)
        params = {"sessionId": handle.agent_session_id, "prompt": blocks}
        try:
            await handle.connection.send(call, "session/prompt", params)
            result = wire.mapping(await call.wait())
        except anyio.get_cancelled_exc_class():
            if call.sent:
                await self._cancel(handle, call, turn)
            raise
        if turn.broken is not None:
            raise turn.broken
        if handle.closing:
            # Some agents end the turn as if all were said when their input is closed.
            raise AgentError(f"{handle.spec.agent.label} was stopped")
        stop = stop_of(result)
        if stop == "end_turn":
            await handle.notice_silence(turn)
        return TurnResult(stop=stop, usage=handle.meter.end(result))

    async def _cancel(self, handle: AcpHandle, call: Call, turn: Turn) -> None:
        with anyio.CancelScope(shield=True):
            with anyio.move_on_after(CANCEL_GRACE):
                turn.cancel()
                try:
                    session = {"sessionId": handle.agent_session_id}
                    await handle.connection.notify("session/cancel", session)
                    handle.meter.end(wire.mapping(await call.wait()))
                except (RpcError, AgentError) as error:
                    log.debug("turn_cancelled_with_error", error=str(error))
            if not call.settled:
                log.warning("agent_ignored_cancel", agent=handle.spec.agent.name, pid=handle.pid)
                await handle.stop(hurry=True)
                self._handles.discard(handle)

    async def _discard(self, handle: AcpHandle) -> None:
        """Remove the probe's conversation from the agent's list, where the agent can."""
        sessions = handle.capabilities.get("sessionCapabilities")
        if not isinstance(sessions, dict) or sessions.get("delete") is None:
            return
        try:
            with anyio.move_on_after(CHOOSE_DEADLINE):
                await handle.connection.call(
                    "session/delete", {"sessionId": handle.agent_session_id}
                )
        except (RpcError, AgentError) as error:
            log.debug("probe_not_deleted", agent=handle.spec.agent.name, error=str(error))


def _place(handle: AcpHandle) -> dict[str, Any]:
    return {"cwd": handle.spec.cwd, "mcpServers": []}


async def _forget(body: EventBody) -> None:
    """What the probe's conversation says is no session's event."""
