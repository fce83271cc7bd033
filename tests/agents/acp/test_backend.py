"""What WarmAcpBackend does beyond the conformance suite, with the demo agent and with awkward ones."""

import os
import sys
import time
from pathlib import Path
from typing import Any

import anyio
import msgspec
import pytest

from roundhouse.agents.acp.backend import WarmAcpBackend
from roundhouse.agents.acp.conversation import AcpHandle
from roundhouse.agents.backend import Prompt, SessionSpec, TextBlock, TurnResult
from roundhouse.model.agent import AgentSpec
from roundhouse.model.errors import AgentError
from roundhouse.model.event import (
    Activity,
    AgentCrashed,
    Commands,
    EventBody,
    Mode,
    Plan,
    Raw,
    Text,
    ToolTerminal,
    ToolUpdate,
    UsageReport,
)
from roundhouse.model.permission import PermissionAnswer, PermissionAsk
from roundhouse.model.session import Continuity
from roundhouse.model.task import FailureCode
from tests.conformance.backends_acp import demo_spec, warm_backend
from tests.conformance.witness import Witness, say

DEADLINE = 60
MARKER = f"backend-test-{os.getpid()}"
"""One a worker: the end of a guard sweeps all that carries its marker."""


def awkward(code: str) -> AgentSpec:
    """An agent of a few lines: `code` runs after the definitions of `read` and `send`."""
    prelude = """
import json, sys
def send(**message):
    print(json.dumps({"jsonrpc": "2.0", **message}), flush=True)
def read(method):
    message = json.loads(sys.stdin.readline())
    assert message["method"] == method, message
    return message
def serve(method, result):
    message = read(method)
    send(id=message["id"], result=result)
    return message
"""
    spec = demo_spec(Path("/nonexistent"))
    command = [sys.executable, "-S", "-c", prelude + code]
    return msgspec.structs.replace(spec, command=command, label="Awkward", env={})


class Stage:
    """A backend with one conversation."""

    def __init__(self, backend: WarmAcpBackend, spec: AgentSpec, cwd: Path) -> None:
        self.backend = backend
        self.spec = spec
        self.cwd = cwd
        self.outside = Witness()

    def wanted(self, **changes: Any) -> SessionSpec:
        """The conversation."""
        return SessionSpec(
            session_id="s", agent=self.spec, cwd=str(self.cwd), emit=self.outside.emit, **changes
        )

    async def start(self, **changes: Any) -> AcpHandle:
        """Begin it."""
        handle = await self.backend.ensure_session(self.wanted(**changes))
        assert isinstance(handle, AcpHandle)
        return handle

    async def turn(self, handle: AcpHandle, text: str, witness: Witness | None = None) -> Witness:
        """One turn."""
        seen = witness or Witness()
        await self.backend.prompt(handle, say(text), seen.sink)
        return seen


async def staged(spec: AgentSpec, cwd: Path, play: Any) -> None:
    """Play on a stage, bounded."""
    with anyio.fail_after(DEADLINE):
        async with warm_backend(spec, MARKER) as backend:
            await play(Stage(backend, spec, cwd))


async def test_garbage_does_not_end_the_turn(tmp_path: Path) -> None:
    """Broken lines are skipped, nearly right ones are read, unknown ones are kept."""

    async def play(stage: Stage) -> None:
        seen = await stage.turn(await stage.start(), "GARBAGE")

        assert "halves" in seen.text
        assert "\ufffd\ufffd" in seen.text
        assert seen.text.endswith("still here")
        assert Raw(source="acp", value=[1]) in seen.events

    await staged(demo_spec(tmp_path), tmp_path, play)


async def test_a_flood_arrives_whole_and_in_time_for_the_end(tmp_path: Path) -> None:
    """Every update, before `prompt` returns."""

    async def play(stage: Stage) -> None:
        seen = await stage.turn(await stage.start(), "FLOOD 20000\nHUGE 3000000\nSTDERR 1000000")

        assert seen.text == "x" * 20000 + "h" * 3_000_000 + "wrote to stderr"

    await staged(demo_spec(tmp_path), tmp_path, play)


