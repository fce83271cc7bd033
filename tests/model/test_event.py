"""Events keep their meaning from the agent's text to the database and the wire."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roundhouse.model import event
from roundhouse.model.permission import PermissionOption, PermissionStatus
from roundhouse.model.session import Continuity
from roundhouse.model.task import FailureCode, TaskStatus, Usage

NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)

EXAMPLES: list[event.EventBody] = [
    event.TaskCreated(input="hi", agent="demo"),
    event.TaskStarted(node="n"),
    event.AgentReady(continuity=Continuity.RESUMED, warm=False, ms=12, pid=7),
    event.Handover(text="…"),
    event.Text(text="hello", message_id="m1"),
    event.Reasoning(text="hm"),
    event.ToolCall(id="1", title="write", locations=[event.Location("a.py", 3)]),
    event.ToolUpdate(
        id="1",
        status="completed",
        content=[
            event.ToolText("ok"),
            event.ToolDiff(path="a", new_text="b"),
            event.ToolTerminal(terminal_id="t", output="x", exit_code=0),
            event.ToolOther({"type": "audio"}),
        ],
    ),
    event.Plan(entries=[event.PlanEntry("buy milk")]),
    event.Commands(commands=[event.Command("help")]),
    event.Mode(mode="plan"),
    event.UsageReport(tokens_in=3),
    event.PermissionRequested(
        permission_id="4",
        kind="permission",
        title="write a.py",
        options=[PermissionOption("y", "Yes", "allow_once")],
        expires_at=NOW,
    ),
    event.PermissionAnswered(permission_id="4", status=PermissionStatus.EXPIRED),
    event.Changes(files=[event.ChangedFile("a.py", "edit", 1, 2)]),
    event.TaskEnded(status=TaskStatus.FAILED, failure_code=FailureCode.STALLED, usage=Usage(1, 2)),
    event.AgentCrashed(error="gone", exit_code=-9),
    event.Reviewed(verdict="rejected", files=["a.py"], hunks=2, snapshot="5e1f"),
    event.AppliedToCheckout(files=[event.ChangedFile("a.py", "create", 1)], undone=True),
    event.Committed(commit="c0", branch="roundhouse/x", message="All of it", files=2),
    event.Rewound(checkpoint_id="c", undo_checkpoint_id="d", title="Before", kept=["new.py"]),
    event.RepositoryMoved(
        actions=[event.RepositoryAction("commit", "Mine", before="a1", after="b2")], branch="main"
    ),
    event.Activity(text="silent for 90 s"),
    event.Raw(source="acp", value={"sessionUpdate": "new_thing", "n": 1}),
]


@pytest.mark.parametrize("body", EXAMPLES, ids=event.type_name)
def test_a_body_survives_storage(body: event.EventBody) -> None:
    """What is decoded equals what was encoded."""
    assert event.decode_body(event.encode_body(body)) == body


def test_every_type_has_an_example() -> None:
    """A new event type must join the round trip above."""
    assert {type(body) for body in EXAMPLES} == set(event.EVENT_TYPES)


def test_the_frame_is_flat() -> None:
    """Fields of the body stand beside the type, as scripts expect them."""
    body = event.encode_body(event.Text(text="hi", message_id="m"))
    one = event.Event("s", 7, NOW, "12", "demo", body)

    assert msgspec.json.decode(one.frame(op="event")) == {
        "op": "event",
        "session_id": "s",
        "seq": 7,
        "at": "2026-11-24T08:00:00Z",
        "task_id": "12",
        "agent": "demo",
        "type": "text",
        "text": "hi",
        "message_id": "m",
    }


@given(
    st.recursive(
        st.text() | st.none() | st.integers(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
def test_any_text_becomes_storable(value: Any) -> None:
    """No NUL and no lone surrogate reaches JSONB."""
    encoded = event.encode_body(event.Raw(source="x", value=value))

    assert b"\\u0000" not in encoded
    encoded.decode()


def test_nul_and_lone_surrogates_are_replaced() -> None:
    """They become the replacement character and the rest stays."""
    encoded = event.encode_body(event.Text(text="a\x00b\ud800c"))

    assert event.decode_body(encoded) == event.Text(text="a\ufffdb\ufffdc")
