"""What opencode asks of a person, in our shape, and the answer in its shape. Pure."""

from typing import Any

from msgspec import Struct

from roundhouse.agents.opencode.tools import kind_of
from roundhouse.model.permission import (
    PermissionAnswer,
    PermissionAsk,
    PermissionOption,
    Question,
)

Json = dict[str, Any]

OPTIONS = [
    PermissionOption("once", "Allow once", "allow_once"),
    PermissionOption("always", "Allow always", "allow_always"),
    PermissionOption("reject", "Reject", "reject_once"),
]


class Asked(Struct, frozen=True, kw_only=True):
    """Opencode waits for an answer to its request `id`."""

    id: str
    ask: PermissionAsk

    @property
    def is_question(self) -> bool:
        """Whether the question's routes take the answer."""
        return self.ask.kind == "question"


def permission_asked(request: Json, tool_call_id: str | None) -> Asked:
    """A `permission.asked`."""
    permission = str(request.get("permission", "tool"))
    patterns = [str(pattern) for pattern in request.get("patterns") or ()]
    detail = {"tool": permission, "pattern": patterns[0] if patterns else "*"}
    metadata = request.get("metadata")
    return Asked(
        id=request["id"],
        ask=PermissionAsk(
            title=f"{permission}: {', '.join(patterns)}" if patterns else permission,
            options=OPTIONS,
            tool_call_id=tool_call_id,
            tool_kind=kind_of(permission),
            detail={**(metadata if isinstance(metadata, dict) else {}), **detail},
        ),
    )


def question_asked(request: Json, tool_call_id: str | None) -> Asked:
    """A `question.asked`."""
    questions = [
        Question(
            question=str(question.get("question", "")),
            header=str(question.get("header", "")),
            choices=[str(option.get("label", "")) for option in question.get("options") or ()],
            multiple=bool(question.get("multiple")),
        )
        for question in request.get("questions") or ()
    ]
    title = questions[0].question if questions else "A question"
    ask = PermissionAsk(
        title=title,
        options=[],
        kind="question",
        tool_call_id=tool_call_id,
        detail={"tool": "question"},
        questions=questions,
    )
    return Asked(id=request["id"], ask=ask)


def reply_to(asked: Asked, answer: PermissionAnswer) -> tuple[str, Json]:
    """The route below the request's own, and the body.

    Never "always": opencode's grants reach over all worktrees of a repository. Remembering is ours.
    """
    if asked.is_question:
        if answer.answers is None:
            return "reject", {}
        return "reply", {"answers": answer.answers}
    if answer.option_id in ("once", "always"):
        return "reply", {"reply": "once"}
    # A message lets the model go on with it; without one the turn ends.
    return "reply", {"reply": "reject", **({"message": answer.message} if answer.message else {})}
