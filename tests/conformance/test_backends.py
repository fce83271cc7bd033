"""What every AgentBackend promises, whichever agent is behind it."""

import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path

import anyio
import pytest

from roundhouse.agents.backend import CANCEL_GRACE, AgentBackend, SessionHandle, TurnResult
from roundhouse.model.errors import AgentError
from roundhouse.model.event import AgentCrashed, EventBody, Text, ToolCall
from roundhouse.model.session import Continuity
from roundhouse.model.task import FailureCode
from tests.conformance.case import BackendCase, Bench
from tests.conformance.witness import Witness, allow, nobody, reject, say

LADDER = 5.0
"""Seconds of the stop ladder: with CANCEL_GRACE they are the ten that a cancel may take."""


def _cases() -> Iterator[BackendCase]:
    for path in sorted(Path(__file__).parent.glob("backends_*.py")):
        yield from import_module(f"tests.conformance.{path.stem}").CASES


EVERY_AGENT = {
    "test_a_new_conversation_is_fresh_and_answers",
    "test_many_prompts_share_a_process_and_a_memory",
    "test_a_cancelled_turn_leaves_the_conversation_warm",
    "test_an_allowed_permission_lets_the_agent_act",
    "test_a_refused_permission_keeps_the_agent_from_acting",
    "test_a_turn_can_be_cancelled_while_it_asks",
    "test_a_death_in_mid_turn_is_told_at_once_and_resumed_from",
    "test_a_conversation_outlives_its_backend",
    "test_the_probe_finds_out_what_there_is",
}
"""What tells agents apart; agents that take seconds to start are asked only this."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test with every backend it is meant for."""
    if "case" in metafunc.fixturenames:
        every = metafunc.function.__name__ in EVERY_AGENT
        cases = [case for case in _cases() if every or not case.brief]
        metafunc.parametrize("case", cases, ids=[case.name for case in cases])


@pytest.fixture
def worktree(tmp_path: Path) -> Path:
    """Where the agent works."""
    folder = tmp_path / "worktree"
    folder.mkdir()
    return folder


@asynccontextmanager
async def opened(case: BackendCase, tmp_path: Path) -> AsyncIterator[Bench]:
    """A bench that leaves no process behind."""
    if why := case.missing():
        pytest.fail(why)
    home = tmp_path / "home"
    home.mkdir(exist_ok=True)
    async with case.open(home) as bench:
        yield bench
    assert bench.processes() == set()


async def silent(body: EventBody) -> None:
    """Takes what is said outside of turns."""


async def started(
    case: BackendCase,
    bench: Bench,
    worktree: Path,
    *,
    backend: AgentBackend | None = None,
    resume: str | None = None,
) -> SessionHandle:
    """A conversation."""
    with anyio.fail_after(case.deadline):
        wanted = bench.spec(worktree, silent, agent_session_id=resume)
        return await (backend or bench.backend).ensure_session(wanted)


async def turn(
    case: BackendCase,
    backend: AgentBackend,
    handle: SessionHandle,
    text: str,
    witness: Witness | None = None,
) -> Witness:
    """One turn that ends by itself."""
    seen = witness or Witness()
    with anyio.fail_after(case.deadline):
        result = await backend.prompt(handle, say(text), seen.sink)
    assert result.stop == "end_turn"
    return seen


@asynccontextmanager
async def hanging(
    case: BackendCase, backend: AgentBackend, handle: SessionHandle, text: str, witness: Witness
) -> AsyncIterator[anyio.CancelScope]:
    """A turn that is under way; what is yielded cancels it. Waits for its end."""
    ended: list[TurnResult] = []

    async def run(scope: anyio.CancelScope) -> None:
        with scope:
            ended.append(await backend.prompt(handle, say(text), witness.sink))

    scope = anyio.CancelScope()
    with anyio.fail_after(case.deadline):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(run, scope)
            yield scope
    assert not ended, "the turn was not cancelled"


