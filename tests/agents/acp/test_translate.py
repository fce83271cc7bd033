"""Updates as event bodies, as a dialogue without any I/O."""

from typing import Any

import msgspec
import pytest
from msgspec import Raw

from roundhouse.agents.acp.translate import Stop, block_of, stop_of, translate_update
from roundhouse.agents.backend import ImageBlock, LinkBlock, TextBlock
from roundhouse.model import event


def bodies(**update: Any) -> list[event.EventBody]:
    """The events of one update."""
    raw = Raw(msgspec.json.encode({"sessionId": "s", "update": update}))
    translated = translate_update(raw)
    assert translated.session_id == "s"
    return translated.bodies


def text(words: str) -> dict[str, str]:
    """A text block."""
    return {"type": "text", "text": words}


@pytest.mark.parametrize(
    ("kind", "made"),
    [("agent_message_chunk", event.Text), ("agent_thought_chunk", event.Reasoning)],
)
def test_chunks_become_text_and_reasoning(kind: str, made: type[event.Text]) -> None:
    """With the message they belong to, where the agent names it."""
    assert bodies(sessionUpdate=kind, content=text("hi"), messageId="m") == [
        made(text="hi", message_id="m")
    ]
    assert bodies(sessionUpdate=kind, content=text("hi")) == [made(text="hi")]


def test_the_persons_own_words_are_no_event() -> None:
    """Some agents echo the prompt."""
    assert bodies(sessionUpdate="user_message_chunk", content=text("hi")) == []


@pytest.mark.parametrize(
    "update",
    [
        {"sessionUpdate": "brand_new", "value": 1},
        {"sessionUpdate": "agent_message_chunk", "content": {"type": "image", "data": "AA=="}},
        {"sessionUpdate": "agent_message_chunk", "content": "bare"},
        {"sessionUpdate": "agent_message_chunk"},
        {"sessionUpdate": "tool_call", "toolCallId": 5},
        {"no": "kind"},
    ],
)
def test_what_is_not_known_is_kept_as_it_came(update: dict[str, Any]) -> None:
    """Nothing is dropped."""
    assert bodies(**update) == [event.Raw(source="acp", value=update)]


@pytest.mark.parametrize("raw", [b"[1]", b"null", b'"x"'])
def test_params_of_no_shape_are_kept_too(raw: bytes) -> None:
    """Even without a session."""
    translated = translate_update(Raw(raw))

    assert translated.session_id is None
    assert translated.bodies == [event.Raw(source="acp", value=msgspec.json.decode(raw))]


def test_a_tool_call_has_all_it_came_with() -> None:
    """Text, diff, terminal and unknown content."""
    content = [
        {"type": "content", "content": text("out")},
        {"type": "diff", "path": "/a", "oldText": None, "newText": "new"},
        {"type": "terminal", "terminalId": "t1"},
        {"type": "hologram"},
    ]

    made = bodies(
        sessionUpdate="tool_call",
        toolCallId="c1",
        title="Edit",
        kind="edit",
        status="in_progress",
        rawInput={"path": "/a"},
        locations=[{"path": "/a", "line": 3}, {"line": 1}, "odd"],
        content=content,
    )

    assert made == [
        event.ToolCall(
            id="c1",
            title="Edit",
            kind="edit",
            status="in_progress",
            input={"path": "/a"},
            locations=[event.Location("/a", 3)],
            content=[
                event.ToolText("out"),
                event.ToolDiff(path="/a", new_text="new"),
                event.ToolTerminal(terminal_id="t1", whole=False),
                event.ToolOther({"type": "hologram"}),
            ],
        )
    ]


def test_loose_fields_of_a_tool_call_get_defaults() -> None:
    """Null titles, unknown statuses, numbers for kinds: all seen in the wild."""
    assert bodies(sessionUpdate="tool_call", toolCallId="c", title=None, kind=7, status="odd") == [
        event.ToolCall(id="c")
    ]


def test_output_in_a_tool_call_follows_it() -> None:
    """The call itself has no output."""
    assert bodies(sessionUpdate="tool_call", toolCallId="c", rawOutput="done") == [
        event.ToolCall(id="c"),
        event.ToolUpdate(id="c", output="done"),
    ]


