"""The pool with a backend in memory: who stays warm, who goes, and what never happens."""

from collections.abc import Callable

import anyio
import pytest

from roundhouse.agents.backend import SessionSpec
from roundhouse.model.agent import AgentSpec
from roundhouse.model.errors import AgentError, Conflict
from roundhouse.model.event import EventBody
from roundhouse.model.session import Continuity
from roundhouse.runner.pool import AgentPool
from tests.runner.echo import EchoBackend, spec


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def pool_of(
    backend: EchoBackend,
    *,
    clock: Callable[[], float] | None = None,
    max_warm: int = 10,
    memory_budget: int | None = None,
) -> AgentPool:
    """A pool in which every process weighs 100 bytes and stays for 60 seconds."""
    return AgentPool(
        lambda _: backend,
        resident_bytes=lambda _: 100,
        idle_ttl=60.0,
        max_warm=max_warm,
        memory_budget=memory_budget,
        clock=clock or anyio.current_time,
    )


async def ignore(body: EventBody) -> None:
    """Nobody listens."""


def wanted(
    session: str, *, resume: str | None = None, agent: AgentSpec | None = None
) -> SessionSpec:
    """The conversation of a session."""
    return SessionSpec(
        session_id=session, agent=agent or spec(), cwd="/", emit=ignore, agent_session_id=resume
    )


async def use(pool: AgentPool, *sessions: str) -> None:
    """One lease each, in this order."""
    for session in sessions:
        async with pool.lease(wanted(session)):
            pass


async def test_the_second_lease_is_warm_and_says_continued() -> None:
    """The same live handle, and no second start."""
    backend = EchoBackend()
    pool = pool_of(backend)
    async with pool.lease(wanted("s")) as first:
        assert (first.continuity, first.warm) == (Continuity.FRESH, False)
    async with pool.lease(wanted("s")) as second:
        assert (second.continuity, second.warm) == (Continuity.CONTINUED, True)
        assert second.handle is first.handle
    assert len(backend.made) == 1


async def test_a_dead_handle_is_replaced_and_says_how() -> None:
    """Resumed where the agent remembers; fresh with the reason where it does not."""
    backend = EchoBackend()
    pool = pool_of(backend)
    await use(pool, "s")
    backend.made[0].alive = False
    async with pool.lease(wanted("s", resume="own-0")) as resumed:
        assert resumed.continuity is Continuity.RESUMED
    backend.made[1].alive = False
    backend.remembers = False
    async with pool.lease(wanted("s", resume="own-0")) as fresh:
        assert (fresh.continuity, fresh.reason) == (Continuity.FRESH, "it has forgotten")


async def test_two_at_once_start_one_agent() -> None:
    """Single flight: the second waits and then goes on with the first one's process."""
    backend = EchoBackend()
    backend.gate = anyio.Event()
    pool = pool_of(backend)
    with anyio.fail_after(10):
        async with anyio.create_task_group() as group:
            group.start_soon(use, pool, "s")
            group.start_soon(use, pool, "s")
            await backend.entered.wait()
            await anyio.wait_all_tasks_blocked()
            backend.gate.set()
    assert len(backend.made) == 1


async def test_a_failed_start_leaves_nothing_and_the_next_lease_tries_again() -> None:
    """The entry of an agent that never came up is gone."""
    backend = EchoBackend()
    backend.throws = True
    pool = pool_of(backend)
    with pytest.raises(AgentError):
        await use(pool, "s")
    assert pool.stats().warm == 0
    backend.throws = False
    await use(pool, "s")
    assert pool.warm("s") == ["echo"]


async def test_idle_time_ends_agents_but_never_a_busy_one() -> None:
    """After a minute of nothing the idle one goes; the busy one stays however long its turn takes."""
    clock, backend = Clock(), EchoBackend()
    pool = pool_of(backend, clock=clock)
    await use(pool, "idle")
    async with pool.lease(wanted("busy")):
        clock.now = 1_000.0
        assert await pool.sweep() == [("idle", "echo")]
        assert pool.warm("busy") == ["echo"]
    assert [handle.spec.session_id for handle in backend.closed] == ["idle"]


