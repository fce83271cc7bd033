"""One live conversation with one ACP child: where its updates and requests go, now and between turns.

Owns the routing (turn, or outside of turns, or nowhere because it is a replay) and what was learned on the way.
`backend` drives it.
"""

from typing import Any

import anyio
import structlog
from anyio.abc import TaskGroup
from msgspec import Raw

from roundhouse.agents.acp import wire
from roundhouse.agents.acp.asks import outcome_of, tool_of_ask, translate_ask
from roundhouse.agents.acp.client_methods import ClientMethods, Terminal
from roundhouse.agents.acp.connection import Connection
from roundhouse.agents.acp.offer import Offer
from roundhouse.agents.acp.translate import Translated, translate_update
from roundhouse.agents.acp.usage import Meter
from roundhouse.agents.backend import SessionHandle, SessionSpec, TurnSink
from roundhouse.agents.process import AgentProcess, Spawner
from roundhouse.model.event import (
    Activity,
    Commands,
    EventBody,
    Mode,
    Plan,
    Text,
    ToolCall,
    ToolTerminal,
    ToolUpdate,
    UsageReport,
)
from roundhouse.model.event import Raw as RawBody
from roundhouse.model.permission import PermissionAnswer
from roundhouse.model.session import Continuity

log = structlog.get_logger(__name__)

NOBODY = PermissionAnswer()


class Turn:
    """The turn under way."""

    def __init__(self, sink: TurnSink) -> None:
        self.sink = sink
        self.cancelled = False
        self.spoke = False
        """Whether the agent did anything a person can see."""
        self.broken: Exception | None = None
        """What went wrong on our side while handing events on."""
        self.tools: set[str] = set()
        self._asking: set[anyio.CancelScope] = set()

    async def emit(self, body: EventBody) -> None:
        """Hand an event on; an error is kept for the turn's end, for the reader must go on reading."""
        self.spoke |= isinstance(body, Text | ToolCall | ToolUpdate | Plan)
        if isinstance(body, ToolCall | ToolUpdate):
            self.tools.add(body.id)
        try:
            await self.sink.emit(body)
        except Exception as error:
            # A boundary: the log's failure must not look like the agent's death.
            log.exception("event_not_taken")
            self.broken = self.broken or error

    async def ask(self, params: dict[str, Any]) -> dict[str, Any]:
        """Ask the person; `cancelled` when the turn is, or becomes."""
        wanted = translate_ask(params)
        if self.cancelled:
            return outcome_of(wanted, NOBODY)
        tool = tool_of_ask(params)
        if tool is not None and tool.id not in self.tools:
            await self.emit(tool)
        answer = NOBODY
        with anyio.CancelScope() as scope:
            self._asking.add(scope)
            try:
                answer = await self.sink.ask(wanted)
            finally:
                self._asking.discard(scope)
        return outcome_of(wanted, answer)

    def cancel(self) -> None:
        """Answer everything that is being asked with `cancelled`, now and from now on."""
        self.cancelled = True
        for scope in self._asking:
            scope.cancel()