async def test_what_is_not_known_is_kept_and_refused(tmp_path: Path) -> None:
    """An update becomes raw, a request is answered -32601."""

    async def play(stage: Stage) -> None:
        seen = await stage.turn(await stage.start(), "UNKNOWN 42")

        assert Raw(source="acp", value={"sessionUpdate": "brand_new", "value": "42"}) in seen.events
        assert seen.text == "-32601"

    await staged(demo_spec(tmp_path), tmp_path, play)


async def test_usage_plan_mode_and_commands_are_events(tmp_path: Path) -> None:
    """Commands come outside of the turn; the result has the turn's own usage."""

    async def play(stage: Stage) -> None:
        handle = await stage.start()
        await stage.outside.until(lambda w: w.of(Commands))
        await stage.turn(handle, "SAY one")
        seen = Witness()
        result = await stage.backend.prompt(handle, say("PLAN a;b\nMODE auto\nWHICH"), seen.sink)

        assert result.usage is not None
        assert result.usage.cost_usd == pytest.approx(0.01)
        assert result.usage.context_size == 100_000
        assert result.usage.tokens_out
        assert [report.cost_usd for report in seen.of(UsageReport)] == [pytest.approx(0.01)]
        assert [entry.content for entry in seen.of(Plan)[0].entries] == ["a", "b"]
        assert seen.of(Mode) == [Mode(mode="auto")]
        assert seen.text == "demo-small auto"

    await staged(demo_spec(tmp_path), tmp_path, play)


@pytest.mark.parametrize("form", [{}, {"DEMO_OPTIONS": "1"}], ids=["methods", "options"])
async def test_model_and_mode_reach_the_agent(tmp_path: Path, form: dict[str, str]) -> None:
    """In the form the agent offers, and only when they differ; they stay until changed."""

    async def play(stage: Stage) -> None:
        handle = await stage.start()
        seen = Witness()
        prompt = say("WHICH", model="demo-large", mode="auto")
        await stage.backend.prompt(handle, prompt, seen.sink)

        assert seen.text == "demo-large auto"
        assert (await stage.turn(handle, "WHICH")).text == "demo-large auto"

    await staged(demo_spec(tmp_path, **form), tmp_path, play)


async def test_a_default_mode_is_set_on_new_conversations_only(tmp_path: Path) -> None:
    """A resumed one keeps what the person chose."""
    spec = msgspec.structs.replace(demo_spec(tmp_path), default_mode="auto")

    async def play(stage: Stage) -> None:
        new = await stage.start()
        resumed = await stage.start(agent_session_id=new.agent_session_id)

        assert (await stage.turn(new, "WHICH")).text == "demo-small auto"
        assert (await stage.turn(resumed, "WHICH")).text == "demo-small ask"

    await staged(spec, tmp_path, play)


async def test_a_default_mode_that_is_refused_is_told(tmp_path: Path) -> None:
    """The conversation works, and a person knows."""
    spec = msgspec.structs.replace(demo_spec(tmp_path), default_mode="nonsense")

    async def play(stage: Stage) -> None:
        handle = await stage.start()

        assert "nonsense" in stage.outside.of(Activity)[0].text
        assert (await stage.turn(handle, "SAY on")).text == "on"

    await staged(spec, tmp_path, play)


async def test_a_replay_is_no_news(tmp_path: Path) -> None:
    """Loaded history is not said again; what follows the answer is."""
    spec = demo_spec(tmp_path, DEMO_RESUME="0")

    async def play(stage: Stage) -> None:
        first = await stage.start()
        await stage.turn(first, "SAY old words")
        stage.outside = Witness()

        again = await stage.start(agent_session_id=first.agent_session_id)
        await stage.outside.until(lambda w: w.of(Commands))

        assert again.continuity is Continuity.RESUMED
        assert [type(event) for event in stage.outside.events] == [Commands]

    await staged(spec, tmp_path, play)


@pytest.mark.parametrize(
    ("env", "told"),
    [
        ({"DEMO_RESUME": "0", "DEMO_LOAD": "0"}, "cannot take up an earlier conversation"),
        ({}, "no conversation demo_gone"),
    ],
)
async def test_a_lost_memory_has_a_reason(tmp_path: Path, env: dict[str, str], told: str) -> None:
    """One sentence, and a fresh conversation in the same process."""

    async def play(stage: Stage) -> None:
        handle = await stage.start(agent_session_id="demo_gone")

        assert handle.continuity is Continuity.FRESH
        assert told in (handle.reason or "")
        assert (handle.reason or "").count(". ") == 0

    await staged(demo_spec(tmp_path, **env), tmp_path, play)


