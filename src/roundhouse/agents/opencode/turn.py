"""One turn on an opencode server: send, follow until it is over, ask what is asked, abort when cancelled."""

import mimetypes
import secrets
import string
import time
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import anyio
import structlog
from anyio.abc import TaskGroup
from msgspec import Struct

from roundhouse.agents.backend import (
    CANCEL_GRACE,
    ImageBlock,
    LinkBlock,
    Prompt,
    PromptBlock,
    TextBlock,
    TurnResult,
    TurnSink,
)
from roundhouse.agents.opencode.asks import Asked, reply_to
from roundhouse.agents.opencode.client import NoReply, OpenCodeClient, Unknown
from roundhouse.agents.opencode.server import Inbox, OpenCodeServer, StreamBroken
from roundhouse.agents.opencode.translate import Idle, News, Translator, Withdrawn
from roundhouse.model.errors import AgentError, RoundhouseError
from roundhouse.model.permission import PermissionAnswer
from roundhouse.model.task import FailureCode

log = structlog.get_logger(__name__)

Json = dict[str, Any]

BEGIN_WAIT = 2.0
"""Seconds a cancel waits for the turn to have begun: an abort that comes before it stops nothing."""

DEATH_WAIT = 0.2
"""Seconds to find out whether a call was not answered because the server died."""

# At import, as it reads files.
mimetypes.init()

_ALPHABET = string.ascii_letters + string.digits


class SessionGone(Exception):
    """Opencode does not know the session any more."""


class Place(Struct, frozen=True, kw_only=True):
    """Where a turn runs: the server, the session, what is known about both."""

    server: OpenCodeServer
    session_id: str
    directory: str
    limits: Mapping[str, int]
    commands: Collection[str]

    @property
    def client(self) -> OpenCodeClient:
        """The server's API."""
        return self.server.client