class AcpHandle(SessionHandle):
    """The handle, and the other end of the child's connection."""

    def __init__(
        self, spec: SessionSpec, process: AgentProcess, spawner: Spawner, tasks: TaskGroup
    ) -> None:
        super().__init__(spec, "", Continuity.FRESH)
        self.pid = process.pid
        self.process = process
        self.offer = Offer()
        self.meter = Meter(spec.agent.usage)
        self.capabilities: dict[str, Any] = {}
        self.version: str | None = None
        self.turn: Turn | None = None
        self.replaying = False
        self.stopped = False
        self.closing = False
        """Whether the end of the child is our own wish."""
        self.commands_known = anyio.Event()
        self.methods = ClientMethods(spec.cwd, spawner, tasks, self._terminal_ended)
        self.connection = Connection(
            spec.agent.label, process, self._on_notification, self._on_request
        )
        self._terminals: dict[str, str] = {}
        self._ended_terminals: dict[str, ToolTerminal] = {}

    @property
    def alive(self) -> bool:
        """Whether it can take a prompt."""
        return not self.stopped and self.connection.lost is None and self.process.alive

    async def serve(self) -> None:
        """Run the connection to its end, then see to it that nothing of the child is left."""
        try:
            await self.connection.run()
        finally:
            await self.stop(hurry=True)

    async def stop(self, *, hurry: bool = False) -> None:
        """End the child and its terminals; bounded, and harmless when repeated."""
        self.stopped = True
        with anyio.CancelScope(shield=True):
            await self.process.stop(hurry=hurry)
            await self.methods.close()

    def replayed(self) -> None:
        """The answer to session/load is there: what comes now is news."""
        self.replaying = False

    def turn_over(self) -> None:
        """The answer to the prompt is there: what comes now is outside of the turn."""
        self.turn = None

    async def tell(self, body: EventBody) -> None:
        """Hand an event on, to the turn or past it."""
        if self.turn is not None:
            await self.turn.emit(body)
            return
        try:
            await self.spec.emit(body)
        except Exception:
            # The same boundary as in a turn; there is no turn that could fail for it.
            log.exception("event_not_taken", agent=self.spec.agent.name)

    async def _on_notification(self, method: str, params: Raw) -> None:
        if method != "session/update":
            if not self.replaying:
                value = {"method": method, "params": wire.value(params)}
                await self.tell(RawBody(source="acp", value=value))
            return
        update = translate_update(params)
        if update.options is not None:
            self.offer.learn_options(update.options)
        foreign = update.session_id not in {self.agent_session_id, None, ""}
        if foreign and self.agent_session_id:
            # Of a conversation that is not ours, say a sub-agent's: kept, but not mixed into this one.
            await self.tell(RawBody(source="acp", value=wire.value(params)))
            return
        for body in self._learn(update):
            if not self.replaying:
                await self.tell(body)

    def _learn(self, update: Translated) -> list[EventBody]:
        bodies: list[EventBody] = []
        for body in update.bodies:
            match body:
                case Text():
                    pass
                case Commands():
                    self.offer.commands = body.commands
                    self.commands_known.set()
                case Mode():
                    self.offer.current["mode"] = body.mode or self.offer.current["mode"]
                    self.offer.current["model"] = body.model or self.offer.current["model"]
                case UsageReport():
                    bodies.append(self.meter.seen(body))
                    continue
                case ToolCall() | ToolUpdate():
                    self.meter.called_tool()
                    bodies += [body, *self._terminals_of(body)]
                    continue
                case _:
                    pass
            bodies.append(body)
        return bodies

    def _terminals_of(self, body: ToolCall | ToolUpdate) -> list[EventBody]:
        """Note which tool call a terminal belongs to; what those show that ended before this was said."""
        over: list[EventBody] = []
        for content in body.content or []:
            if not isinstance(content, ToolTerminal):
                continue
            ended = self._ended_terminals.pop(content.terminal_id, None)
            if ended is None:
                self._terminals[content.terminal_id] = body.id
            else:
                over.append(ToolUpdate(id=body.id, content=[ended]))
        return over

    async def _on_request(self, method: str, params: Raw) -> Any:
        given = wire.mapping(params)
        if method == "session/request_permission":
            if self.turn is None:
                return outcome_of(translate_ask(given), NOBODY)
            return await self.turn.ask(given)
        if method.startswith("fs/") and not self.spec.agent.offer_fs:
            raise wire.RpcError(wire.METHOD_NOT_FOUND, "no file methods were offered")
        if method.startswith("terminal/") and not self.spec.agent.offer_terminal:
            raise wire.RpcError(wire.METHOD_NOT_FOUND, "no terminals were offered")
        return await self.methods.handle(method, given)

    async def _terminal_ended(self, terminal: Terminal) -> None:
        status = terminal.status or {}
        if self.turn is None:
            return
        shown = ToolTerminal(
            terminal_id=terminal.name,
            output=terminal.output,
            exit_code=status.get("exitCode"),
            signal=status.get("signal"),
        )
        tool = self._terminals.pop(terminal.name, None)
        if tool is None:
            self._ended_terminals[terminal.name] = shown
        else:
            await self.tell(ToolUpdate(id=tool, content=[shown]))

    async def notice_silence(self, turn: Turn) -> None:
        """Say so when a turn ended without anything to see; some agents swallow their model's errors."""
        if not turn.spoke and not turn.cancelled:
            text = f"{self.spec.agent.label} ended the turn without an answer."
            await turn.emit(Activity(text=text))
