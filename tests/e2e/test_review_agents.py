"""Two real agents change the same file in turns; the command line names the author of each line."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.e2e.agents import agents_toml, installed, real
from tests.e2e.stack import Json, Stack
from tests.e2e.work import Work
from tests.model_server.process import Model, running_model

OTHERS = ("goose", "claude")
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
    """A Roundhouse whose catalog has the real agents, which may do all they ask."""
    folder = tmp_path_factory.mktemp("house")
    data = folder / "data"
    data.mkdir(mode=0o700)
    names = ("opencode", *OTHERS)
    agents = {name: real(name, folder / "homes" / name, model.url) for name in names}
    (data / "agents.toml").write_text(agents_toml(agents))
    async with Stack.running(data) as running:
        await running.call(
            "POST", "/api/permission-rules", scope="global", matcher="*", decision="allow"
        )
        yield running


async def ask(work: Work, agent: str, text: str) -> Json:
    """One completed and settled turn."""
    task = await work.stack.send(work.id, agent, text)
    ended = await work.stack.ended(work.id, task["id"], deadline=SLOW)
    assert ended["status"] == "completed", ended
    await work.stack.settled(work.id)
    return ended


def edit(number: int, text: str) -> str:
    """The prompt that makes a real agent change one line by its own shell."""
    return f"SHELL sed -i '{number}s/.*/{text}/' list.txt\nSAY done"


@pytest.mark.parametrize("other", OTHERS)
async def test_each_line_has_its_author(house: Stack, repo: Path, other: str) -> None:
    """The same file in turns, the same line by both; what the person did is the person's."""
    work = await Work.begun(house, repo)
    first = await ask(work, "opencode", edit(3, "by opencode"))
    second = await ask(work, other, edit(4, f"by {other}") + "\n" + edit(40, "first"))
    place = (await work.worktree()) / "list.txt"
    place.write_text(place.read_text().replace("line 55\n", "by me\n"))
    third = await ask(work, "opencode", edit(40, "last by opencode"))

    assert await work.authors("list.txt") == [
        ("delete", "line 3", "opencode"),
        ("delete", "line 4", other),
        ("add", "by opencode", "opencode"),
        ("add", f"by {other}", other),
        ("delete", "line 40", other),
        ("add", "last by opencode", "opencode"),
        ("delete", "line 55", None),
        ("add", "by me", None),
    ]
    shown = (await work.cli("diff", work.id)).stdout
    assert f"{'opencode':8}  + by opencode" in shown
    assert f"{other:8}  + by {other}" in shown
    assert f"{'you':8}  + by me" in shown
    by_task = json.loads((await work.cli("diff", work.id, "-t", second["id"], "--json")).stdout)
    assert by_task["totals"]["additions"] == 1
    assert {first["id"], second["id"], third["id"]} == {
        line["task_id"]
        for hunk in (await work.changes())["files"][0]["hunks"]
        for line in hunk["lines"]
        if line["task_id"]
    }
    await work.cli("accept", work.id, "--agent", "opencode")
    left = await work.authors("list.txt")
    assert ("add", f"by {other}", other) in left
    await work.cli("apply", work.id)
    assert (repo / "list.txt").read_text() == place.read_text()