async def test_a_new_conversation_is_fresh_and_answers(
    case: BackendCase, tmp_path: Path, worktree: Path
) -> None:
    """The answer has all been handed over when `prompt` returns, once."""
    async with opened(case, tmp_path) as bench:
        handle = await started(case, bench, worktree)

        seen = await turn(case, bench.backend, handle, case.prompts.say("hello there"))

        assert handle.continuity is Continuity.FRESH
        assert handle.reason is None
        assert handle.agent_session_id
        assert seen.text.strip() == "hello there"
        assert bench.backend.health(handle).alive
        assert bench.backend.health(handle).pid in bench.processes()


async def test_many_prompts_share_a_process_and_a_memory(
    case: BackendCase, tmp_path: Path, worktree: Path
) -> None:
    """The second turn is warm: same process, and it knows the first."""
    async with opened(case, tmp_path) as bench:
        handle = await started(case, bench, worktree)
        before = bench.backend.health(handle).pid

        await turn(case, bench.backend, handle, case.prompts.remember("plum-42"))
        seen = await turn(case, bench.backend, handle, case.prompts.recall)

        assert "plum-42" in seen.text
        assert bench.backend.health(handle).pid == before


async def test_a_conversation_can_be_taken_back(
    case: BackendCase, tmp_path: Path, worktree: Path
) -> None:
    """To before a moment: what was said since is forgotten. An agent that cannot says so and goes on as it was."""
    async with opened(case, tmp_path) as bench:
        handle = await started(case, bench, worktree)
        known = handle.agent_session_id
        await turn(case, bench.backend, handle, case.prompts.remember("plum-42"))
        moment = time.time()
        await turn(case, bench.backend, handle, case.prompts.remember("fig-7"))

        forgot = await bench.backend.forget_since(handle, moment)
        seen = await turn(case, bench.backend, handle, case.prompts.recall)

        assert forgot == (handle.agent_session_id != known)
        assert ("fig-7" in seen.text) == (not forgot)
        assert forgot == case.forgets
        if forgot:
            assert "plum-42" in seen.text
            assert not await bench.backend.forget_since(handle, time.time())


async def test_two_conversations_do_not_know_each_other(
    case: BackendCase, tmp_path: Path, worktree: Path
) -> None:
    """Not their memory, and not each other's events, even at once."""
    async with opened(case, tmp_path) as bench:
        one = await started(case, bench, worktree)
        two = await started(case, bench, worktree)
        await turn(case, bench.backend, one, case.prompts.remember("plum-42"))

        first, second = Witness(), Witness()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(turn, case, bench.backend, one, case.prompts.recall, first)
            tasks.start_soon(turn, case, bench.backend, two, case.prompts.say("other"), second)
        stranger = await turn(case, bench.backend, two, case.prompts.recall)

        assert "plum-42" in first.text
        assert second.text.strip() == "other"
        assert "plum-42" not in stranger.text


async def test_a_stream_arrives_while_it_is_made(
    case: BackendCase, tmp_path: Path, worktree: Path
) -> None:
    """The first piece is there before the turn has ended, and the pieces are many."""
    async with opened(case, tmp_path) as bench:
        handle = await started(case, bench, worktree)
        seen = Witness()
        with anyio.fail_after(case.deadline):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(turn, case, bench.backend, handle, case.prompts.slow(20), seen)
                await seen.until(lambda w: w.of(Text))
                early = len(seen.of(Text))

        assert early < len(seen.of(Text))


async def test_a_cancelled_turn_leaves_the_conversation_warm(
    case: BackendCase, tmp_path: Path, worktree: Path
) -> None:
    """The protocol's own cancel is enough, whatever the agent calls the end; nothing of the turn comes later."""
    async with opened(case, tmp_path) as bench:
        handle = await started(case, bench, worktree)
        await turn(case, bench.backend, handle, case.prompts.remember("plum-42"))
        before = bench.backend.health(handle).pid
        cut = Witness()
        async with hanging(case, bench.backend, handle, case.prompts.slow(2000), cut) as scope:
            await cut.until(lambda w: w.of(Text))
            scope.cancel()
        heard = len(cut.events)

        seen = await turn(case, bench.backend, handle, case.prompts.recall)

        assert "plum-42" in seen.text
        assert bench.backend.health(handle).pid == before
        assert len(cut.events) == heard


