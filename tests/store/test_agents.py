"""What the probe found."""

import msgspec
import pytest

from roundhouse.model.agent import AgentInfo, AgentModel
from roundhouse.model.errors import NotFound
from roundhouse.model.session import BackendKind
from roundhouse.store.agents import AvailableAgents
from tests.store.conftest import Store

DEMO = AgentInfo(
    name="demo",
    kind=BackendKind.ACP_WARM,
    label="Demo",
    installed=True,
    enabled=True,
    models=[AgentModel("m")],
    capabilities={"load": True},
)


async def test_a_probe_is_kept(store: Store) -> None:
    """And replaced by the next one."""
    agents = AvailableAgents(store.db)
    await agents.save(store.node_id, DEMO)
    found = await agents.get("demo")
    assert found.probed_at is not None
    assert msgspec.structs.replace(found, probed_at=None, node_id=None) == DEMO
    assert found.node_id == str(store.node_id)

    broken = msgspec.structs.replace(DEMO, installed=False, diagnostic="It\0 is not installed")
    await agents.save(str(store.node_id), broken)
    assert (await agents.get("demo")).diagnostic == "It� is not installed"
    with pytest.raises(NotFound):
        await agents.save(9999, DEMO)
    with pytest.raises(NotFound):
        await agents.get("nosuch")


async def test_what_a_person_switched_off_stays_off(store: Store) -> None:
    """The next probe does not switch it on."""
    agents = AvailableAgents(store.db)
    await agents.save(store.node_id, DEMO)
    await agents.set_enabled("demo", False)
    await agents.save(store.node_id, DEMO)
    assert not (await agents.get("demo")).enabled

    await agents.set_enabled("demo", True)
    assert (await agents.get("demo")).enabled
    with pytest.raises(NotFound):
        await agents.set_enabled("nosuch", True)


async def test_agents_belong_to_nodes(store: Store) -> None:
    """One that has it installed is preferred; what left the catalog is forgotten."""
    agents = AvailableAgents(store.db)
    other = await store.nodes.register("other", "host", 2, "0")
    await agents.save(store.node_id, DEMO)
    await agents.save(store.node_id, msgspec.structs.replace(DEMO, name="gone"))
    await agents.save(other, msgspec.structs.replace(DEMO, installed=False))

    assert (await agents.get("demo")).installed
    assert [found.name for found in await agents.list()] == ["demo", "demo", "gone"]
    await agents.keep_only(store.node_id, ["demo"])
    assert [found.name for found in await agents.list(store.node_id)] == ["demo"]
    await agents.keep_only(str(store.node_id), [])
    assert await agents.list(store.node_id) == []
    assert len(await agents.list(other)) == 1
