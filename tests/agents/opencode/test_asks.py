"""Permissions and questions, there and back."""

import pytest

from roundhouse.agents.opencode.asks import permission_asked, question_asked, reply_to
from roundhouse.model.permission import PermissionAnswer

PERMISSION = {
    "id": "per_1",
    "permission": "bash",
    "patterns": ["echo hi > a"],
    "metadata": {"command": "echo hi > a"},
    "always": ["echo *"],
}
QUESTION = {
    "id": "que_1",
    "questions": [
        {
            "question": "Which?",
            "header": "Colour",
            "options": [{"label": "blue", "description": "sky"}, {"label": "red"}],
            "multiple": True,
        }
    ],
}


def test_a_permission_says_what_rules_match_by() -> None:
    """The tool and the pattern stand in the detail, the metadata beside them."""
    asked = permission_asked(PERMISSION, "prt_1")

    assert asked.ask.title == "bash: echo hi > a"
    assert asked.ask.tool_kind == "execute"
    assert asked.ask.tool_call_id == "prt_1"
    assert asked.ask.detail == {
        "command": "echo hi > a",
        "tool": "bash",
        "pattern": "echo hi > a",
    }


@pytest.mark.parametrize(
    ("answer", "reply"),
    [
        (PermissionAnswer(option_id="once"), {"reply": "once"}),
        (PermissionAnswer(option_id="always"), {"reply": "once"}),
        (PermissionAnswer(option_id="reject"), {"reply": "reject"}),
        (
            PermissionAnswer(option_id="reject", message="not here"),
            {"reply": "reject", "message": "not here"},
        ),
        (PermissionAnswer(), {"reply": "reject"}),
    ],
    ids=str,
)
def test_always_is_never_passed_on(answer: PermissionAnswer, reply: dict[str, str]) -> None:
    """Opencode's own grants would reach over all worktrees of the repository."""
    assert reply_to(permission_asked(PERMISSION, None), answer) == ("reply", reply)


def test_a_question_is_answered_or_rejected() -> None:
    """The answers go as they are; none rejects."""
    asked = question_asked(QUESTION, None)

    assert asked.ask.kind == "question"
    assert asked.ask.questions[0].choices == ["blue", "red"]
    assert asked.ask.questions[0].multiple
    assert reply_to(asked, PermissionAnswer(answers=[["red"]])) == (
        "reply",
        {"answers": [["red"]]},
    )
    assert reply_to(asked, PermissionAnswer()) == ("reject", {})