async def test_a_hanging_turn_can_be_cancelled(
    case: BackendCase, tmp_path: Path, worktree: Path
) -> None:
    """An agent that says nothing more is cancelled like any other."""
    async with opened(case, tmp_path) as bench:
        handle = await started(case, bench, worktree)
        async with hanging(case, bench.backend, handle, case.prompts.hang, Witness()) as scope:
            scope.cancel()

        assert (
            await turn(case, bench.backend, handle, case.prompts.say("on"))
        ).text.strip() == "on"


async def test_an_agent_deaf_to_cancel_is_stopped_and_resumed(
    case: BackendCase, tmp_path: Path, worktree: Path
) -> None:
    """After the grace the handle is dead; the next conversation takes the memory up."""
    if case.prompts.ignore_cancel is None:
        pytest.skip("its agent always obeys")
    async with opened(case, tmp_path) as bench:
        handle = await started(case, bench, worktree)
        await turn(case, bench.backend, handle, case.prompts.remember("plum-42"))
        cut = Witness()
        async with hanging(case, bench.backend, handle, case.prompts.ignore_cancel, cut) as scope:
            await cut.until(lambda w: w.of(Text))
            scope.cancel()
            with anyio.fail_after(CANCEL_GRACE + LADDER):
                while bench.backend.health(handle).alive:  # noqa: ASYNC110 -- health has no event
                    await anyio.sleep(0.05)

        again = await started(case, bench, worktree, resume=handle.agent_session_id)
        seen = await turn(case, bench.backend, again, case.prompts.recall)

        assert again.continuity is Continuity.RESUMED
        assert "plum-42" in seen.text


async def test_an_agent_writes_into_the_worktree(
    case: BackendCase, tmp_path: Path, worktree: Path
) -> None:
    """The file is there, and a tool call told of it."""
    async with opened(case, tmp_path) as bench:
        handle = await started(case, bench, worktree)

        seen = await turn(case, bench.backend, handle, case.prompts.write("a.txt", "hi"))

        assert (worktree / "a.txt").read_text().strip() == "hi"
        assert seen.of(ToolCall)


async def test_an_allowed_permission_lets_the_agent_act(
    case: BackendCase, tmp_path: Path, worktree: Path
) -> None:
    """The ask says what it is about and which tool call it belongs to."""
    async with opened(case, tmp_path) as bench:
        handle = await started(case, bench, worktree)

        seen = await turn(
            case, bench.backend, handle, case.prompts.permit("a.txt", "hi"), Witness(allow)
        )

        assert (worktree / "a.txt").read_text().strip() == "hi"
        assert seen.asks[0].title
        assert seen.asks[0].detail["tool"]
        assert seen.asks[0].tool_call_id in {call.id for call in seen.of(ToolCall)}


@pytest.mark.parametrize("answer", [reject, nobody], ids=["rejected", "unanswered"])
async def test_a_refused_permission_keeps_the_agent_from_acting(
    case: BackendCase, tmp_path: Path, worktree: Path, answer: type
) -> None:
    """Rejected or not answered at all: nothing is written, the turn ends, the conversation goes on."""
    async with opened(case, tmp_path) as bench:
        handle = await started(case, bench, worktree)
        seen = Witness(answer)
        with anyio.fail_after(case.deadline):
            await bench.backend.prompt(handle, say(case.prompts.permit("a.txt", "hi")), seen.sink)

        after = await turn(case, bench.backend, handle, case.prompts.say("on"))

        assert len(seen.asks) == 1
        assert not (worktree / "a.txt").exists()
        assert after.text.strip() == "on"


async def test_a_turn_can_be_cancelled_while_it_asks(
    case: BackendCase, tmp_path: Path, worktree: Path
) -> None:
    """The ask is withdrawn, nothing is written, and the next turn works."""
    async with opened(case, tmp_path) as bench:
        handle = await started(case, bench, worktree)
        cut = Witness(None)
        async with hanging(
            case, bench.backend, handle, case.prompts.permit("a.txt", "hi"), cut
        ) as scope:
            await cut.until(lambda w: w.asking)
            scope.cancel()

        # Some agents put the cancelled prompt before the next one, so it may ask again.
        after = await turn(case, bench.backend, handle, case.prompts.say("on"), Witness(reject))

        assert cut.asking == 0
        assert not (worktree / "a.txt").exists()
        assert after.text.strip().endswith("on")


