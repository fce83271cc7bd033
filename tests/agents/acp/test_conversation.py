"""The turn's own bookkeeping: what was asked, what was seen, what went wrong while handing on."""

import anyio
import pytest

from roundhouse.agents.acp.conversation import Turn
from roundhouse.agents.backend import TurnSink
from roundhouse.model.event import EventBody, Mode, Text, ToolCall
from tests.conformance.witness import Witness, allow

ASK = {
    "toolCall": {"toolCallId": "c", "title": "Write", "kind": "edit"},
    "options": [{"optionId": "y", "name": "Yes", "kind": "allow_once"}],
}
CANCELLED = {"outcome": {"outcome": "cancelled"}}
DEADLINE = 10


async def test_a_cancelled_turn_answers_what_is_asked_and_what_will_be() -> None:
    """With `cancelled`, for some agents wait for it before they end."""
    witness = Witness(None)
    turn = Turn(witness.sink)
    answers: list[object] = []

    async def ask() -> None:
        answers.append(await turn.ask(ASK))

    with anyio.fail_after(DEADLINE):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(ask)
            tasks.start_soon(ask)
            await witness.until(lambda w: w.asking == 2)
            turn.cancel()
        answers.append(await turn.ask(ASK))

    assert answers == [CANCELLED] * 3
    assert len(witness.asks) == 2


async def test_a_tool_is_shown_once_before_it_is_asked_about() -> None:
    """Only when the agent had not announced it."""
    witness = Witness(allow)
    turn = Turn(witness.sink)
    await turn.emit(ToolCall(id="c", title="Write", kind="edit"))

    await turn.ask(ASK)
    await turn.ask({**ASK, "toolCall": {"toolCallId": "d"}})

    assert [call.id for call in witness.of(ToolCall)] == ["c", "d"]


@pytest.mark.parametrize(
    ("body", "spoke"), [(Text(text="x"), True), (ToolCall(id="c"), True), (Mode(mode="m"), False)]
)
async def test_what_counts_as_an_answer(body: EventBody, spoke: bool) -> None:
    """Something a person can see."""
    turn = Turn(Witness().sink)

    await turn.emit(body)

    assert turn.spoke is spoke


async def test_the_first_error_of_handing_on_is_kept() -> None:
    """The reader goes on; the turn will fail with it."""

    async def broken(body: EventBody) -> None:
        raise ValueError(type(body).__name__)

    turn = Turn(TurnSink(broken, Witness().ask))

    await turn.emit(Text(text="x"))
    await turn.emit(Mode(mode="m"))

    assert str(turn.broken) == "Text"
