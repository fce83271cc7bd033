"""The agents of this node: what the catalog says of them, whether they may run, and the probe's round.

Owns the current catalog. Starts no agent itself.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import anyio.to_thread
import structlog

from roundhouse.agents.backend import AgentBackend
from roundhouse.agents.catalog import Catalog
from roundhouse.agents.probe import first_look, probe_all
from roundhouse.model.agent import AgentInfo, AgentSpec
from roundhouse.model.errors import AgentError
from roundhouse.model.task import FailureCode
from roundhouse.runner.outage import until_back
from roundhouse.store.agents import AvailableAgents

log = structlog.get_logger(__name__)


class Roster:
    """Looks agents up by name and keeps their rows true."""

    def __init__(
        self,
        load: Callable[[], Catalog],
        rows: AvailableAgents,
        node_id: int,
        backends: Callable[[AgentSpec], AgentBackend],
        *,
        probe_dir: Path,
    ) -> None:
        self._load = load
        self._rows = rows
        self._node_id = node_id
        self._backends = backends
        self._probe_dir = probe_dir
        self._catalog: Catalog | None = None
        self._refreshing = anyio.Lock()

    @property
    def problems(self) -> list[str]:
        """What is wrong with the catalog's file, in sentences."""
        return [] if self._catalog is None else self._catalog.problems

    async def known(self, name: str) -> AgentSpec:
        """How to start an agent of the catalog. Raises AgentError (agent_not_installed)."""
        spec = (await self._current()).agents.get(name)
        if spec is None:
            raise AgentError(
                f"There is no agent named {name}.",
                failure=FailureCode.AGENT_NOT_INSTALLED,
                remedy="Add it to agents.toml, or choose one that `roundhouse agents` lists.",
            )
        return spec

    async def spec(self, name: str) -> AgentSpec:
        """The same, if a person has not switched it off."""
        spec = await self.known(name)
        if not spec.enabled or await self._switched_off(name):
            raise AgentError(
                f"The agent {name} is not enabled.",
                failure=FailureCode.AGENT_NOT_INSTALLED,
                remedy="Enable it in agents.toml or in the list of agents.",
            )
        return spec

    async def refresh(self) -> int:
        """Read the catalog again and probe every agent; how many there are."""
        async with self._refreshing:
            self._catalog = catalog = await anyio.to_thread.run_sync(self._load)
            for problem in catalog.problems:
                log.warning("a problem in the catalog", problem=problem)
            await until_back(partial(self._rows.keep_only, self._node_id, list(catalog.agents)))
            # An empty folder of their own: agents read what lies where they are started.
            await anyio.to_thread.run_sync(
                partial(self._probe_dir.mkdir, mode=0o700, parents=True, exist_ok=True)
            )
            await self._announce(catalog)
            await probe_all(catalog, self._backends, self._save, cwd=str(self._probe_dir))
            return len(catalog.agents)

    async def _current(self) -> Catalog:
        if self._catalog is None:
            self._catalog = await anyio.to_thread.run_sync(self._load)
        return self._catalog

    async def _announce(self, catalog: Catalog) -> None:
        """Give agents that are new here a row at once: probing all takes a while, and they can be used before."""
        rows = await until_back(partial(self._rows.list, self._node_id))
        for name in catalog.agents.keys() - {row.name for row in rows}:
            await self._save(await first_look(catalog.agents[name], cwd=str(self._probe_dir)))

    async def _switched_off(self, name: str) -> bool:
        rows = await until_back(partial(self._rows.list, self._node_id))
        return any(row.name == name and not row.enabled for row in rows)

    async def _save(self, info: AgentInfo) -> None:
        await until_back(partial(self._rows.save, self._node_id, info))
