"""Says in one line why a turn is quiet. Owns what it saw of each running turn; ends nothing."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic

from roundhouse.model.event import (
    Activity,
    EventBody,
    ToolCall,
    ToolUpdate,
)

QUIET_AFTER = 30
"""Seconds without news before silence is worth a line."""

TOOL_AFTER = 60
"""Seconds before a running tool is."""

WAITING = "waiting for an answer"

MINUTE = 60
HOUR = 60 * MINUTE


@dataclass
class Watch:
    """What one turn has shown so far."""

    session_id: str
    clock: Callable[[], float] = monotonic
    shown: str | None = None
    doing: str | None = None
    waiting: int = 0
    tools: dict[str, tuple[str, float]] = field(default_factory=dict)
    last: float = field(init=False)

    def __post_init__(self) -> None:
        self.last = self.clock()

    def saw(self, body: EventBody) -> None:
        """Take note of news."""
        self.last = self.clock()
        self.doing = body.text if isinstance(body, Activity) else None
        match body:
            case (
                ToolCall(id=id_, title=title, status=status)
                | ToolUpdate(id=id_, title=title, status=status)
            ):
                self._tool(id_, title, status)
            case _:
                pass

    @contextmanager
    def asking(self) -> Iterator[None]:
        """A person is asked for the duration."""
        self.waiting += 1
        try:
            yield
        finally:
            self.waiting -= 1
            self.last = self.clock()

    def _tool(self, id_: str, title: str | None, status: str | None) -> None:
        if status in ("completed", "failed"):
            self.tools.pop(id_, None)
            return
        known, since = self.tools.get(id_, ("", self.clock()))
        self.tools[id_] = (title or known, since)

    def line(self) -> str | None:
        """Why it is quiet now; None while it is not."""
        if self.waiting:
            return WAITING
        if self.doing:
            return self.doing
        now = self.clock()
        if self.tools:
            title, since = min(self.tools.values(), key=lambda tool: tool[1])
            if now - since >= TOOL_AFTER:
                return f"tool {title or 'call'} running {_span(now - since)}"
            return None
        if now - self.last >= QUIET_AFTER:
            return f"silent for {_span(now - self.last)}"
        return None


class Watchdog:
    """Keeps the session's line true while its turn runs."""

    def __init__(self, show: Callable[[str, str | None], Awaitable[None]]) -> None:
        self._show = show
        self._watches: dict[str, Watch] = {}

    def begin(self, session_id: str) -> Watch:
        """Watch a session's new turn."""
        watch = self._watches[session_id] = Watch(session_id)
        return watch

    def end(self, watch: Watch) -> None:
        """The turn is over; whoever settles the session clears its line."""
        if self._watches.get(watch.session_id) is watch:
            del self._watches[watch.session_id]

    async def look(self) -> None:
        """Write the lines that changed."""
        for watch in list(self._watches.values()):
            line = watch.line()
            if line != watch.shown:
                await self._show(watch.session_id, line)
                watch.shown = line


def _span(seconds: float) -> str:
    """Rough on purpose: a line that changes every second is a write every second."""
    if seconds < 2 * MINUTE:
        return f"{int(seconds // QUIET_AFTER * QUIET_AFTER)} s"
    if seconds < 2 * HOUR:
        return f"{int(seconds // MINUTE)} min"
    return f"{int(seconds // HOUR)} h"