async def test_a_death_in_mid_turn_is_told_at_once_and_resumed_from(
    case: BackendCase, tmp_path: Path, worktree: Path
) -> None:
    """AgentCrashed is the last event, the error says so, the handle is dead, the memory is not."""
    async with opened(case, tmp_path) as bench:
        handle = await started(case, bench, worktree)
        await turn(case, bench.backend, handle, case.prompts.remember("plum-42"))
        seen = Witness()
        failed: list[AgentError] = []

        async def run() -> None:
            try:
                await bench.backend.prompt(handle, say(case.prompts.slow(100)), seen.sink)
            except AgentError as error:
                failed.append(error)

        with anyio.fail_after(case.deadline):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(run)
                await seen.until(lambda w: w.of(Text))
                os.kill(bench.backend.health(handle).pid or 0, signal.SIGKILL)

        assert [error.failure for error in failed] == [FailureCode.AGENT_CRASHED]
        assert isinstance(seen.events[-1], AgentCrashed)
        assert case.shared_process or not bench.backend.health(handle).alive
        again = await started(case, bench, worktree, resume=handle.agent_session_id)
        recalled = await turn(case, bench.backend, again, case.prompts.recall)
        assert again.continuity is Continuity.RESUMED
        assert "plum-42" in recalled.text


async def test_an_agent_that_crashes_by_itself_says_why(
    case: BackendCase, tmp_path: Path, worktree: Path
) -> None:
    """The exit code and the last words are in the event."""
    if case.prompts.crash is None:
        pytest.skip("its agent cannot be told to crash")
    async with opened(case, tmp_path) as bench:
        handle = await started(case, bench, worktree)
        seen = Witness()

        with anyio.fail_after(case.deadline), pytest.raises(AgentError) as caught:
            await bench.backend.prompt(handle, say(case.prompts.crash), seen.sink)

        crashed = seen.of(AgentCrashed)[0]
        assert caught.value.failure is FailureCode.AGENT_CRASHED
        assert crashed.exit_code
        assert crashed.stderr
        assert crashed.stderr in caught.value.message


async def test_a_conversation_outlives_its_backend(
    case: BackendCase, tmp_path: Path, worktree: Path
) -> None:
    """After a restart the id is enough; what is replayed is no event."""
    async with opened(case, tmp_path) as bench:
        handle = await started(case, bench, worktree)
        await turn(case, bench.backend, handle, case.prompts.remember("plum-42"))
        await bench.backend.dispose()
        outside = Witness()
        async with bench.restart() as backend:
            wanted = bench.spec(worktree, outside.emit, agent_session_id=handle.agent_session_id)
            with anyio.fail_after(case.deadline):
                again = await backend.ensure_session(wanted)

            seen = await turn(case, backend, again, case.prompts.recall)

            assert again.continuity is Continuity.RESUMED
            assert again.agent_session_id == handle.agent_session_id
            assert "plum-42" in seen.text
            assert outside.of(Text) == []


async def test_a_conversation_that_is_gone_begins_anew_and_says_so(
    case: BackendCase, tmp_path: Path, worktree: Path
) -> None:
    """Fresh, with the reason in one sentence; never silent, never an error."""
    async with opened(case, tmp_path) as bench:
        handle = await started(case, bench, worktree, resume="ses_thatneverwas00000000000000")

        seen = await turn(case, bench.backend, handle, case.prompts.say("hello"))

        assert handle.continuity is Continuity.FRESH
        assert handle.reason
        assert handle.agent_session_id != "ses_thatneverwas00000000000000"
        assert seen.text.strip() == "hello"


async def test_closing_and_disposing_twice_is_harmless(
    case: BackendCase, tmp_path: Path, worktree: Path
) -> None:
    """On warm handles, dead ones and ones never prompted; afterwards no process is left."""
    async with opened(case, tmp_path) as bench:
        used = await started(case, bench, worktree)
        unused = await started(case, bench, worktree)
        await turn(case, bench.backend, used, case.prompts.say("hello"))
        with anyio.fail_after(case.deadline):
            for handle in (used, used, unused, unused):
                await bench.backend.close_session(handle)
            assert not bench.backend.health(used).alive
            await bench.backend.dispose()
            await bench.backend.dispose()

        assert bench.processes() == set()


