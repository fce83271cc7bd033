"""The probe: which agents of the catalog are usable here, and what they offer.

Owns the round over all agents, its time limits and the sentence that says why one is not usable. What is asked of
an agent is its backend's `probe`.
"""

from collections.abc import Awaitable, Callable

import anyio
import msgspec
import structlog

from roundhouse.agents.backend import AgentBackend
from roundhouse.agents.catalog import Catalog
from roundhouse.agents.process import find_program, resolve_env, scrub_environment
from roundhouse.model.agent import AgentInfo, AgentModel, AgentSpec
from roundhouse.model.errors import AgentError

log = structlog.get_logger(__name__)

PROBE_DEADLINE = 120.0
"""Seconds for one agent, spawn to end: the slowest takes 20 on a busy machine, and its stop some more."""

Save = Callable[[AgentInfo], Awaitable[None]]


async def probe_all(
    catalog: Catalog,
    backends: Callable[[AgentSpec], AgentBackend],
    save: Save,
    *,
    cwd: str,
    at_once: int = 2,
    deadline: float = PROBE_DEADLINE,
) -> None:
    """Probe every agent of the catalog and save each result as it comes.

    An agent's failure of any kind is in its `diagnostic`; only what `save` raises comes out of here.
    """
    slots = anyio.Semaphore(at_once)

    async def one(spec: AgentSpec) -> None:
        async with slots:
            await save(await probe_one(spec, backends, cwd=cwd, deadline=deadline))

    async with anyio.create_task_group() as tasks:
        for spec in catalog.agents.values():
            tasks.start_soon(one, spec)


async def first_look(spec: AgentSpec, *, cwd: str) -> AgentInfo:
    """What can be said of an agent at once, without starting it, until its probe is through."""
    missing = await _missing(spec, cwd)
    if missing is not None:
        return _unusable(spec, missing, installed=False)
    return _unusable(spec, f"{spec.label} is being looked at for the first time.")


async def probe_one(
    spec: AgentSpec,
    backends: Callable[[AgentSpec], AgentBackend],
    *,
    cwd: str,
    deadline: float = PROBE_DEADLINE,
) -> AgentInfo:
    """What is to be known of one agent. Never raises for the agent's sake, and starts none that is missing."""
    missing = await _missing(spec, cwd)
    if missing is not None:
        return _unusable(spec, missing, installed=False)
    if not spec.enabled:
        return _unusable(spec, f"{spec.label} is switched off in agents.toml.")
    info: AgentInfo | None = None
    try:
        with anyio.move_on_after(deadline):
            info = await backends(spec).probe(cwd)
    except Exception as error:
        # The boundary of a probe: one broken agent must not end the round.
        log.exception("probe_failed", agent=spec.name)
        return _unusable(spec, f"{spec.label} could not be probed: {error}")
    if info is None:
        return _unusable(spec, f"{spec.label} did not get ready within {deadline:.0f} s.")
    if spec.models is not None:
        info = msgspec.structs.replace(info, models=[AgentModel(name) for name in spec.models])
    return info


async def _missing(spec: AgentSpec, cwd: str) -> str | None:
    path = scrub_environment("", resolve_env(spec.env)).get("PATH")
    try:
        await find_program(spec.command[0], path, cwd)
    except AgentError:
        how = (
            f": run {spec.install_hint}"
            if spec.install_hint
            else f": {spec.command[0]} was not found"
        )
        return f"{spec.label} is not installed{how}"
    if spec.node_script:
        try:
            await find_program("node", path, cwd)
        except AgentError:
            return f"{spec.label} needs Node.js: there is no `node` on the PATH"
    return None


def _unusable(spec: AgentSpec, why: str, *, installed: bool = True) -> AgentInfo:
    return AgentInfo(
        name=spec.name,
        kind=spec.kind,
        label=spec.label,
        installed=installed,
        enabled=spec.enabled,
        models=[AgentModel(name) for name in spec.models or []],
        diagnostic=why,
        install_hint=spec.install_hint,
    )
