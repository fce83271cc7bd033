"""Live fan-out of events: replay what is stored, then follow what is appended.

One feed per session that somebody follows: one read of the database per doorbell, shared by all its subscribers.
A subscriber that does not keep up loses its queue, never an event: it goes back to replay. Owns no connection
and no wire.
"""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import anyio
import msgspec
import structlog
from anyio.abc import TaskGroup
from msgspec import Struct

from roundhouse.model.errors import DatabaseDown, InvalidInput
from roundhouse.model.event import Event
from roundhouse.store.events import Events
from roundhouse.store.notifier import Notifier

PAGE = 200
"""Events of one read. Single ones can be megabytes."""

QUEUE_BYTES = 1024 * 1024
"""What may wait for one slow subscriber; beyond it the subscriber is cut back to replay."""

POLL_EVERY = 1.0
"""Seconds until an event is found whose doorbell was lost."""

RETRY = 0.5
"""Seconds between two tries of a replay while the database is away."""

FEED_READS = 4
REPLAY_READS = 2
"""Reads at once. Together below the pool's size, so that requests always find a connection."""

log = structlog.get_logger(__name__)
_heads: msgspec.json.Decoder[dict[str, int]] = msgspec.json.Decoder(dict[str, int])


class Frame(Struct, frozen=True):
    """One event with its encoded WebSocket form, made once for all subscribers."""

    event: Event
    wire: bytes


class Batch(Struct, frozen=True):
    """What a subscriber gets at once. `caught_up`: with it, everything stored so far was given."""

    frames: list[Frame]
    caught_up: bool = False


class Counters(Struct):
    """What the broker counts for `/metrics`."""

    subscriptions: int = 0
    frames: int = 0
    cuts: int = 0


class Feed:
    """One session's way from the database to its subscribers."""

    def __init__(self, session_id: str) -> None:
        self.session_id = session_id
        self.seq = 0
        """Everything up to here was pushed to all who had joined. Never goes back."""
        self.joined: set[Subscription] = set()
        self.subscribers: set[Subscription] = set()
        self.rung = False
        self.pumping = False

    def push(self, events: list[Event]) -> None:
        """Give what is new to everybody who follows."""
        frames = [_frame(event) for event in events if event.seq > self.seq]
        if frames:
            self.seq = frames[-1].event.seq
            for subscription in tuple(self.joined):
                subscription.put(frames)


class Subscription:
    """One subscriber's place in one session. Made by `Broker.subscribe`."""

    def __init__(self, broker: "Broker", feed: Feed, after: int) -> None:
        self.seq = after
        """The last event that was handed out."""
        self._broker = broker
        self._feed = feed
        self._queue: deque[Frame] = deque()
        self._bytes = 0
        self._joined_at: int | None = None
        self._live = False
        self._told = False
        self._ended = False
        self._wake = anyio.Event()

    async def next(self) -> Batch | None:
        """What comes next, waiting for it if need be; None when the session was deleted or the server stops."""
        while not self._ended:
            if not self._live:
                return await self._replay()
            if self._queue and (frames := self._take()):
                return Batch(frames)
            self._wake = anyio.Event()
            await self._wake.wait()
        return None

    def put(self, frames: list[Frame]) -> None:
        """Queue new frames, or drop the queue and go back to replay."""
        size = sum(len(frame.wire) for frame in frames)
        if self._queue and self._bytes + size > QUEUE_BYTES:
            self._broker.counters.cuts += 1
            self._leave()
        else:
            self._queue.extend(frames)
            self._bytes += size
        self._wake.set()

    def end(self) -> None:
        """Have `next` return None from now on."""
        self._ended = True
        self._leave()
        self._wake.set()

    async def _replay(self) -> Batch:
        events = await self._broker.replay(self._feed.session_id, self.seq)
        if events is None:
            self.end()
        if events is None or self._ended:
            return Batch([])
        frames = [_frame(event) for event in events]
        if frames:
            self.seq = frames[-1].event.seq
        self._broker.counters.frames += len(frames)
        if len(frames) < PAGE:
            # Near the end: from here on new events queue up, and what lies between is read once more.
            if self._joined_at is None:
                self._joined_at = self._join()
            self._live = self._joined_at <= self.seq
        caught_up = self._live and not self._told
        self._told = self._told or caught_up
        return Batch(frames, caught_up)

    def _join(self) -> int:
        feed = self._feed
        if not feed.joined:
            feed.seq = max(feed.seq, self.seq)
        feed.joined.add(self)
        self._broker.ring(feed)
        return feed.seq

    def _leave(self) -> None:
        self._feed.joined.discard(self)
        self._queue.clear()
        self._bytes = 0
        self._joined_at = None
        self._live = False

    def _take(self) -> list[Frame]:
        frames = [frame for frame in self._queue if frame.event.seq > self.seq]
        self._queue.clear()
        self._bytes = 0
        if frames:
            self.seq = frames[-1].event.seq
            self._broker.counters.frames += len(frames)
        return frames


