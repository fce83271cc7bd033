"""The agents of a node: looked up, switched off, probed."""

from pathlib import Path

import pytest

from roundhouse.agents.catalog import Catalog
from roundhouse.model.errors import AgentError
from roundhouse.model.task import FailureCode
from roundhouse.runner.roster import Roster
from roundhouse.store.agents import AvailableAgents
from roundhouse.store.database import Database
from tests.runner.echo import EchoBackend, spec


def roster_of(db: Database, node_id: int, tmp_path: Path, catalog: Catalog) -> Roster:
    """A roster whose catalog is given."""
    return Roster(
        lambda: catalog,
        AvailableAgents(db),
        node_id,
        lambda _: EchoBackend(),
        probe_dir=tmp_path / "probe",
    )


async def test_an_unknown_agent_says_where_to_add_it(
    db: Database, node_id: int, tmp_path: Path
) -> None:
    """The code is the one for what is not there; the remedy names the file."""
    roster = roster_of(db, node_id, tmp_path, Catalog({}, []))
    with pytest.raises(AgentError) as caught:
        await roster.spec("nobody")
    assert caught.value.failure is FailureCode.AGENT_NOT_INSTALLED
    assert "agents.toml" in (caught.value.remedy or "")


async def test_a_probed_agent_can_be_switched_off_by_a_person(
    db: Database, node_id: int, tmp_path: Path
) -> None:
    """It is known all the same, and probing again does not switch it on."""
    echo = spec()
    rows = AvailableAgents(db)
    roster = roster_of(db, node_id, tmp_path, Catalog({"echo": echo}, ["a problem"]))
    assert await roster.refresh() == 1
    assert [row.name for row in await rows.list(node_id)] == ["echo"]
    assert roster.problems == ["a problem"]
    assert await roster.spec("echo") == echo
    await rows.set_enabled("echo", enabled=False)
    await roster.refresh()
    with pytest.raises(AgentError):
        await roster.spec("echo")
    assert await roster.known("echo") == echo


async def test_a_refresh_forgets_what_left_the_catalog(
    db: Database, node_id: int, tmp_path: Path
) -> None:
    """Its row goes."""
    catalog = Catalog({"one": spec("one"), "two": spec("two")}, [])
    roster = roster_of(db, node_id, tmp_path, catalog)
    await roster.refresh()
    del catalog.agents["one"]
    await roster.refresh()
    assert "one" not in [row.name for row in await AvailableAgents(db).list(node_id)]
