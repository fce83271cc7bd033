"""Reading a session's stored events by pages. Following them is the broker's."""

from msgspec import Struct

from roundhouse.model.errors import InvalidInput
from roundhouse.model.event import Event
from roundhouse.store.events import Events

LIMIT_MAX = 10_000


class EventPage(Struct, frozen=True):
    """Some events in order, and the number of the session's last one."""

    events: list[Event]
    last_seq: int


class EventService:
    """The events of this Roundhouse."""

    def __init__(self, events: Events) -> None:
        self._events = events

    async def after(self, session_id: str, after: int, limit: int) -> EventPage:
        """The events that follow number `after`. Raises NotFound, InvalidInput `out_of_range` beyond the end."""
        last = await self._events.head(session_id)
        if not 0 <= after <= last:
            raise InvalidInput(
                f"The session's last event is {last}.", code="out_of_range", field="after"
            )
        events = await self._events.read(session_id, after=after, limit=limit)
        return EventPage(events, max(last, events[-1].seq if events else 0))

    async def before(self, session_id: str, before: int, limit: int) -> EventPage:
        """The last events before number `before`. Raises NotFound."""
        last = await self._events.head(session_id)
        events = await self._events.read_before(session_id, before, limit)
        return EventPage(events, last)
