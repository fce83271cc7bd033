"""The real opencode, driven through the backend, with the scripted model behind it.

What every backend must do is in the conformance suite; here is what is opencode's own.
"""

import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest
from msgspec import Struct

from roundhouse.agents.backend import LinkBlock, Prompt, SessionHandle, TextBlock
from roundhouse.agents.opencode.backend import OpenCodeServerBackend
from roundhouse.model.errors import AgentError
from roundhouse.model.event import (
    Activity,
    EventBody,
    Plan,
    Reasoning,
    Text,
    ToolCall,
    ToolTerminal,
    ToolUpdate,
)
from roundhouse.model.permission import PermissionAnswer, PermissionAsk
from roundhouse.model.session import Continuity
from roundhouse.model.task import FailureCode
from tests.agents.opencode.bench import DEADLINE, backend_on, turn, wanted
from tests.conformance.witness import Witness, allow
from tests.e2e.agents import installed, real
from tests.model_server.process import Model, running_model

pytestmark = pytest.mark.skipif(not installed(), reason="run tests/agents-package/install.sh first")


class Real(Struct, frozen=True):
    """The real agent and its model."""

    backend: OpenCodeServerBackend
    model: Model


@pytest.fixture(scope="module")
async def agent(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Real]:
    """One backend for all these tests: opencode starts slowly, and is meant to be shared."""
    home = tmp_path_factory.mktemp("opencode")
    async with (
        running_model() as model,
        backend_on(real("opencode", home, model.url).spec) as backend,
    ):
        yield Real(backend, model)


@pytest.fixture
def worktree(tmp_path: Path) -> Path:
    """A repository of the test's own."""
    where = tmp_path / "tree"
    where.mkdir()
    author = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    for command in (
        ["init", "-q", "-b", "main"],
        [*author, "commit", "-q", "--allow-empty", "-m", "first"],
    ):
        subprocess.run(["git", *command], cwd=where, check=True)
    return where


async def opened(agent: Real, cwd: Path, known: str | None = None) -> SessionHandle:
    """A conversation."""
    with anyio.fail_after(DEADLINE):
        return await agent.backend.ensure_session(wanted(cwd, known))


async def test_a_turn_tells_everything_once_and_in_order(agent: Real, worktree: Path) -> None:
    """Thinking, a tool with its output, the text after it; and what all of it used."""
    handle = await opened(agent, worktree)
    seen = Witness()

    result = await turn(
        agent.backend, handle, "THINK well now\nSAY first\nSHELL echo shelled\nSAY last", seen
    )

    assert seen.thoughts == "well now "
    assert seen.text == "firstlast"
    (call,) = seen.of(ToolCall)
    assert (call.title, call.kind) == ("bash", "execute")
    updates = [news for news in seen.of(ToolUpdate) if news.id == call.id]
    assert updates[-1].status == "completed"
    output = [it for news in updates for it in news.content or [] if isinstance(it, ToolTerminal)]
    assert "".join(it.output for it in output) == "shelled\n"
    assert output[-1].exit_code == 0
    order = [type(body) for body in seen.events if isinstance(body, Reasoning | ToolCall | Text)]
    assert order[0] is Reasoning
    assert order.index(ToolCall) > order.index(Text)
    asked = [e for e in await agent.model.log() if "echo shelled" in e["prompt"] and e["tools"]]
    assert len(asked) == 2
    assert result.usage is not None
    assert result.usage.tokens_in == sum(entry["tokens_in"] for entry in asked)
    assert result.usage.tokens_out == sum(entry["tokens_out"] for entry in asked)
    assert result.usage.cost_usd
    assert result.usage.context_size == 200000


async def test_the_usage_of_a_turn_is_only_its_own(agent: Real, worktree: Path) -> None:
    """The second turn does not count the first again."""
    handle = await opened(agent, worktree)
    await turn(agent.backend, handle, "SAY one two three four", Witness())

    result = await turn(agent.backend, handle, "SAY one", Witness())

    assert result.usage is not None
    assert result.usage.tokens_out == 1


