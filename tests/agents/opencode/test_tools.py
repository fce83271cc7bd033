"""Tool parts become upserts, each piece of news once."""

from typing import Any

from roundhouse.agents.opencode.tools import ToolParts
from roundhouse.model.event import (
    Location,
    ToolCall,
    ToolDiff,
    ToolTerminal,
    ToolText,
    ToolUpdate,
)

GIVEN = {"filePath": "a.txt", "content": "hi"}


def part(tool: str, status: str, **state: Any) -> dict[str, Any]:
    """A tool part as opencode sends it."""
    return {
        "id": "prt_1",
        "messageID": "msg_1",
        "type": "tool",
        "tool": tool,
        "callID": "call_1",
        "state": {"status": status, **state},
    }


def test_a_write_is_told_from_begin_to_end() -> None:
    """Pending, running with its input, completed with its difference."""
    parts = ToolParts()

    assert parts.feed(part("write", "pending", input={})) == [
        ToolCall(id="prt_1", title="write", kind="edit")
    ]
    assert parts.feed(part("write", "running", input=GIVEN)) == [
        ToolUpdate(id="prt_1", status="in_progress", input=GIVEN, locations=[Location("a.txt")])
    ]
    assert parts.open() == ["prt_1"]
    done = part("write", "completed", input=GIVEN, output="Wrote it.", title="a.txt")
    assert parts.feed(done) == [
        ToolUpdate(
            id="prt_1",
            title="a.txt",
            status="completed",
            output="Wrote it.",
            content=[ToolDiff(path="a.txt", new_text="hi")],
        )
    ]
    assert parts.open() == []


def test_what_was_told_is_not_told_again() -> None:
    """The same part read after a break brings nothing."""
    parts = ToolParts()
    done = part("read", "completed", input={"filePath": "a"}, output="1: hi")

    first = parts.feed(done)
    assert [type(news) for news in first] == [ToolCall, ToolUpdate]
    assert parts.feed(done) == []
    assert parts.feed(part("read", "running", input={"filePath": "a"})) == []


def test_a_shells_output_grows() -> None:
    """Only what is new is sent, and the exit code at the end."""
    parts = ToolParts()
    command = {"command": "make"}
    outputs: list[Any] = []
    for status, metadata in (
        ("running", {"output": "one\n"}),
        ("running", {"output": "one\ntwo\n"}),
        ("completed", {"output": "one\ntwo\n", "exit": 0}),
    ):
        news = parts.feed(part("bash", status, input=command, metadata=metadata))
        outputs += [it.content for it in news if isinstance(it, ToolUpdate)]

    assert outputs == [
        [ToolTerminal(terminal_id="prt_1", output="one\n")],
        [ToolTerminal(terminal_id="prt_1", output="two\n", whole=False)],
        [ToolTerminal(terminal_id="prt_1", output="", whole=False, exit_code=0)],
    ]


def test_an_edit_shows_both_sides() -> None:
    """From the whole file where it is given, else from the replaced text."""
    whole = {"filediff": {"file": "a", "before": "x\n", "after": "y\n"}}
    given = {"filePath": "a", "oldString": "x", "newString": "y"}

    (_, first) = ToolParts().feed(part("edit", "completed", input=given, metadata=whole))
    (_, second) = ToolParts().feed(part("edit", "completed", input=given))

    assert isinstance(first, ToolUpdate)
    assert isinstance(second, ToolUpdate)
    assert first.content == [ToolDiff(path="a", new_text="y\n", old_text="x\n")]
    assert second.content == [ToolDiff(path="a", new_text="y", old_text="x")]


def test_a_failed_call_says_why() -> None:
    """Its error is its content."""
    (_, failed) = ToolParts().feed(part("read", "error", input={}, error="no such file"))

    assert isinstance(failed, ToolUpdate)
    assert failed.status == "failed"
    assert failed.content == [ToolText("no such file")]


def test_a_call_is_found_by_what_a_permission_names() -> None:
    """Models number their calls anew, so the message counts too."""
    parts = ToolParts()
    parts.feed(part("write", "pending"))

    assert parts.call_id({"messageID": "msg_1", "callID": "call_1"}) == "prt_1"
    assert parts.call_id({"messageID": "msg_2", "callID": "call_1"}) is None
    assert parts.call_id(None) is None
