"""Permission requests and questions, from ACP's words to ours and the answers back. Pure."""

from typing import Any, get_args

import msgspec
from msgspec import Raw

from roundhouse.agents.acp.translate import translate_update
from roundhouse.model.event import ToolCall
from roundhouse.model.permission import (
    OptionKind,
    PermissionAnswer,
    PermissionAsk,
    PermissionOption,
    Question,
)

_OPTION_KINDS: dict[Any, OptionKind] = {kind: kind for kind in get_args(OptionKind)}


def tool_of_ask(params: dict[str, Any]) -> ToolCall | None:
    """The tool call that a permission request describes, for agents that announce it nowhere else."""
    tool = params.get("toolCall")
    if not isinstance(tool, dict) or not isinstance(tool.get("toolCallId"), str):
        return None
    raw = Raw(
        msgspec.json.encode({"sessionId": "", "update": {**tool, "sessionUpdate": "tool_call"}})
    )
    first = translate_update(raw).bodies[0]
    return first if isinstance(first, ToolCall) else None


def translate_ask(params: dict[str, Any]) -> PermissionAsk:
    """A `session/request_permission` as what a person is asked."""
    tool = params.get("toolCall")
    tool = tool if isinstance(tool, dict) else {}
    call = tool_of_ask(params)
    title = (call.title if call else "") or str(
        tool.get("title") or "The agent asks for permission"
    )
    kind = call.kind if call else "other"
    detail: dict[str, Any] = {"tool": kind, "pattern": title}
    if call is not None:
        detail |= {"input": call.input} if call.input is not None else {}
        detail |= {"content": msgspec.to_builtins(call.content)} if call.content else {}
        detail |= {"locations": msgspec.to_builtins(call.locations)} if call.locations else {}
    questions = _questions(params)
    return PermissionAsk(
        title=title,
        options=[
            _option(found) for found in params.get("options") or [] if isinstance(found, dict)
        ],
        kind="question" if questions else "permission",
        tool_call_id=call.id if call else None,
        tool_kind=kind,
        detail=detail,
        questions=questions,
    )


def _option(found: dict[str, Any]) -> PermissionOption:
    name = str(found.get("optionId", ""))
    kind = found.get("kind")
    return PermissionOption(
        name,
        str(found.get("name") or name),
        _OPTION_KINDS.get(kind, "other") if isinstance(kind, str) else "other",
    )


def _questions(params: dict[str, Any]) -> list[Question]:
    """Qwen's questions: a permission request marked in `_meta`, with the questions in the tool's input."""
    meta = params.get("_meta")
    if not isinstance(meta, dict) or meta.get("qwenInteractionKind") != "user_question":
        return []
    tool = params.get("toolCall")
    given = tool.get("rawInput") if isinstance(tool, dict) else None
    found = given.get("questions") if isinstance(given, dict) else None
    questions = []
    for item in found if isinstance(found, list) else []:
        if isinstance(item, dict):
            labels = [
                c["label"]
                for c in item.get("options") or []
                if isinstance(c, dict) and "label" in c
            ]
            questions.append(
                Question(
                    question=str(item.get("question", "")),
                    header=str(item.get("header") or ""),
                    choices=[str(label) for label in labels],
                    multiple=bool(item.get("multiSelect")),
                )
            )
    return questions


def outcome_of(ask: PermissionAsk, answer: PermissionAnswer) -> dict[str, Any]:
    """The answer in the protocol's words; nobody answered = cancelled."""
    chosen = answer.option_id
    result: dict[str, Any] = {}
    if answer.answers is not None:
        # Qwen's addition beside the outcome: answers by the question's number.
        result["answers"] = {str(i): ", ".join(given) for i, given in enumerate(answer.answers)}
        if chosen is None:
            allowing = [o.id for o in ask.options if o.kind in {"allow_once", "allow_always"}]
            chosen = allowing[0] if allowing else None
    if chosen is None:
        return {"outcome": {"outcome": "cancelled"}}
    return result | {"outcome": {"outcome": "selected", "optionId": chosen}}
