"""Keeps agents warm: one entry per `(session, agent)`, started when first needed, ended when it is in the way.

Owns the decision who stays (idle time, number, memory) and the promise that a busy agent is never ended for
it. Knows no protocol, and writes no rows.
"""

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

import anyio
import anyio.to_thread
import structlog
from msgspec import Struct

from roundhouse.agents.backend import AgentBackend, SessionHandle, SessionSpec
from roundhouse.model.agent import AgentProcess, AgentSpec
from roundhouse.model.errors import Conflict
from roundhouse.model.session import Continuity

IDLE_TTL = 30 * 60.0
"""Seconds an agent stays warm without a turn."""

MAX_WARM = 24
"""Agents kept warm at most; a busy one counts and stays."""

CLOSE_DEADLINE = 15.0
"""Seconds for one conversation to end: the backends' own stop ladder is shorter."""

DISPOSE_DEADLINE = 20.0
"""Seconds for a backend to end all it has."""

log = structlog.get_logger(__name__)

Key = tuple[str, str]


class PoolStats(Struct, frozen=True):
    """What health shows of a pool."""

    warm: int
    busy: int
    rss_bytes: int


@dataclass(eq=False)
class _Entry:
    """One agent of one session. Whoever uses, starts or ends it holds `lock`."""

    backend: AgentBackend
    lock: anyio.Lock = field(default_factory=anyio.Lock)
    handle: SessionHandle | None = None
    used_at: float = 0.0
    wanted: int = 0

    @property
    def idle(self) -> bool:
        return self.handle is not None and self.wanted == 0 and not self.lock.statistics().locked


@dataclass(frozen=True, eq=False)
class Lease:
    """A live agent that is ours until the lease ends."""

    backend: AgentBackend
    handle: SessionHandle
    continuity: Continuity
    warm: bool
    ms: int
    reason: str | None