async def test_disposing_ends_turns_under_way(
    case: BackendCase, tmp_path: Path, worktree: Path
) -> None:
    """The prompt fails with an AgentError instead of waiting for ever."""
    async with opened(case, tmp_path) as bench:
        handle = await started(case, bench, worktree)
        seen = Witness()
        failed: list[AgentError] = []

        async def run() -> None:
            try:
                await bench.backend.prompt(handle, say(case.prompts.slow(2000)), seen.sink)
            except AgentError as error:
                failed.append(error)

        with anyio.fail_after(case.deadline):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(run)
                await seen.until(lambda w: w.of(Text))
                await bench.backend.dispose()

        assert len(failed) == 1
        assert bench.processes() == set()


async def test_the_probe_finds_out_what_there_is(
    case: BackendCase, tmp_path: Path, worktree: Path
) -> None:
    """Version, models and modes, no diagnostic, and no conversation in anybody's list."""
    async with opened(case, tmp_path) as bench:
        with anyio.fail_after(case.deadline):
            info = await bench.backend.probe(str(worktree))

        assert info.installed
        assert info.diagnostic is None
        assert info.version
        assert case.model is None or case.model in {model.id for model in info.models}
        assert case.mode is None or case.mode in {mode.id for mode in info.modes}


async def test_model_and_mode_are_chosen_with_the_prompt(
    case: BackendCase, tmp_path: Path, worktree: Path
) -> None:
    """The turn runs with them, on the same process."""
    if case.model is None or case.mode is None:
        pytest.skip("it offers no choice")
    async with opened(case, tmp_path) as bench:
        handle = await started(case, bench, worktree)
        prompt = say(case.prompts.say("chosen"), model=case.model, mode=case.mode)
        seen = Witness()

        with anyio.fail_after(case.deadline):
            result = await bench.backend.prompt(handle, prompt, seen.sink)

        assert result.stop == "end_turn"
        assert seen.text.strip() == "chosen"


async def test_an_unknown_model_fails_the_turn_only(
    case: BackendCase, tmp_path: Path, worktree: Path
) -> None:
    """An AgentError, and the conversation goes on."""
    if case.model is None:
        pytest.skip("it offers no choice")
    async with opened(case, tmp_path) as bench:
        handle = await started(case, bench, worktree)
        prompt = say(case.prompts.say("never"), model="no/such-model")

        with anyio.fail_after(case.deadline), pytest.raises(AgentError):
            await bench.backend.prompt(handle, prompt, Witness().sink)

        assert (
            await turn(case, bench.backend, handle, case.prompts.say("on"))
        ).text.strip() == "on"


async def test_thinking_is_not_the_answer(
    case: BackendCase, tmp_path: Path, worktree: Path
) -> None:
    """It comes as reasoning, once."""
    if case.prompts.think is None:
        pytest.skip("its agent does not think aloud")
    async with opened(case, tmp_path) as bench:
        handle = await started(case, bench, worktree)

        seen = await turn(case, bench.backend, handle, case.prompts.think("deep-thought"))

        assert seen.thoughts.count("deep-thought") == 1
        assert "deep-thought" not in seen.text


async def test_a_failed_turn_is_an_error_and_the_next_one_works(
    case: BackendCase, tmp_path: Path, worktree: Path
) -> None:
    """Never a completed turn without a word."""
    if case.prompts.fail is None:
        pytest.skip("its agent does not report failures")
    async with opened(case, tmp_path) as bench:
        handle = await started(case, bench, worktree)

        with anyio.fail_after(case.deadline), pytest.raises(AgentError) as caught:
            await bench.backend.prompt(handle, say(case.prompts.fail), Witness().sink)

        assert caught.value.message
        assert (
            await turn(case, bench.backend, handle, case.prompts.say("on"))
        ).text.strip() == "on"
