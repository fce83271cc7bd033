"""Replay, then follow; nothing twice, nothing missing, nobody slowed."""

import anyio
import pytest

from roundhouse.model.errors import InvalidInput, NotFound
from roundhouse.model.event import Event
from roundhouse.service import broker as module
from roundhouse.service.broker import Broker, Subscription
from roundhouse.service.services import Services
from roundhouse.store.database import Database
from roundhouse.store.events import Events
from roundhouse.store.notifier import Notifier
from tests.service.node import FakeNode, append, make_session, texts


async def collect(subscription: Subscription, last: int) -> list[int]:
    """The numbers a subscriber gets until `last`."""
    seen: list[int] = []
    with anyio.fail_after(20):
        while not seen or seen[-1] < last:
            batch = await subscription.next()
            assert batch is not None
            seen += [frame.event.seq for frame in batch.frames]
    return seen


async def test_what_is_stored_comes_first_and_then_what_is_appended(
    services: Services, db: Database, node: FakeNode
) -> None:
    """The replay ends with one mark; live events follow in order."""
    session = (await make_session(db, node.id)).id
    await append(db, session, *texts(1, 450))
    marks = 0
    seen: list[int] = []
    with services.broker.subscribe(session, 100) as subscription, anyio.fail_after(20):
        while not marks:
            batch = await subscription.next()
            assert batch is not None
            seen += [frame.event.seq for frame in batch.frames]
            marks += batch.caught_up
        assert seen == list(range(101, 451))
        await append(db, session, *texts(451, 460))
        assert await collect(subscription, 460) == list(range(451, 461))


async def test_a_muted_doorbell_delays_events_but_loses_none(
    services: Services, notifier: Notifier, db: Database, node: FakeNode
) -> None:
    """The poll finds what the doorbell did not say."""
    session = (await make_session(db, node.id)).id
    notifier.muted = True
    with services.broker.subscribe(session, 0) as subscription:
        await append(db, session, *texts(1, 3))
        assert await collect(subscription, 3) == [1, 2, 3]
        await append(db, session, *texts(4, 5))
        assert await collect(subscription, 5) == [4, 5]


async def test_reconnecting_while_events_are_written_gives_exactly_the_rest(
    services: Services, db: Database, node: FakeNode
) -> None:
    """Many subscribers come and go under a writer; each has every number once."""
    session = (await make_session(db, node.id)).id
    total = 600

    async def write() -> None:
        for first in range(1, total + 1, 4):
            await append(db, session, *texts(first, first + 3))

    async def come_and_go(stay: int) -> None:
        seen: list[int] = []
        while not seen or seen[-1] < total:
            with services.broker.subscribe(session, seen[-1] if seen else 0) as subscription:
                for _ in range(stay):
                    batch = await subscription.next()
                    assert batch is not None
                    seen += [frame.event.seq for frame in batch.frames]
                    if seen and seen[-1] == total:
                        break
        assert seen == list(range(1, total + 1))

    with anyio.fail_after(60):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(write)
            for stay in (1, 2, 3, 7, 1000):
                tasks.start_soon(come_and_go, stay)


async def test_a_slow_subscriber_is_cut_back_to_replay_and_slows_nobody(
    services: Services, db: Database, node: FakeNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its queue is dropped at the bound; when it reads again it still gets everything."""
    monkeypatch.setattr(module, "QUEUE_BYTES", 20_000)
    session = (await make_session(db, node.id)).id
    with (
        services.broker.subscribe(session, 0) as slow,
        services.broker.subscribe(session, 0) as quick,
    ):
        for subscription in (slow, quick):
            batch = await subscription.next()
            assert batch is not None
            assert batch.caught_up
        for first in range(1, 101, 10):
            await append(db, session, *texts(first, first + 9, size=500))
            assert await collect(quick, first + 9) == list(range(first, first + 10))
            assert slow._bytes <= 20_000
        assert services.broker.counters.cuts >= 1
        assert await collect(slow, 100) == list(range(1, 101))


class CountingEvents(Events):
    """The real reads, counted."""

    reads = 0

    async def read(  # type: ignore[explicit-override] # typing.override came with 3.12
        self, session_id: str, *, after: int = 0, limit: int = 1000
    ) -> list[Event]:
        """One page."""
        self.reads += 1
        return await super().read(session_id, after=after, limit=limit)


async def test_one_doorbell_costs_one_read_however_many_follow(
    notifier: Notifier, db: Database, node: FakeNode
) -> None:
    """Twenty subscribers share it."""
    session = (await make_session(db, node.id)).id
    events = CountingEvents(db)
    broker = Broker(events, notifier, poll_every=1000)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(broker.run)
        subscribed = [broker.subscribe(session, 0) for _ in range(20)]
        following = [context.__enter__() for context in subscribed]
        for subscription in following:
            batch = await subscription.next()
            assert batch is not None
            assert batch.caught_up
        before = events.reads
        await append(db, session, *texts(1, 5))
        for subscription in following:
            assert await collect(subscription, 5) == [1, 2, 3, 4, 5]
        assert events.reads - before <= 2
        for context in subscribed:
            context.__exit__(None, None, None)
        assert not broker._feeds
        tasks.cancel_scope.cancel()


@pytest.mark.parametrize("muted", [False, True], ids=["doorbell", "poll"])
async def test_the_end_of_a_session_ends_its_subscriptions(
    services: Services, notifier: Notifier, db: Database, node: FakeNode, muted: bool
) -> None:
    """Whoever follows a deleted session is at the end, also when the doorbell said nothing."""
    session = (await make_session(db, node.id)).id
    with services.broker.subscribe(session, 0) as subscription, anyio.fail_after(10):
        assert await subscription.next() is not None
        notifier.muted = muted
        await services.sessions._sessions.delete(session)
        while await subscription.next() is not None:
            pass
    assert session not in services.broker._feeds


async def test_one_may_not_follow_from_beyond_the_end(
    services: Services, db: Database, node: FakeNode
) -> None:
    """Nor a session that does not exist."""
    session = (await make_session(db, node.id)).id
    await append(db, session, *texts(1, 2))
    await services.broker.check(session, 2)
    for after in (3, -1, 2**70):
        with pytest.raises(InvalidInput) as caught:
            await services.broker.check(session, after)
        assert caught.value.code == "out_of_range"
    with pytest.raises(NotFound):
        await services.broker.check("nosuchthing", 0)


async def test_closing_the_broker_ends_subscriptions_and_those_to_come(
    services: Services, db: Database, node: FakeNode
) -> None:
    """A stopping server holds no stream open."""
    session = (await make_session(db, node.id)).id
    with services.broker.subscribe(session, 0) as subscription, anyio.fail_after(10):
        await subscription.next()
        services.broker.close()
        assert await subscription.next() is None
    with services.broker.subscribe(session, 0) as subscription:
        assert await subscription.next() is None