class Turn:
    """Runs once."""

    def __init__(self, place: Place, sink: TurnSink) -> None:
        self._place = place
        self._sink = sink
        self._message_id = new_message_id()
        self._translator = Translator(place.session_id, self._message_id, place.limits)
        self._open: dict[str, anyio.CancelScope] = {}
        self._failed: RoundhouseError | None = None
        self._following = anyio.CancelScope()
        self.ended = False
        """Whether opencode has ended it; if not, its session must not be used again."""

    @property
    def model(self) -> str | None:
        """The model that answered, as provider/model."""
        return self._translator.model

    async def run(self, prompt: Prompt) -> TurnResult:
        """To the end. Raises AgentError, SessionGone; a cancelled scope aborts it first."""
        result: TurnResult | RoundhouseError | SessionGone | None = None
        with self._place.server.listening(self._place.session_id) as inbox:
            async with anyio.create_task_group() as tasks:
                try:
                    await self._send(prompt, tasks)
                    with self._following:
                        result = await self._follow(inbox, tasks)
                except (RoundhouseError, SessionGone) as error:
                    result = error
                except anyio.get_cancelled_exc_class():
                    with anyio.move_on_after(CANCEL_GRACE, shield=True):
                        await self._abort(inbox)
                    raise
                tasks.cancel_scope.cancel()
            await self._drop_requests()
        self.ended = True
        if isinstance(result, TurnResult):
            return result
        raise result or self._failed or AgentError("the turn was given up")

    # ------------------------------------------------------------ sending

    async def _send(self, prompt: Prompt, tasks: TaskGroup) -> None:
        place = self._place
        body: Json = {"messageID": self._message_id}
        if prompt.mode:
            body["agent"] = prompt.mode
        *before, last = prompt.blocks
        name, arguments = _slash(last)
        # Shielded, so that it is known whether there is a turn to abort.
        with anyio.CancelScope(shield=True):
            try:
                if name in place.commands:
                    if before:
                        parts = [_part(block, place.directory) for block in before]
                        note = {"parts": parts, "noReply": True}
                        await place.client.prompt(place.session_id, place.directory, note)
                    body |= {"command": name, "arguments": arguments, "model": prompt.model}
                    tasks.start_soon(self._command, {k: v for k, v in body.items() if v})
                    return
                if prompt.model:
                    body["model"] = _model(prompt.model)
                body["parts"] = [_part(block, place.directory) for block in prompt.blocks]
                await place.client.prompt(place.session_id, place.directory, body)
            except Unknown:
                raise SessionGone from None
            except NoReply as error:
                raise await self._not_answered(error) from error

    async def _command(self, body: Json) -> None:
        try:
            await self._place.client.command(self._place.session_id, self._place.directory, body)
        except NoReply:
            log.debug("opencode_command_cut", session=self._place.session_id)
        except (Unknown, AgentError) as error:
            self._fail(error if isinstance(error, AgentError) else AgentError(str(error)))

    # ------------------------------------------------------------ following

    async def _follow(self, inbox: Inbox, tasks: TaskGroup) -> TurnResult:
        async for item in inbox:
            for news in await self._news(item):
                await self._take(news, tasks)
                if isinstance(news, Idle) and await self._is_over():
                    return self._result()
        raise await self._crash()

    async def _news(self, item: Json | StreamBroken) -> list[News]:
        if not isinstance(item, StreamBroken):
            return self._translator.feed(item)
        place = self._place
        try:
            messages = await place.client.messages(place.session_id)
            requests = await place.client.requests(place.directory)
        except (NoReply, Unknown) as error:
            # The stream breaks again, or ends, if this goes on.
            log.warning("opencode_catch_up_failed", error=str(error))
            return []
        mine = [(kind, it) for kind, it in requests if it.get("sessionID") == place.session_id]
        # Whether it is idle is asked anew, if it looks so.
        return [*self._translator.catch_up(messages, mine), Idle()]

    async def _take(self, news: News, tasks: TaskGroup) -> None:
        match news:
            case Idle():
                pass
            case Withdrawn():
                if scope := self._open.pop(news.id, None):
                    scope.cancel()
            case Asked():
                self._open[news.id] = scope = anyio.CancelScope()
                tasks.start_soon(self._ask, news, scope)
            case _:
                await self._sink.emit(news)

    async def _is_over(self) -> bool:
        if not self._translator.answered:
            return False
        # Between two steps, or about an earlier turn, an idle can be stale: then the session is busy.
        return self._translator.final or not await self._busy()

    async def _busy(self) -> bool:
        try:
            return await self._place.client.busy(self._place.session_id, self._place.directory)
        except (NoReply, Unknown):
            return True

    def _result(self) -> TurnResult:
        stop = self._translator.stop()
        if isinstance(stop, AgentError):
            raise stop
        return TurnResult(stop=stop, usage=self._translator.usage)

    async def _ask(self, asked: Asked, scope: anyio.CancelScope) -> None:
        with scope:
            try:
                answer = await self._sink.ask(asked.ask)
            except RoundhouseError as error:
                self._fail(error)
                answer = PermissionAnswer()
            # From here on it is answered; the echo must not cut it.
            if self._open.pop(asked.id, None) is not None:
                await self._reply(asked.id, *reply_to(asked, answer))

    async def _reply(self, request_id: str, route: str, body: Json) -> None:
        try:
            await self._place.client.reply(request_id, self._place.directory, route, body)
        except (Unknown, NoReply) as error:
            log.info("opencode_reply_not_taken", request=request_id, error=str(error))

    def _fail(self, error: RoundhouseError) -> None:
        """Ends the turn from a side task."""
        self._failed = self._failed or error
        self._following.cancel()

    async def _drop_requests(self) -> None:
        # Opencode lists what nobody answered for ever.
        for request_id in list(self._open):
            route = "reject" if request_id.startswith("que") else "reply"
            await self._reply(request_id, route, {"reply": "reject"})
        self._open.clear()

    # ------------------------------------------------------------ ending

    async def _abort(self, inbox: Inbox) -> None:
        """Stop it on the server and hear it end; the caller bounds this."""
        place, translator = self._place, self._translator
        try:
            with anyio.move_on_after(BEGIN_WAIT):
                while not translator.begun:
                    await self._hear(inbox)
            await place.client.abort(place.session_id, place.directory)
            await self._drop_requests()
            while not translator.answered:
                idle = await self._hear(inbox)
                if idle and not translator.begun:
                    break
            self.ended = not await self._busy()
            while not self.ended:
                self.ended = await self._hear(inbox) and not await self._busy()
            await self._drop_requests()
        except (NoReply, Unknown, AgentError, anyio.EndOfStream) as error:
            log.warning("opencode_abort_failed", session=place.session_id, error=str(error))
        finally:
            for body in translator.abandoned():
                await self._sink.emit(body)

    async def _hear(self, inbox: Inbox) -> bool:
        """Take one item; whether it says idle. What is asked now is not asked of a person any more."""
        idle = False
        for news in await self._news(await inbox.receive()):
            match news:
                case Idle():
                    idle = True
                case Asked():
                    self._open[news.id] = anyio.CancelScope()
                case Withdrawn():
                    self._open.pop(news.id, None)
                case _:
                    await self._sink.emit(news)
        return idle

    async def _crash(self) -> AgentError:
        death = self._place.server.death()
        for body in self._translator.abandoned():
            await self._sink.emit(body)
        await self._sink.emit(death)
        return AgentError(death.error, failure=FailureCode.AGENT_CRASHED)

    async def _not_answered(self, error: NoReply) -> AgentError:
        if await self._place.server.is_gone(DEATH_WAIT):
            return await self._crash()
        return AgentError(f"opencode did not answer: {error}")


def new_message_id() -> str:
    """An id as opencode makes them: they are in order of time, and it compares them with its own."""
    stamp = (time.time_ns() // 1_000_000 * 0x1000) & 0xFFFF_FFFF_FFFF
    return f"msg_{stamp:012x}" + "".join(secrets.choice(_ALPHABET) for _ in range(14))


def _slash(block: PromptBlock) -> tuple[str, str]:
    """The name and the arguments of a slash command; both empty if it is none."""
    if not isinstance(block, TextBlock) or not block.text.startswith("/"):
        return "", ""
    name, _, arguments = block.text[1:].partition(" ")
    return name, arguments


def _model(name: str) -> Json:
    provider, slash, model = name.partition("/")
    if not slash:
        raise AgentError(f"{name} is not a model of opencode: write it as provider/model")
    return {"providerID": provider, "modelID": model}


def _part(block: PromptBlock, directory: str) -> Json:
    match block:
        case TextBlock():
            return {"type": "text", "text": block.text}
        case ImageBlock():
            url = f"data:{block.media_type};base64,{block.data_base64}"
            return {"type": "file", "mime": block.media_type, "url": url}
        case LinkBlock():
            path = Path(directory, block.path)
            return {
                "type": "file",
                "mime": mimetypes.guess_type(path.name)[0] or "text/plain",
                "url": path.as_uri(),
                "filename": block.path,
            }