async def test_always_is_asked_again(agent: Real, worktree: Path) -> None:
    """Remembering is ours: opencode's own grant would hold in every worktree of the repository."""

    def always(ask: PermissionAsk) -> PermissionAnswer:
        return PermissionAnswer(option_id="always")

    handle = await opened(agent, worktree)
    seen = Witness(always)

    await turn(agent.backend, handle, "WRITE a.txt one\nWRITE b.txt two", seen)

    assert [ask.detail["pattern"] for ask in seen.asks] == ["a.txt", "b.txt"]
    assert [ask.tool_call_id for ask in seen.asks] == [call.id for call in seen.of(ToolCall)]
    assert (worktree / "b.txt").read_text() == "two"


async def test_a_reason_lets_the_model_go_on(agent: Real, worktree: Path) -> None:
    """A rejection with a message is told to the model; without one the turn would end."""

    def no(ask: PermissionAsk) -> PermissionAnswer:
        return PermissionAnswer(option_id="reject", message="write elsewhere")

    handle = await opened(agent, worktree)
    seen = Witness(no)

    result = await turn(agent.backend, handle, "WRITE a.txt one\nSAY understood", seen)

    assert result.stop == "end_turn"
    assert seen.text == "understood"
    assert not (worktree / "a.txt").exists()


async def test_a_question_is_answered(agent: Real, worktree: Path) -> None:
    """The person's choice reaches the model."""

    def blue(ask: PermissionAsk) -> PermissionAnswer:
        return PermissionAnswer(answers=[["blue"]])

    handle = await opened(agent, worktree)
    seen = Witness(blue)

    await turn(agent.backend, handle, "ASK which colour?", seen)

    assert seen.asks[0].kind == "question"
    assert seen.asks[0].questions[0].question == "which colour?"
    assert '"which colour?"="blue"' in seen.text


async def test_todos_become_the_plan(agent: Real, worktree: Path) -> None:
    """As the agent's own list changes."""
    handle = await opened(agent, worktree)
    seen = Witness()

    await turn(agent.backend, handle, "TODO buy milk", seen)

    assert [entry.content for entry in seen.of(Plan)[-1].entries] == ["buy milk"]


async def test_a_refusing_provider_is_waited_for_and_shown(agent: Real, worktree: Path) -> None:
    """The reason is an activity; then the turn goes on."""
    handle = await opened(agent, worktree)
    seen = Witness()

    await turn(agent.backend, handle, "FAIL 429 1\nSAY at last", seen)

    assert any("scripted failure 429" in news.text for news in seen.of(Activity))
    assert seen.text == "at last"


async def test_a_turn_can_be_cancelled_while_the_provider_refuses(
    agent: Real, worktree: Path
) -> None:
    """Opencode would try for ever; the conversation stays usable."""
    handle = await opened(agent, worktree)
    await cancelled(agent, handle, "FAIL 500", lambda seen: seen.of(Activity))

    after = Witness()
    await turn(agent.backend, handle, "SAY on", after)

    assert after.text == "on"


async def cancelled(agent: Real, handle: SessionHandle, text: str, when: object) -> Witness:
    """A turn that is cancelled when its witness has seen enough."""
    seen = Witness()
    scope = anyio.CancelScope()

    async def run() -> None:
        with scope:
            await agent.backend.prompt(handle, Prompt(blocks=[TextBlock(text)]), seen.sink)

    with anyio.fail_after(DEADLINE):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(run)
            await seen.until(when)  # type: ignore[arg-type]
            scope.cancel()
    return seen


async def test_a_cancel_reaches_the_model_and_never_ends_the_next_turn(
    agent: Real, worktree: Path
) -> None:
    """Opencode says idle twice after an abort, the second time late: three times in a row that is no end."""
    handle = await opened(agent, worktree)
    for number in range(3):
        await cancelled(agent, handle, f"SLOW 10{number}", lambda seen: seen.of(Text))
        after = Witness()
        await turn(agent.backend, handle, f"SAY whole answer {number}", after)
        assert after.text == f"whole answer {number}"

    assert agent.backend.health(handle).alive
    left = await agent.model.wait(prompt="SLOW 102", state="left")
    assert left["dialect"] == "chat"


