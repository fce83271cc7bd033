"""The doorbell."""

from collections.abc import Iterator
from pathlib import Path

import anyio
import psycopg
import pytest

from roundhouse.model.errors import Conflict, DatabaseDown
from roundhouse.store.notifier import NODE_LOCK, Notifier

END = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s"


class Bell:
    """Collects what it is called with."""

    def __init__(self) -> None:
        self._send, self._receive = anyio.create_memory_object_stream[str | None](1000)

    def __call__(self, payload: str | None) -> None:
        self._send.send_nowait(payload)

    async def heard(self) -> str | None:
        """The next payload."""
        with anyio.fail_after(10):
            return await self._receive.receive()

    def close(self) -> None:
        """Let go of the stream."""
        self._send.close()
        self._receive.close()


@pytest.fixture
def bell() -> Iterator[Bell]:
    """A subscriber."""
    made = Bell()
    yield made
    made.close()


async def ring(url: str, channel: str, payload: str) -> None:
    """Notify from another connection."""
    await execute(url, "SELECT pg_notify(%s, %s)", channel, payload)


async def execute(url: str, query: str, *values: object) -> None:
    """Run a statement on a connection of its own."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as conn:
        await conn.execute(query, values)


async def test_a_subscriber_hears_its_channel_only(database_url: str, bell: Bell) -> None:
    """And nothing more once it has unsubscribed."""
    other: list[str | None] = []
    async with Notifier.open(database_url, ["a", "b"], name="bell") as notifier:
        end = notifier.subscribe("a", bell)
        notifier.subscribe("b", other.append)
        await ring(database_url, "b", "1")
        await ring(database_url, "a", "2")
        assert await bell.heard() == "2"
        assert other == ["1"]

        end()
        end()
        notifier.subscribe("b", bell)
        await ring(database_url, "a", "3")
        await ring(database_url, "b", "4")
        assert await bell.heard() == "4"


async def test_it_comes_back_and_says_that_anything_may_have_happened(
    database_url: str, bell: Bell
) -> None:
    """A terminated connection is replaced; what was rung meanwhile is covered by None."""
    async with Notifier.open(database_url, ["a"], name="bell") as notifier:
        notifier.subscribe("a", bell)
        await execute(database_url, END, "bell")
        assert await bell.heard() is None

        await ring(database_url, "a", "again")
        assert await bell.heard() == "again"


async def test_muted_it_says_nothing(database_url: str, bell: Bell) -> None:
    """So that a test can cut the doorbell."""
    sentinel = Bell()
    async with Notifier.open(database_url, ["a"], name="bell") as notifier:
        notifier.subscribe("a", bell)
        async with Notifier.open(database_url, ["a"], name="sentinel") as second:
            second.subscribe("a", sentinel)
            notifier.muted = True
            await ring(database_url, "a", "unheard")
            assert await sentinel.heard() == "unheard"
        await ring(database_url, "a", "unheard too")
        notifier.muted = False
        await ring(database_url, "a", "heard")
        while (payload := await bell.heard()) != "heard":
            assert payload == "unheard too"
    sentinel.close()


async def test_a_subscriber_that_fails_does_not_deafen_the_others(
    database_url: str, bell: Bell
) -> None:
    """Its fault is logged."""

    def broken(_: str | None) -> None:
        raise ZeroDivisionError

    async with Notifier.open(database_url, ["a"], name="bell") as notifier:
        notifier.subscribe("a", broken)
        notifier.subscribe("a", bell)
        await ring(database_url, "a", "1")
        assert await bell.heard() == "1"


async def test_a_second_runner_of_a_node_is_refused(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lock lives as long as the first one's connection."""
    monkeypatch.setattr("roundhouse.store.notifier.LOCK_WAIT", 0.2)
    async with Notifier.open(database_url, ["a"], lock=5, name="first"):
        async with Notifier.open(database_url, ["a"], lock=6, name="another node"):
            pass
        with pytest.raises(Conflict, match="alive") as caught:
            async with Notifier.open(database_url, ["a"], lock=5, name="second"):
                pass
        assert caught.value.code == "node_taken"

    async with Notifier.open(database_url, ["a"], lock=5, name="second"):
        pass


async def test_the_lock_is_taken_again_after_a_reconnect(database_url: str, bell: Bell) -> None:
    """Before anybody is told that it is back."""
    async with Notifier.open(database_url, ["a"], lock=5, name="bell") as notifier:
        notifier.subscribe("a", bell)
        await execute(database_url, END, "bell")
        assert await bell.heard() is None

        async with await psycopg.AsyncConnection.connect(database_url) as conn:
            free = await conn.execute("SELECT pg_try_advisory_lock(%s, 5)", (NODE_LOCK,))
            assert await free.fetchone() == (False,)


async def test_an_error_of_the_body_comes_out_as_it_is(database_url: str) -> None:
    """Not wrapped in a group."""
    with pytest.raises(ZeroDivisionError):
        async with Notifier.open(database_url, ["a"], name="bell"):
            raise ZeroDivisionError


async def test_a_server_that_is_not_there_is_the_database_being_away(
    tmp_path: Path,
) -> None:
    """As everywhere in the store."""
    with pytest.raises(DatabaseDown):
        async with Notifier.open(f"postgresql://rh@/x?host={tmp_path}", ["a"], name="bell"):
            pass