async def test_over_the_number_the_longest_unused_goes() -> None:
    """Three warm, two allowed."""
    clock, backend = Clock(), EchoBackend()
    pool = pool_of(backend, clock=clock, max_warm=2)
    for session in ("a", "b", "c"):
        clock.now += 1
        await use(pool, session)
    clock.now += 1
    await use(pool, "a")
    assert await pool.sweep() == [("b", "echo")]


async def test_over_the_memory_the_longest_unused_go_until_it_fits() -> None:
    """Four processes of 100 bytes, 250 allowed, one busy."""
    clock, backend = Clock(), EchoBackend()
    pool = pool_of(backend, clock=clock, memory_budget=250)
    async with pool.lease(wanted("busy")):
        for session in ("a", "b", "c"):
            clock.now += 1
            await use(pool, session)
        assert await pool.sweep() == [("a", "echo"), ("b", "echo")]
    assert pool.stats().warm == 2


async def test_a_shared_process_is_weighed_once() -> None:
    """Three conversations on one server weigh what the server weighs."""
    backend = EchoBackend(shared_pid=True)
    pool = pool_of(backend, memory_budget=150)
    await use(pool, "a", "b", "c")
    assert await pool.sweep() == []
    assert pool.stats().rss_bytes == 100


async def test_the_agents_that_are_up_are_listed() -> None:
    """Who works, who is idle since when, and what each weighed at the last look."""
    clock = Clock()
    pool = pool_of(EchoBackend(), clock=clock)
    await use(pool, "a", "b")
    await pool.sweep()
    clock.now = 5.0
    async with pool.lease(wanted("b")):
        idle, busy = pool.processes()

    assert (idle.session_id, idle.busy, idle.idle_seconds, idle.rss_bytes) == ("a", False, 5.0, 100)
    assert (busy.session_id, busy.busy, busy.idle_seconds, busy.agent) == ("b", True, None, "echo")
    assert busy.pid == 1001


async def test_closing_a_busy_agent_is_a_conflict() -> None:
    """An idle one is closed and named."""
    backend = EchoBackend()
    pool = pool_of(backend)
    async with pool.lease(wanted("s")):
        with pytest.raises(Conflict) as caught:
            await pool.close("s")
        assert caught.value.code == "session_busy"
    assert await pool.close("s") == ["echo"]
    assert await pool.close("s") == []


async def test_a_changed_spec_gets_a_new_process() -> None:
    """The command in the catalog changed; the old process would be wrong."""
    backends = {"one": EchoBackend(), "two": EchoBackend()}
    pool = AgentPool(lambda given: backends[given.label], resident_bytes=lambda _: 0)
    one = AgentSpec(name="x", kind=EchoBackend.kind, label="one", command=["x"])
    two = AgentSpec(name="x", kind=EchoBackend.kind, label="two", command=["x"])
    async with pool.lease(wanted("s", agent=one)):
        pass
    async with pool.lease(wanted("s", agent=two)) as lease:
        assert lease.backend is backends["two"]
    assert len(backends["one"].closed) == 1
    await pool.dispose()
    assert [backend.disposed for backend in backends.values()] == [1, 1]


async def test_dispose_tolerates_throwing_backends_and_ends_the_busy_too() -> None:
    """Every backend is asked, whatever the others do; twice is once."""
    good, bad = EchoBackend(), EchoBackend()
    pool = AgentPool(lambda given: bad if given.name == "bad" else good, resident_bytes=lambda _: 0)
    async with (
        pool.lease(wanted("s", agent=spec("bad"))),
        pool.lease(wanted("s", agent=spec("good"))),
    ):
        bad.throws = True
        await pool.dispose()
    await pool.dispose()
    assert (good.disposed, bad.disposed) == (1, 1)
    assert pool.stats().warm == 0


async def test_a_backend_that_throws_while_closing_does_not_keep_its_entry() -> None:
    """It is logged, and the agent counts as gone."""
    backend = EchoBackend()
    pool = pool_of(backend)
    await use(pool, "s")
    backend.throws = True
    assert await pool.close("s") == ["echo"]
    assert pool.stats().warm == 0