async def test_a_command_of_the_repository_runs(agent: Real, worktree: Path) -> None:
    """A slash command is run by opencode, with what stands before it told first."""
    folder = worktree / ".opencode" / "command"
    folder.mkdir(parents=True)
    (folder / "greet.md").write_text("---\ndescription: Greets\n---\nSAY hello $ARGUMENTS\n")
    told: list[EventBody] = []

    async def hear(body: EventBody) -> None:
        told.append(body)

    spec = wanted(worktree)
    with anyio.fail_after(DEADLINE):
        handle = await agent.backend.ensure_session(
            type(spec)(session_id="s", agent=spec.agent, cwd=spec.cwd, emit=hear)
        )
        seen = Witness()
        prompt = Prompt(blocks=[TextBlock("REMEMBER before\n"), TextBlock("/greet big world")])
        await agent.backend.prompt(handle, prompt, seen.sink)
    after = Witness()
    await turn(agent.backend, handle, "RECALL", after)

    assert "greet" in [command.name for body in told for command in getattr(body, "commands", [])]
    assert seen.text == "hello big world"
    assert after.text == "RECALLED before"


async def test_a_linked_file_reaches_the_model(agent: Real, worktree: Path) -> None:
    """Opencode reads it and puts it beside the prompt."""
    (worktree / "note.txt").write_text("SAY from the file\n")
    handle = await opened(agent, worktree)
    seen = Witness()

    with anyio.fail_after(DEADLINE):
        prompt = Prompt(blocks=[LinkBlock(path="note.txt"), TextBlock("what does it say?")])
        result = await agent.backend.prompt(handle, prompt, seen.sink)

    assert result.stop == "end_turn"
    entries = [e for e in await agent.model.log() if "what does it say?" in e["prompt"]]
    assert any("from the file" in entry["prompt"] for entry in entries)


@pytest.mark.parametrize(
    ("script", "failure"),
    [("FAIL 401", FailureCode.AUTH_REQUIRED), ("FAIL 400", FailureCode.AGENT_ERROR)],
)
async def test_a_refusal_has_its_code(
    agent: Real, worktree: Path, script: str, failure: FailureCode
) -> None:
    """And the provider's own words."""
    handle = await opened(agent, worktree)

    with pytest.raises(AgentError, match="scripted failure") as failed:
        await turn(agent.backend, handle, script, Witness())

    assert failed.value.failure is failure


async def test_two_worktrees_work_at_the_same_time(
    agent: Real, worktree: Path, tmp_path: Path
) -> None:
    """One server, two conversations: each in its own folder, with its own memory and its own events."""
    other = tmp_path / "other"
    await anyio.run_process(["git", "worktree", "add", "-q", str(other)], cwd=worktree)
    first, second = await opened(agent, worktree), await opened(agent, other)
    heard = {"one": Witness(allow), "two": Witness(allow)}

    async def work(handle: SessionHandle, word: str) -> None:
        script = f"REMEMBER {word}\nWRITE mine.txt {word}\nSHELL pwd"
        await turn(agent.backend, handle, script, heard[word])
        await turn(agent.backend, handle, "RECALL", heard[word])

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(work, first, "one")
        tasks.start_soon(work, second, "two")

    assert first.pid == second.pid
    assert (worktree / "mine.txt").read_text() == "one"
    assert (other / "mine.txt").read_text() == "two"
    assert heard["one"].text == f"REMEMBERED oneDONE {worktree}RECALLED one"
    assert heard["two"].text == f"REMEMBERED twoDONE {other}RECALLED two"


async def test_a_conversation_of_another_folder_is_not_gone_on_with(
    agent: Real, worktree: Path, tmp_path: Path
) -> None:
    """Opencode would work in the old folder; a new one begins, and the reason is said."""
    handle = await opened(agent, worktree)

    moved = await opened(agent, tmp_path, handle.agent_session_id)

    assert moved.continuity is Continuity.FRESH
    assert str(worktree) in (moved.reason or "")


async def test_a_conversation_opened_again_is_resumed(agent: Real, worktree: Path) -> None:
    """The id stays valid on the same server."""
    handle = await opened(agent, worktree)
    await turn(agent.backend, handle, "REMEMBER the plum", Witness())

    again = await opened(agent, worktree, handle.agent_session_id)
    seen = Witness()
    await turn(agent.backend, again, "RECALL", seen)

    assert again.continuity is Continuity.RESUMED
    assert again.agent_session_id == handle.agent_session_id
    assert seen.text == "RECALLED the plum"