def test_an_update_changes_only_what_it_names() -> None:
    """The rest is None, which means unchanged."""
    assert bodies(sessionUpdate="tool_call_update", toolCallId="c", status="completed") == [
        event.ToolUpdate(id="c", status="completed")
    ]
    assert bodies(sessionUpdate="tool_call_update", toolCallId="c", status="cancelled") == [
        event.ToolUpdate(id="c", status="failed")
    ]


@pytest.mark.parametrize(
    ("meta", "shown"),
    [
        (
            {"terminal_output_delta": {"terminal_id": "t", "data": "ab"}},
            event.ToolTerminal(terminal_id="t", output="ab", whole=False),
        ),
        (
            {"terminal_exit": {"terminal_id": "t", "exit_code": 2, "signal": None}},
            event.ToolTerminal(terminal_id="t", whole=False, exit_code=2),
        ),
    ],
)
def test_output_beside_the_protocol_is_shown(meta: dict[str, Any], shown: object) -> None:
    """Codex sends a command's output in `_meta`."""
    made = bodies(sessionUpdate="tool_call_update", toolCallId="c", _meta=meta)

    assert made == [event.ToolUpdate(id="c", content=[shown])]  # type: ignore[list-item]


def test_a_tools_notification_is_kept_beside_its_update() -> None:
    """Goose sends live output this way."""
    made = bodies(
        sessionUpdate="tool_call_update", toolCallId="c", _meta={"toolNotification": {"x": 1}}
    )

    assert made[0] == event.ToolUpdate(id="c")
    assert made[1] == event.Raw(
        source="acp", value={"toolCallId": "c", "toolNotification": {"x": 1}}
    )


def test_plans_commands_modes_and_usage() -> None:
    """The small ones."""
    assert bodies(
        sessionUpdate="plan", entries=[{"content": "a", "status": "completed", "priority": None}]
    ) == [event.Plan(entries=[event.PlanEntry("a", "completed")])]
    assert bodies(
        sessionUpdate="available_commands_update",
        availableCommands=[{"name": "init", "description": "Begin", "input": {"hint": "what"}}],
    ) == [event.Commands(commands=[event.Command("init", "Begin", "what")])]
    assert bodies(sessionUpdate="current_mode_update", currentModeId="plan") == [
        event.Mode(mode="plan")
    ]
    assert bodies(
        sessionUpdate="usage_update", used=10, size=100, cost={"amount": 0.5, "currency": "USD"}
    ) == [event.UsageReport(context_used=10, context_size=100, cost_usd=0.5)]


def test_config_options_tell_mode_model_and_the_rest() -> None:
    """And are handed on for the offer to learn."""
    options = [
        {"id": "mode", "currentValue": "plan", "options": []},
        {"id": "m", "category": "model", "currentValue": "big", "options": []},
        {"id": "effort", "currentValue": "high", "options": []},
    ]
    raw = {
        "sessionId": "s",
        "update": {"sessionUpdate": "config_option_update", "configOptions": options},
    }

    translated = translate_update(Raw(msgspec.json.encode(raw)))

    assert translated.options == options
    assert translated.bodies == [
        event.Mode(mode="plan"),
        event.Mode(model="big"),
        event.Mode(option="effort", value="high"),
    ]


@pytest.mark.parametrize(
    ("reason", "stop"),
    [
        ("end_turn", "end_turn"),
        ("cancelled", "cancelled"),
        ("refusal", "refused"),
        ("max_tokens", "max_tokens"),
        ("max_turn_requests", "max_turns"),
        ("something_new", "end_turn"),
        (None, "end_turn"),
    ],
)
def test_ends_of_turns(reason: str | None, stop: Stop) -> None:
    """A reason we do not know is an ordinary end."""
    assert stop_of({"stopReason": reason}) == stop


def test_prompt_blocks() -> None:
    """A picture goes only to agents that take pictures; a link is a file's address."""
    picture = ImageBlock(media_type="image/png", data_base64="AA==")

    assert block_of(TextBlock("hi"), "/w", images=False) == {"type": "text", "text": "hi"}
    assert block_of(picture, "/w", images=True) == {
        "type": "image",
        "mimeType": "image/png",
        "data": "AA==",
    }
    assert "left out" in block_of(picture, "/w", images=False)["text"]
    assert block_of(LinkBlock(path="a b.py"), "/w", images=False) == {
        "type": "resource_link",
        "uri": "file:///w/a%20b.py",
        "name": "a b.py",
    }
