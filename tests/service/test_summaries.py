"""Lines of the list, told to everybody who listens."""

from typing import Any

import anyio
import msgspec

from roundhouse.model.event import Text
from roundhouse.service.services import Services
from roundhouse.service.summaries import Listener
from roundhouse.store.database import Database
from roundhouse.store.notifier import Notifier
from roundhouse.store.sessions import Sessions
from tests.service.node import FakeNode, append, make_session


async def heard(listener: Listener, field: str, value: Any) -> list[dict[str, Any]]:
    """Lines up to the one whose `field` is `value`."""
    lines: list[dict[str, Any]] = []
    with anyio.fail_after(10):
        while not lines or lines[-1].get(field) != value:
            for frame in await listener.next():
                message = msgspec.json.decode(frame)
                assert message["op"] == "summary"
                lines.append(message["session"])
    return lines


async def test_changes_of_a_moment_are_one_line(
    services: Services, db: Database, node: FakeNode
) -> None:
    """The last state."""
    session = await make_session(db, node.id)
    with services.summaries.listen() as listener:
        for title in "abcdefgh":
            await Sessions(db).update(session.id, title=title)
        lines = await heard(listener, "title", "h")
        assert len(lines) <= 3


async def test_new_events_move_a_line(services: Services, db: Database, node: FakeNode) -> None:
    """Also when nothing else happened."""
    session = await make_session(db, node.id)
    with services.summaries.listen() as listener:
        await append(db, session.id, Text(text="hi"))
        await heard(listener, "last_seq", 1)


async def test_a_muted_doorbell_only_delays(
    services: Services, notifier: Notifier, db: Database, node: FakeNode
) -> None:
    """The poll finds what changed."""
    notifier.muted = True
    with services.summaries.listen() as listener:
        session = await make_session(db, node.id)
        await heard(listener, "id", session.id)
        await Sessions(db).update(session.id, title="later")
        await heard(listener, "title", "later")


async def test_a_deletion_is_told_once(services: Services, db: Database, node: FakeNode) -> None:
    """Although it is learnt of in several ways."""
    session = await make_session(db, node.id)
    other = await make_session(db, node.id)
    with services.summaries.listen() as listener:
        await services.sessions.delete(session.id)
        await Sessions(db).update(other.id, title="end")
        lines = await heard(listener, "title", "end")
        assert lines.count({"id": session.id, "deleted": True}) == 1


async def test_a_slow_listener_keeps_one_line_a_session(
    services: Services, db: Database, node: FakeNode
) -> None:
    """Its memory does not grow with the number of changes."""
    session = await make_session(db, node.id)
    with services.summaries.listen() as slow, services.summaries.listen() as quick:
        for title in "abc":
            await Sessions(db).update(session.id, title=title)
            await heard(quick, "title", title)
        assert len(slow._pending) == 1
        assert [line["title"] for line in await heard(slow, "title", "c")] == ["c"]