class AgentPool:
    """The warm agents of one node."""

    def __init__(
        self,
        backends: Callable[[AgentSpec], AgentBackend],
        *,
        resident_bytes: Callable[[int], int],
        idle_ttl: float = IDLE_TTL,
        max_warm: int = MAX_WARM,
        memory_budget: int | None = None,
        clock: Callable[[], float] = anyio.current_time,
    ) -> None:
        self._make = backends
        self._resident_bytes = resident_bytes
        self._idle_ttl = idle_ttl
        self._max_warm = max_warm
        self._memory_budget = memory_budget
        self._clock = clock
        self._entries: dict[Key, _Entry] = {}
        self._backends: dict[str, tuple[AgentSpec, AgentBackend]] = {}
        self._retired: list[AgentBackend] = []
        self._rss = 0
        self._weights: dict[int, int] = {}

    def backend(self, spec: AgentSpec) -> AgentBackend:
        """The one backend of this agent; a changed spec gets a new one, the old lives on until `dispose`."""
        known = self._backends.get(spec.name)
        if known is not None:
            if known[0] == spec:
                return known[1]
            self._retired.append(known[1])
        made = self._make(spec)
        self._backends[spec.name] = (spec, made)
        return made

    @asynccontextmanager
    async def lease(self, wanted: SessionSpec) -> AsyncIterator[Lease]:
        """The agent of that session, warm or started now; one lease at a time. Raises AgentError."""
        key = (wanted.session_id, wanted.agent.name)
        entry = self._entries.get(key)
        if entry is None:
            entry = self._entries[key] = _Entry(self.backend(wanted.agent))
        entry.wanted += 1
        try:
            async with entry.lock:
                yield await self._ready(key, entry, wanted)
        finally:
            entry.wanted -= 1
            entry.used_at = self._clock()
            if entry.handle is None and entry.wanted == 0 and self._entries.get(key) is entry:
                del self._entries[key]

    async def _ready(self, key: Key, entry: _Entry, wanted: SessionSpec) -> Lease:
        """A lease on a live handle; a dead one, or one of an older spec, is replaced."""
        began = self._clock()
        backend = self.backend(wanted.agent)
        if entry.handle is not None:
            if entry.backend is backend and backend.health(entry.handle).alive:
                return self._lease(entry, entry.handle, Continuity.CONTINUED, began)
            await self._end(key, entry)
        entry.backend = backend
        entry.handle = await backend.ensure_session(wanted)
        # `close` takes an entry out of the table while somebody may already wait for its lock.
        self._entries[key] = entry
        return self._lease(entry, entry.handle, entry.handle.continuity, began)

    def _lease(
        self, entry: _Entry, handle: SessionHandle, continuity: Continuity, began: float
    ) -> Lease:
        warm = continuity is Continuity.CONTINUED
        return Lease(
            backend=entry.backend,
            handle=handle,
            continuity=continuity,
            warm=warm,
            ms=round((self._clock() - began) * 1000),
            reason=None if warm else handle.reason,
        )

    def warm(self, session_id: str) -> list[str]:
        """The agents of a session that are up."""
        return [
            agent
            for (session, agent), e in self._entries.items()
            if session == session_id and e.handle
        ]

    def keys(self) -> list[Key]:
        """Every agent that is up."""
        return [key for key, entry in self._entries.items() if entry.handle is not None]

    async def sweep(self) -> list[Key]:
        """End what was idle too long, what is over the number, what is over the memory; dead handles too."""
        ended = [key for key in self._spare() if await self._evict(key)]
        return ended + [key for key in await self._too_heavy() if await self._evict(key)]

    def _spare(self) -> list[Key]:
        """Idle entries that are dead, expired or over the number, longest unused first."""
        now = self._clock()
        idle = self._idle_keys()
        spare = [
            key
            for key in idle
            if now - self._entries[key].used_at >= self._idle_ttl or not self._alive(key)
        ]
        over = len(self._entries) - len(spare) - self._max_warm
        rest = [key for key in idle if key not in spare]
        return spare + rest[: max(over, 0)]

    def _idle_keys(self) -> list[Key]:
        idle = [key for key, entry in self._entries.items() if entry.idle]
        return sorted(idle, key=lambda key: self._entries[key].used_at)

    def _alive(self, key: Key) -> bool:
        entry = self._entries[key]
        return entry.handle is not None and entry.backend.health(entry.handle).alive

    async def _too_heavy(self) -> list[Key]:
        """Idle entries to end, longest unused first, until the rest fits into the budget."""
        users: dict[int, set[Key]] = {}
        for key, entry in self._entries.items():
            pid = entry.backend.health(entry.handle).pid if entry.handle else None
            if pid is not None:
                users.setdefault(pid, set()).add(key)
        weights = await anyio.to_thread.run_sync(partial(_weigh, self._resident_bytes, list(users)))
        self._weights = dict(weights)
        self._rss = total = sum(weights.values())
        if self._memory_budget is None:
            return []
        heavy = []
        for key in self._idle_keys():
            if total <= self._memory_budget:
                break
            for pid, keys in users.items():
                # A process that others use too frees nothing until its last user goes.
                keys.discard(key)
                if not keys:
                    total -= weights[pid]
                    weights[pid] = 0
            heavy.append(key)
        return heavy

    async def _evict(self, key: Key) -> bool:
        entry = self._entries.get(key)
        if entry is None or not entry.idle:
            return False
        async with entry.lock:
            await self._end(key, entry)
        return True

    async def close(self, session_id: str, agent: str | None = None) -> list[str]:
        """End a session's agents, or one of them; says which. Raises Conflict `session_busy` before ending any."""
        keys = [key for key in self._entries if key[0] == session_id and agent in (None, key[1])]
        if any(not self._entries[key].idle for key in keys):
            raise Conflict("The agent is in the middle of a turn.", code="session_busy")
        return [key[1] for key in keys if await self._evict(key)]

    async def _end(self, key: Key, entry: _Entry) -> None:
        """Let go of the entry's handle. A backend that throws or hangs does not keep it."""
        handle, entry.handle = entry.handle, None
        if self._entries.get(key) is entry and entry.wanted == 0:
            del self._entries[key]
        if handle is None:
            return
        with anyio.CancelScope(shield=True), anyio.move_on_after(CLOSE_DEADLINE) as limit:
            try:
                await entry.backend.close_session(handle)
            except Exception:
                log.exception("closing an agent failed", session_id=key[0], agent=key[1])
        if limit.cancelled_caught:
            log.error("closing an agent took too long", session_id=key[0], agent=key[1])

    async def dispose(self) -> None:
        """End everything, busy or not. Returns when the backends have, or their time is over; never raises."""
        self._entries.clear()
        backends = [*self._retired, *(backend for _, backend in self._backends.values())]
        self._retired.clear()
        self._backends.clear()
        with anyio.CancelScope(shield=True):
            async with anyio.create_task_group() as group:
                for backend in backends:
                    group.start_soon(_dispose, backend)

    def processes(self) -> list[AgentProcess]:
        """The agents that are up, longest unused first. Those of one server share its process."""
        now = self._clock()
        found = []
        for (session_id, agent), entry in self._entries.items():
            if entry.handle is not None:
                pid = entry.backend.health(entry.handle).pid
                idle = None if not entry.idle else round(now - entry.used_at, 1)
                found.append(
                    AgentProcess(
                        agent=agent,
                        session_id=session_id,
                        pid=pid,
                        busy=not entry.idle,
                        idle_seconds=idle,
                        rss_bytes=self._weights.get(pid, 0) if pid is not None else 0,
                    )
                )
        return sorted(found, key=lambda one: -(one.idle_seconds or 0))

    def stats(self) -> PoolStats:
        """Counts of now, memory of the last sweep."""
        busy = sum(not entry.idle for entry in self._entries.values())
        return PoolStats(len(self._entries), busy, self._rss)


async def _dispose(backend: AgentBackend) -> None:
    with anyio.move_on_after(DISPOSE_DEADLINE) as limit:
        try:
            await backend.dispose()
        except Exception:
            log.exception("a backend failed to dispose", backend=backend.kind)
    if limit.cancelled_caught:
        log.error("a backend did not dispose in time", backend=backend.kind)


def _weigh(resident_bytes: Callable[[int], int], pids: Iterable[int]) -> dict[int, int]:
    return {pid: resident_bytes(pid) for pid in pids}