async def test_load_is_tried_when_resume_fails(tmp_path: Path) -> None:
    """Two ways to the memory."""
    code = """
serve("initialize", {"protocolVersion": 1, "agentCapabilities":
      {"loadSession": True, "sessionCapabilities": {"resume": {}}}})
send(id=read("session/resume")["id"], error={"code": -32601, "message": "not really"})
serve("session/load", None)
sys.stdin.read()
"""

    async def play(stage: Stage) -> None:
        handle = await stage.start(agent_session_id="s1")

        assert handle.continuity is Continuity.RESUMED
        assert handle.agent_session_id == "s1"
        assert handle.reason is None

    await staged(awkward(code), tmp_path, play)


async def test_a_conversation_too_young_to_load_is_waited_for(tmp_path: Path) -> None:
    """Loading it at once would destroy it; the person is told why it takes long."""
    spec = msgspec.structs.replace(demo_spec(tmp_path), resume_delay=1.0)

    async def play(stage: Stage) -> None:
        first = await stage.start()
        again = await stage.start(agent_session_id=first.agent_session_id, made_at=time.time())

        assert again.continuity is Continuity.RESUMED
        assert "again in" in stage.outside.of(Activity)[0].text

    await staged(spec, tmp_path, play)


@pytest.mark.parametrize(
    ("code", "failure", "told"),
    [
        ("sys.exit('no licence')", FailureCode.AGENT_START_FAILED, "no licence"),
        (
            'send(id=read("initialize")["id"], error={"code": -32603, "message": "bad config"})',
            FailureCode.AGENT_START_FAILED,
            "bad config",
        ),
        (
            'serve("initialize", {"protocolVersion": 2})',
            FailureCode.AGENT_START_FAILED,
            "version 2",
        ),
        (
            'serve("initialize", {}); serve("session/new", {})',
            FailureCode.AGENT_START_FAILED,
            "no name",
        ),
        (
            """
serve("initialize", {})
send(id=read("session/new")["id"], error={"code": -32000, "message": "log in"})
""",
            FailureCode.AUTH_REQUIRED,
            "log in",
        ),
    ],
    ids=["dies", "refuses", "other-version", "nameless", "login"],
)
async def test_a_failed_start_says_why(
    tmp_path: Path, code: str, failure: FailureCode, told: str
) -> None:
    """With its code, and no process left."""

    async def play(stage: Stage) -> None:
        with pytest.raises(AgentError, match=told) as caught:
            await stage.start()
        assert caught.value.failure is failure

    await staged(awkward(code), tmp_path, play)


async def test_a_missing_agent_says_how_to_get_it(tmp_path: Path) -> None:
    """The hint is the remedy."""
    spec = msgspec.structs.replace(
        demo_spec(tmp_path), command=["no-such-agent"], install_hint="npm install -g it"
    )

    async def play(stage: Stage) -> None:
        with pytest.raises(AgentError) as caught:
            await stage.start()
        assert caught.value.failure is FailureCode.AGENT_NOT_INSTALLED
        assert caught.value.remedy == "Run npm install -g it"

    await staged(spec, tmp_path, play)


async def test_a_start_can_be_cancelled(tmp_path: Path) -> None:
    """The child is gone afterwards, which the backend's end proves."""

    async def play(stage: Stage) -> None:
        with anyio.move_on_after(0.2) as scope:
            await stage.start()
        assert scope.cancelled_caught

    await staged(awkward("sys.stdin.read()"), tmp_path, play)


async def test_questions_are_asked_and_answered(tmp_path: Path) -> None:
    """With choices, and the answer comes to the agent."""

    def blue(ask: PermissionAsk) -> PermissionAnswer:
        assert ask.kind == "question"
        assert ask.questions[0].choices == ["red", "blue"]
        return PermissionAnswer(answers=[["blue"]])

    async def play(stage: Stage) -> None:
        seen = await stage.turn(await stage.start(), "ASK Which one?", Witness(blue))

        assert seen.text == "You answered blue."

    await staged(demo_spec(tmp_path), tmp_path, play)


