"""Takes down what a turn says, and answers what it asks."""

from collections.abc import Callable
from typing import TypeVar

import anyio

from roundhouse.agents.backend import Prompt, TextBlock, TurnSink
from roundhouse.model.event import EventBody, Reasoning, Text
from roundhouse.model.permission import PermissionAnswer, PermissionAsk

Body = TypeVar("Body")
Answer = Callable[[PermissionAsk], PermissionAnswer | None]


def allow(ask: PermissionAsk) -> PermissionAnswer:
    """Press the button that allows once."""
    chosen = next(o.id for o in ask.options if o.kind == "allow_once")
    return PermissionAnswer(option_id=chosen)


def reject(ask: PermissionAsk) -> PermissionAnswer:
    """Press the button that rejects."""
    chosen = next(o.id for o in ask.options if o.kind == "reject_once")
    return PermissionAnswer(option_id=chosen)


def nobody(ask: PermissionAsk) -> PermissionAnswer:
    """What comes when the deadline has passed."""
    return PermissionAnswer()


class Witness:
    """A turn's sink. `answer` None = a person who never answers."""

    def __init__(self, answer: Answer | None = allow) -> None:
        self.events: list[EventBody] = []
        self.asks: list[PermissionAsk] = []
        self.asking = 0
        self._answer = answer
        self._news = anyio.Event()

    @property
    def sink(self) -> TurnSink:
        """To be given to `prompt`."""
        return TurnSink(self.emit, self.ask)

    @property
    def text(self) -> str:
        """All the agent said."""
        return "".join(event.text for event in self.of(Text))

    @property
    def thoughts(self) -> str:
        """All the agent thought."""
        return "".join(event.text for event in self.of(Reasoning))

    def of(self, kind: type[Body]) -> list[Body]:
        """The events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]

    async def emit(self, body: EventBody) -> None:
        """Take an event."""
        self.events.append(body)
        self._ring()

    async def ask(self, ask: PermissionAsk) -> PermissionAnswer:
        """Answer as told, or never."""
        self.asks.append(ask)
        self.asking += 1
        self._ring()
        try:
            given = self._answer(ask) if self._answer is not None else None
            if given is None:
                await anyio.sleep_forever()
            return given or PermissionAnswer()
        finally:
            self.asking -= 1

    async def until(self, true: Callable[["Witness"], object]) -> None:
        """Wait for something to be true of this; the caller's deadline bounds it."""
        while not true(self):
            await self._news.wait()

    def _ring(self) -> None:
        self._news.set()
        self._news = anyio.Event()


def say(text: str, *, model: str | None = None, mode: str | None = None) -> Prompt:
    """A prompt of one text."""
    return Prompt(blocks=[TextBlock(text)], model=model, mode=mode)
