"""Permission requests and questions, and their answers."""

from typing import Any

import pytest

from roundhouse.agents.acp.asks import outcome_of, tool_of_ask, translate_ask
from roundhouse.model.permission import PermissionAnswer, PermissionAsk, PermissionOption

OPTIONS = [
    {"optionId": "go", "name": "Go", "kind": "allow_once"},
    {"optionId": "no", "name": "No", "kind": "reject_once"},
    {"optionId": "odd", "kind": "whatever"},
]
TOOL = {
    "toolCallId": "c1",
    "title": "Write a.txt",
    "kind": "edit",
    "rawInput": {"path": "a.txt"},
    "content": [{"type": "diff", "path": "a.txt", "newText": "x"}],
    "locations": [{"path": "a.txt"}],
}


def test_a_request_says_what_it_is_about() -> None:
    """Rules match on tool and pattern; the rest is for the person."""
    ask = translate_ask({"sessionId": "s", "toolCall": TOOL, "options": OPTIONS})

    assert ask.title == "Write a.txt"
    assert ask.kind == "permission"
    assert ask.tool_call_id == "c1"
    assert ask.tool_kind == "edit"
    assert ask.detail["tool"] == "edit"
    assert ask.detail["pattern"] == "Write a.txt"
    assert ask.detail["input"] == {"path": "a.txt"}
    assert ask.detail["content"][0]["type"] == "diff"
    assert ask.options == [
        PermissionOption("go", "Go", "allow_once"),
        PermissionOption("no", "No", "reject_once"),
        PermissionOption("odd", "odd", "other"),
    ]


@pytest.mark.parametrize("params", [{}, {"toolCall": None}, {"toolCall": {"title": 5}}])
def test_a_request_without_a_tool_can_still_be_asked(params: dict[str, Any]) -> None:
    """With a title that says that much."""
    ask = translate_ask(params)

    assert ask.title
    assert ask.tool_call_id is None
    assert tool_of_ask(params) is None


def test_a_question_has_its_choices() -> None:
    """Qwen marks it in `_meta`."""
    options = [{"label": "red", "description": ""}, {"label": "blue"}, "odd"]
    question = {"question": "Which?", "header": "H", "options": options, "multiSelect": True}
    tool = {"toolCallId": "q", "title": "Ask", "rawInput": {"questions": [question, "odd"]}}
    meta = {"qwenInteractionKind": "user_question"}

    ask = translate_ask({"toolCall": tool, "options": OPTIONS, "_meta": meta})

    assert ask.kind == "question"
    assert [q.question for q in ask.questions] == ["Which?"]
    assert ask.questions[0].choices == ["red", "blue"]
    assert ask.questions[0].multiple


def test_answers_in_the_protocols_words() -> None:
    """A chosen option, nobody, and the answers of a question."""
    ask = PermissionAsk(title="t", options=[PermissionOption("go", "Go", "allow_once")])

    assert outcome_of(ask, PermissionAnswer(option_id="no")) == {
        "outcome": {"outcome": "selected", "optionId": "no"}
    }
    assert outcome_of(ask, PermissionAnswer()) == {"outcome": {"outcome": "cancelled"}}
    assert outcome_of(ask, PermissionAnswer(answers=[["red", "blue"], []])) == {
        "outcome": {"outcome": "selected", "optionId": "go"},
        "answers": {"0": "red, blue", "1": ""},
    }


def test_answers_without_a_button_that_allows_are_a_cancel() -> None:
    """There is no other way to say it."""
    ask = PermissionAsk(title="t", options=[])

    assert outcome_of(ask, PermissionAnswer(answers=[["red"]])) == {
        "outcome": {"outcome": "cancelled"}
    }