async def test_a_tool_known_only_by_its_permission_is_shown(tmp_path: Path) -> None:
    """Gemini announces it nowhere else."""
    code = """
serve("initialize", {})
serve("session/new", {"sessionId": "s1"})
ask = read("session/prompt")
send(id="p", method="session/request_permission", params={"sessionId": "s1",
     "toolCall": {"toolCallId": "c", "title": "Write", "kind": "edit"},
     "options": [{"optionId": "y", "name": "Yes", "kind": "allow_once"}]})
answer = json.loads(sys.stdin.readline())
assert answer["result"] == {"outcome": {"outcome": "selected", "optionId": "y"}}, answer
send(id=ask["id"], result={"stopReason": "end_turn"})
sys.stdin.read()
"""

    async def play(stage: Stage) -> None:
        seen = await stage.turn(await stage.start(), "go")

        assert [getattr(event, "title", None) for event in seen.events] == ["Write"]

    await staged(awkward(code), tmp_path, play)


async def test_a_permission_outside_of_a_turn_is_cancelled(tmp_path: Path) -> None:
    """There is nobody to ask."""
    code = """
serve("initialize", {})
serve("session/new", {"sessionId": "s1"})
send(id="p", method="session/request_permission", params={"sessionId": "s1"})
assert json.loads(sys.stdin.readline())["result"] == {"outcome": {"outcome": "cancelled"}}
send(method="session/update", params={"sessionId": "s1", "update":
     {"sessionUpdate": "current_mode_update", "currentModeId": "sad"}})
send(method="agent/hello", params={"x": 1})
sys.stdin.read()
"""

    async def play(stage: Stage) -> None:
        await stage.start()
        await stage.outside.until(lambda w: w.of(Raw))

        hello = {"method": "agent/hello", "params": {"x": 1}}
        assert stage.outside.events == [Mode(mode="sad"), Raw(source="acp", value=hello)]

    await staged(awkward(code), tmp_path, play)


async def test_files_and_terminals_are_served(tmp_path: Path) -> None:
    """A command's output is shown with the tool call it belongs to."""

    async def play(stage: Stage) -> None:
        handle = await stage.start()
        seen = await stage.turn(handle, "SAVE b.txt kept\nREAD b.txt\nTERMINAL echo out; exit 2")

        assert seen.text == "savedkept2 out\n"
        shown = [
            c for u in seen.of(ToolUpdate) for c in u.content or [] if isinstance(c, ToolTerminal)
        ]
        assert [(t.output, t.exit_code) for t in shown if t.whole] == [("out\n", 2)]

    await staged(demo_spec(tmp_path / "home"), tmp_path, play)


async def test_methods_that_were_not_offered_are_refused(tmp_path: Path) -> None:
    """An agent that asks all the same gets -32601."""
    spec = msgspec.structs.replace(demo_spec(tmp_path), offer_fs=False, offer_terminal=False)

    async def play(stage: Stage) -> None:
        seen = await stage.turn(await stage.start(), "READ x\nTERMINAL ls")

        assert seen.text == "-32601-32601"

    await staged(spec, tmp_path, play)


async def test_the_environment_is_scrubbed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And references are filled."""
    monkeypatch.setenv("ROUNDHOUSE_TOKEN", "secret")
    monkeypatch.setenv("MY_KEY", "k1")

    async def play(stage: Stage) -> None:
        seen = await stage.turn(await stage.start(), "ENV ROUNDHOUSE_TOKEN\nENV KEY")

        assert seen.text == "unsetk1"

    await staged(demo_spec(tmp_path, KEY="{env:MY_KEY}"), tmp_path, play)


@pytest.mark.parametrize(
    ("word", "failure"),
    [
        ("FAIL -32603 429 Too Many Requests", FailureCode.RATE_LIMITED),
        ("FAIL -32603 context length exceeded", FailureCode.CONTEXT_EXCEEDED),
        ("FAIL -32000 log in first", FailureCode.AUTH_REQUIRED),
        ("FAIL 400 bad request", FailureCode.AGENT_ERROR),
    ],
)
async def test_failed_turns_have_codes(tmp_path: Path, word: str, failure: FailureCode) -> None:
    """And the conversation stays warm."""

    async def play(stage: Stage) -> None:
        handle = await stage.start()
        with pytest.raises(AgentError) as caught:
            await stage.turn(handle, word)

        assert caught.value.failure is failure
        assert stage.backend.health(handle).alive

    await staged(demo_spec(tmp_path), tmp_path, play)


async def test_a_refusal_is_a_result(tmp_path: Path) -> None:
    """The agent's own end, not an error."""

    async def play(stage: Stage) -> None:
        handle = await stage.start()
        result = await stage.backend.prompt(handle, say("REFUSE"), Witness().sink)

        assert result == TurnResult(stop="refused", usage=None)

    await staged(demo_spec(tmp_path), tmp_path, play)