class Broker:
    """The fan-out of one server process."""

    def __init__(
        self, events: Events, notifier: Notifier, *, poll_every: float = POLL_EVERY
    ) -> None:
        self.counters = Counters()
        self._events = events
        self._notifier = notifier
        self._poll_every = poll_every
        self._feeds: dict[str, Feed] = {}
        self._tasks: TaskGroup | None = None
        self._feed_reads = anyio.CapacityLimiter(FEED_READS)
        self._replay_reads = anyio.CapacityLimiter(REPLAY_READS)
        self._closed = False

    async def run(self) -> None:
        """Follow the database until cancelled."""
        unsubscribe: list[Callable[[], None]] = [
            self._notifier.subscribe("events", self._heard),
            self._notifier.subscribe("sessions_deleted", self._heard_deleted),
        ]
        try:
            async with anyio.create_task_group() as self._tasks:
                while True:
                    await anyio.sleep(self._poll_every)
                    await self._poll()
        finally:
            self._tasks = None
            for undo in unsubscribe:
                undo()
            self.close()

    async def check(self, session_id: str, after: int) -> None:
        """Whether one may follow from there. Raises NotFound, InvalidInput `out_of_range`."""
        last = await self._events.head(session_id)
        if not 0 <= after <= last:
            raise InvalidInput(
                f"The session's last event is {last}.", code="out_of_range", field="after"
            )

    @contextmanager
    def subscribe(self, session_id: str, after: int) -> Iterator[Subscription]:
        """Follow a session's events after number `after`, for the time of the context."""
        feed = self._feeds.setdefault(session_id, Feed(session_id))
        subscription = Subscription(self, feed, after)
        feed.subscribers.add(subscription)
        self.counters.subscriptions += 1
        if self._closed:
            subscription.end()
        try:
            yield subscription
        finally:
            self.counters.subscriptions -= 1
            subscription.end()
            feed.subscribers.discard(subscription)
            if not feed.subscribers and self._feeds.get(session_id) is feed:
                del self._feeds[session_id]

    def deleted(self, session_id: str) -> None:
        """The session is gone: whoever follows it is at the end."""
        feed = self._feeds.pop(session_id, None)
        if feed is not None:
            for subscription in tuple(feed.subscribers):
                subscription.end()

    def close(self) -> None:
        """End every subscription, and those to come."""
        self._closed = True
        for session_id in tuple(self._feeds):
            self.deleted(session_id)

    def ring(self, feed: Feed) -> None:
        """There may be news of this session."""
        feed.rung = True
        if self._tasks is not None and feed.joined and not feed.pumping:
            feed.pumping = True
            self._tasks.start_soon(self._pump, feed)

    async def replay(self, session_id: str, after: int) -> list[Event] | None:
        """A page of stored events, waiting for the database if it is away; None if the session is gone."""
        while True:
            try:
                async with self._replay_reads:
                    events = await self._events.read(session_id, after=after, limit=PAGE)
                    if events or session_id in await self._events.heads([session_id]):
                        return events
            except DatabaseDown:
                await anyio.sleep(RETRY)
            else:
                return None

    async def _pump(self, feed: Feed) -> None:
        try:
            while feed.rung and feed.joined:
                feed.rung = False
                async with self._feed_reads:
                    events = await self._events.read(feed.session_id, after=feed.seq, limit=PAGE)
                feed.push(events)
                if len(events) == PAGE:
                    feed.rung = True
        except DatabaseDown:
            # The poll rings again.
            pass
        except Exception:
            log.exception("feed_failed", session_id=feed.session_id)
        finally:
            feed.pumping = False

    async def _poll(self) -> None:
        followed = [feed for feed in self._feeds.values() if feed.joined]
        if not followed:
            return
        try:
            heads = await self._events.heads([feed.session_id for feed in followed])
        except DatabaseDown:
            return
        except Exception:
            log.exception("poll_failed")
            return
        for feed in followed:
            last = heads.get(feed.session_id)
            if last is None:
                self.deleted(feed.session_id)
            elif last > feed.seq:
                self.ring(feed)

    def _heard(self, payload: str | None) -> None:
        if not payload:
            for feed in self._feeds.values():
                self.ring(feed)
            return
        for session_id, last in _heads.decode(payload).items():
            followed = self._feeds.get(session_id)
            if followed is not None and last > followed.seq:
                self.ring(followed)

    def _heard_deleted(self, session_id: str | None) -> None:
        if session_id is not None:
            self.deleted(session_id)


def _frame(event: Event) -> Frame:
    return Frame(event, event.frame(op="event"))
