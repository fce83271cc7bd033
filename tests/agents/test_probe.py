"""The probe's round, with real agents that are missing, slow, broken or well."""

import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import msgspec
import pytest

from roundhouse.agents.acp.backend import WarmAcpBackend
from roundhouse.agents.backend import AgentBackend
from roundhouse.agents.catalog import Catalog
from roundhouse.agents.probe import probe_all
from roundhouse.model.agent import AgentInfo, AgentModel, AgentSpec
from tests.conformance.backends_acp import alive_with, demo_spec, spawner_with

DEADLINE = 60
MARKER = f"probe-test-{os.getpid()}"
"""One a worker: the end of a guard sweeps all that carries its marker."""


@asynccontextmanager
async def backends() -> AsyncIterator[Callable[[AgentSpec], AgentBackend]]:
    """Makes a backend for each spec."""
    async with spawner_with(MARKER) as (spawner, tasks):
        yield lambda spec: WarmAcpBackend(spec, spawner, tasks)


async def probed(cwd: Path, *specs: AgentSpec, deadline: float = DEADLINE) -> dict[str, AgentInfo]:
    """What the round saves."""
    found: dict[str, AgentInfo] = {}

    async def save(info: AgentInfo) -> None:
        found[info.name] = info

    catalog = Catalog({spec.name: spec for spec in specs}, [])
    with anyio.fail_after(DEADLINE):
        async with backends() as make:
            await probe_all(catalog, make, save, cwd=str(cwd), deadline=deadline)
    assert alive_with(MARKER) == set()
    return found


def named(spec: AgentSpec, name: str, **changes: object) -> AgentSpec:
    """The same agent under another name."""
    return msgspec.structs.replace(spec, name=name, **changes)


async def test_a_usable_agent_is_described(tmp_path: Path) -> None:
    """Version, models, modes, commands, capabilities; and the probe leaves no conversation behind."""
    info = (await probed(tmp_path, demo_spec(tmp_path / "home")))["demo"]

    assert info.diagnostic is None
    assert info.installed
    assert info.version == "1.0.0"
    assert [model.id for model in info.models] == ["demo-small", "demo-large"]
    assert [mode.id for mode in info.modes] == ["ask", "auto"]
    assert [command.name for command in info.commands] == ["help", "files"]
    assert info.capabilities["loadSession"] is True
    assert list((tmp_path / "home").iterdir()) == []


async def test_the_catalogs_models_go_before_the_probed(tmp_path: Path) -> None:
    """A person's list is not extended."""
    spec = named(demo_spec(tmp_path), "demo", models=["only"])

    assert (await probed(tmp_path, spec))["demo"].models == [AgentModel("only")]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"command": ["no-such-agent"], "install_hint": "npm install -g it"},
            "run npm install -g it",
        ),
        ({"command": ["no-such-agent"]}, "no-such-agent was not found"),
        (
            {"node_script": True, "env": {"PATH": "/nonexistent"}, "command": [sys.executable]},
            "Node.js",
        ),
    ],
)
async def test_a_missing_agent_is_told_without_starting_anything(
    tmp_path: Path, changes: dict[str, object], told: str
) -> None:
    """In one sentence that says what to do."""
    info = (await probed(tmp_path, named(demo_spec(tmp_path), "demo", **changes)))["demo"]

    assert not info.installed
    assert told in (info.diagnostic or "")


async def test_a_switched_off_agent_is_not_started(tmp_path: Path) -> None:
    """It is installed, and off."""
    info = (await probed(tmp_path, named(demo_spec(tmp_path), "demo", enabled=False)))["demo"]

    assert info.installed
    assert not info.enabled
    assert "switched off" in (info.diagnostic or "")


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("import sys; sys.exit('no licence')", "no licence"),
        (
            'print(\'{"id": 1, "result": {"protocolVersion": 9}}\', flush=True); input()',
            "version 9",
        ),
        ("import time; time.sleep(600)", "did not get ready"),
    ],
)
async def test_one_broken_agent_does_not_end_the_round(
    tmp_path: Path, code: str, told: str
) -> None:
    """It says what happened, the other one is fine."""
    broken = named(demo_spec(tmp_path), "broken", command=[sys.executable, "-S", "-c", code])

    found = await probed(tmp_path, broken, demo_spec(tmp_path), deadline=3)

    assert found["broken"].installed
    assert told in (found["broken"].diagnostic or "")
    assert found["demo"].version == "1.0.0"


async def test_a_login_that_is_missing_is_named(tmp_path: Path) -> None:
    """With the remedy."""
    info = (await probed(tmp_path, demo_spec(tmp_path, DEMO_AUTH="1")))["demo"]

    assert "Log in to Demo" in (info.diagnostic or "")