async def test_a_turn_without_a_word_is_not_silent(tmp_path: Path) -> None:
    """Some agents swallow their model's errors."""

    async def play(stage: Stage) -> None:
        seen = await stage.turn(await stage.start(), "SAY ")
        empty = await stage.turn(await stage.start(), "MODE auto")

        assert seen.of(Activity) == []
        assert "without an answer" in empty.of(Activity)[0].text

    await staged(demo_spec(tmp_path), tmp_path, play)


async def test_an_agent_that_leaves_in_mid_turn_crashed(tmp_path: Path) -> None:
    """Exit code 0 is no excuse; a second prompt says so without starting anything."""

    async def play(stage: Stage) -> None:
        handle = await stage.start()
        seen = Witness()
        for _ in range(2):
            with pytest.raises(AgentError) as caught:
                await stage.turn(handle, "SAY bye\nEXIT", seen)
            assert caught.value.failure is FailureCode.AGENT_CRASHED

        assert seen.text == "bye"
        assert [crash.exit_code for crash in seen.of(AgentCrashed)] == [0, 0]
        assert stage.backend.health(handle).failure is FailureCode.AGENT_CRASHED

    await staged(demo_spec(tmp_path), tmp_path, play)


async def test_closing_in_mid_turn_is_no_crash(tmp_path: Path) -> None:
    """We did it ourselves."""

    async def play(stage: Stage) -> None:
        handle = await stage.start()
        seen = Witness()

        async def run() -> None:
            with pytest.raises(AgentError, match="was stopped"):
                await stage.turn(handle, "HANG", seen)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(run)
            await seen.until(lambda w: w.of(Text))
            await stage.backend.close_session(handle)

        assert seen.of(AgentCrashed) == []

    await staged(demo_spec(tmp_path), tmp_path, play)


async def test_two_turns_at_once_are_refused(tmp_path: Path) -> None:
    """Every agent reacts differently to that, so none gets to see it."""

    async def play(stage: Stage) -> None:
        handle = await stage.start()
        seen = Witness()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(stage.turn, handle, "SLOW 10", seen)
            await seen.until(lambda w: w.of(Text))
            with pytest.raises(AgentError, match="still busy"):
                await stage.turn(handle, "SAY second")

        assert seen.text.endswith("9 ")

    await staged(demo_spec(tmp_path), tmp_path, play)


async def test_an_event_that_cannot_be_taken_fails_the_turn_and_not_the_agent(
    tmp_path: Path,
) -> None:
    """The fault is ours, the process is fine."""

    async def play(stage: Stage) -> None:
        handle = await stage.start()
        seen = Witness()

        async def broken(body: EventBody) -> None:
            raise ValueError("no room")

        sink = msgspec.structs.replace(seen.sink, emit=broken)
        with pytest.raises(ValueError, match="no room"):
            await stage.backend.prompt(handle, Prompt(blocks=[TextBlock("SAY x")]), sink)

        assert (await stage.turn(handle, "SAY on")).text == "on"

    await staged(demo_spec(tmp_path), tmp_path, play)


async def test_another_backends_handle_is_refused(tmp_path: Path) -> None:
    """A mistake in our own code, told as such."""

    async def play(stage: Stage) -> None:
        with pytest.raises(TypeError):
            stage.backend.health(object())  # type: ignore[arg-type]

    await staged(demo_spec(tmp_path), tmp_path, play)
