"""The main job with real agents: warm turns, switches and restarts, in whole stacks with the scripted model behind."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.e2e.agents import Real, agents_toml, installed, real
from tests.e2e.stack import Json, Stack, git
from tests.model_server.process import Model, running_model

AGENTS = ("opencode", "goose", "qwen", "claude")
SLOW = 180.0
"""Seconds for a cold start of a real agent on two busy cores."""
pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
async def model() -> AsyncIterator[Model]:
    """The scripted model."""
    assert installed(), "the real agents are missing; run tests/agents-package/install.sh"
    async with running_model() as running:
        yield running


@pytest.fixture(scope="module")
async def house(model: Model, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """A Roundhouse whose catalog has the real agents, each with a home of its own; it may allow all they ask."""
    folder = tmp_path_factory.mktemp("house")
    data = folder / "data"
    data.mkdir(mode=0o700)
    agents: dict[str, Real] = {
        name: real(name, folder / "homes" / name, model.url) for name in AGENTS
    }
    (data / "agents.toml").write_text(agents_toml(agents))
    async with Stack.running(data) as running:
        await running.call(
            "POST", "/api/permission-rules", scope="global", matcher="*", decision="allow"
        )
        yield running


async def ask(house: Stack, session: str, agent: str, text: str) -> str:
    """One completed turn's answer."""
    task = await house.send(session, agent, text)
    ended = await house.ended(session, task["id"], deadline=SLOW)
    assert ended["status"] == "completed", ended
    return await house.text_of(session, ended["id"])


async def readies(house: Stack, session: str, agent: str) -> list[Json]:
    """How the agent came to be ready, turn by turn."""
    return [
        e for e in await house.events(session) if e["type"] == "agent_ready" and e["agent"] == agent
    ]


@pytest.mark.parametrize("agent", AGENTS)
async def test_the_second_turn_runs_warm_and_remembers(
    house: Stack, repo: Path, agent: str
) -> None:
    """Same process, same conversation, text once."""
    session = (await house.session(repo))["id"]
    await ask(house, session, agent, "REMEMBER blue\nSAY noted")
    answer = await ask(house, session, agent, "RECALL")
    first, second = await readies(house, session, agent)

    assert answer.count("blue") == 1
    assert (first["continuity"], second["continuity"]) == ("fresh", "continued")
    assert (first["warm"], second["warm"]) == (False, True)
    assert first["pid"] == second["pid"]


@pytest.mark.parametrize("other", ["goose", "qwen", "claude"])
async def test_a_switch_keeps_both_memories_and_tells_what_happened(
    house: Stack, model: Model, repo: Path, other: str
) -> None:
    """opencode writes a file, the other agent is told, and each still knows its own."""
    session = (await house.session(repo))["id"]
    await ask(house, session, "opencode", "REMEMBER red\nWRITE made.txt by-opencode\nSAY wrote")
    await house.settled(session)
    await ask(house, session, other, "REMEMBER green\nSAY hello")
    told = [e for e in await house.events(session) if e["type"] == "handover"]
    seen = await model.wait(prompt="made.txt")
    first = await ask(house, session, "opencode", "RECALL")
    second = await ask(house, session, other, "RECALL")

    assert told[0]["agent"] == other
    assert "made.txt" in told[0]["text"]
    assert "opencode" in told[0]["text"]
    assert seen
    assert "red" in first
    assert "green" in second
    assert [e["continuity"] for e in await readies(house, session, "opencode")] == [
        "fresh",
        "continued",
    ]
    state = await house.settled(session)
    assert git(Path(state["worktree_path"]), "status", "--porcelain").split() == ["??", "made.txt"]
    changed = await house.call("GET", f"/api/sessions/{session}/changes")
    assert [(f["path"], [a["name"] for a in f["agents"]]) for f in changed["files"]] == [
        ("made.txt", ["opencode"])
    ]


async def test_after_a_full_stop_every_agent_goes_on(house: Stack, repo: Path) -> None:
    """Each of them remembers over a restart of everything and says that it was resumed."""
    sessions = {agent: (await house.session(repo))["id"] for agent in AGENTS}
    for agent, session in sessions.items():
        await ask(house, session, agent, f"REMEMBER word-of-{agent}\nSAY noted")
        await house.settled(session)
    assert await house.stop() == 0
    await house.start()
    for agent, session in sessions.items():
        assert f"word-of-{agent}" in await ask(house, session, agent, "RECALL"), agent
        assert [e["continuity"] for e in await readies(house, session, agent)] == [
            "fresh",
            "resumed",
        ], agent


async def test_a_rewind_takes_a_conversation_along_where_the_agent_can(
    house: Stack, repo: Path
) -> None:
    """opencode forgets what came later; goose keeps it, since ACP knows no way back; the files go back for both."""
    session = (await house.session(repo))["id"]
    first = await house.send(session, "opencode", "REMEMBER red\nWRITE made.txt one\nSAY wrote")
    assert (await house.ended(session, first["id"], deadline=SLOW))["status"] == "completed"
    await house.settled(session)
    await ask(house, session, "opencode", "REMEMBER blue\nWRITE made.txt two\nSAY wrote")
    await ask(house, session, "goose", "REMEMBER green\nSAY noted")
    state = await house.settled(session)
    done = await house.call(
        "POST", f"/api/sessions/{session}/rewind", task_id=first["id"], conversation=True
    )
    opencode = await ask(house, session, "opencode", "RECALL")
    goose = await ask(house, session, "goose", "RECALL")

    assert done["conversations"] == ["opencode"]
    assert (Path(state["worktree_path"]) / "made.txt").read_text().strip() == "one"
    assert "red" in opencode
    assert "blue" not in opencode
    assert "green" in goose
    assert [e["continuity"] for e in await readies(house, session, "opencode")] == [
        "fresh",
        "continued",
        "continued",
    ]
