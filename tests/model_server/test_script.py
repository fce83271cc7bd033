"""The scripted model does what the prompt says, whoever asks."""

from typing import Any

import pytest

from tests.model_server.script import (
    Call,
    Chunk,
    Conversation,
    Failure,
    Hang,
    Message,
    Reply,
    Script,
)
from tests.model_server.tools import Tool, Wish, choose


def string(*names: str, **more: Any) -> dict[str, Any]:
    """A schema of required strings."""
    properties = {name: {"type": "string"} for name in names} | more
    return {"type": "object", "properties": properties, "required": list(properties)}


WRITE = Tool("write_file", string("file_path", "content"))
SHELL = Tool("bash", string("command", "description"))


def answer(*messages: Message, tools: list[Tool] | None = None) -> Reply | Failure:
    """What a fresh script answers."""
    offered = [WRITE, SHELL] if tools is None else tools
    return Script().answer(Conversation("chat", "m", list(messages), offered))


def user(text: str) -> Message:
    """A user's message."""
    return Message("user", text)


def said(reply: Reply | Failure) -> str:
    """The text of a reply."""
    assert isinstance(reply, Reply)
    return reply.text()


def test_commands_run_in_order_wherever_they_stand() -> None:
    """Each on its line, among whatever the agent adds."""
    text = "<context>today</context>\n\nTHINK hm\nSAY one\nSAY two"

    reply = answer(user(text), Message("assistant", ""), user("a reminder"))

    assert isinstance(reply, Reply)
    assert reply.text() == "onetwo"
    assert reply.text(thought=True) == "hm "


def test_a_tool_ends_the_reply_and_its_result_goes_on_with_the_rest() -> None:
    """One call a reply; the commands after it come with its result."""
    asked = user("SAY first\nWRITE a.txt hi there\nSHELL ls\nSAY last")

    first = answer(asked)
    second = answer(asked, Message("tool", "written"))
    third = answer(asked, Message("tool", "written"), Message("tool", "a.txt"))

    assert isinstance(first, Reply)
    assert isinstance(second, Reply)
    assert first.text() == "first"
    assert first.call == Call(
        "call_000001", "write_file", {"file_path": "a.txt", "content": "hi there"}
    )
    assert second.call is not None
    assert second.call.arguments == {"command": "ls", "description": "scripted"}
    assert said(third) == "last"


def test_a_result_without_more_commands_is_said() -> None:
    """Without what agents add to it for the model."""
    result = Message("tool", "/home\n<system-reminder>be good</system-reminder>")

    assert said(answer(user("SHELL pwd"), result)) == "DONE /home"


def test_it_remembers_what_the_conversation_holds() -> None:
    """And nothing else."""
    assert said(answer(user("REMEMBER plum"), user("RECALL"))) == "RECALLED plum"
    assert said(answer(user("RECALL"))) == "RECALLED nothing"


def test_requests_without_tools_are_answered_at_once() -> None:
    """Agents make titles from the same text; a script must not run for them."""
    assert said(answer(user("SLOW 1000"), tools=[])) == "A side answer"


def test_failures_last_for_ever_or_so_many_times() -> None:
    """The count starts anew after the success."""
    script = Script()
    asked = Conversation("chat", "m", [user("FAIL 429 2\nSAY ok")], [SHELL])

    answers = [script.answer(asked) for _ in range(4)]

    assert [isinstance(it, Failure) for it in answers] == [True, True, False, True]
    assert answer(user("FAIL 500")) == Failure(500, "scripted failure 500", "scripted")
    overflow = answer(user("OVERFLOW"))
    assert isinstance(overflow, Failure)
    assert overflow.code == "context_length_exceeded"


def test_slow_big_and_hanging_replies() -> None:
    """Pieces with a pause, pieces of a kibibyte, no end."""
    reply = answer(user("SLOW 2\nBIG 2\nHANG\nSAY never"))

    assert isinstance(reply, Reply)
    assert [type(piece) for piece in reply.pieces] == [Chunk, Chunk, Chunk, Chunk, Hang]
    assert len(reply.text()) == len("tick0 tick1 ") + 2048


@pytest.mark.parametrize(
    ("tool", "wish", "arguments"),
    [
        (
            Tool("Write", string(file_path={"type": "string", "description": "absolute path"})),
            Wish("WRITE", "a.txt hi", "/project"),
            {"file_path": "/project/a.txt"},
        ),
        (
            Tool("ext__text_editor", string(command={"enum": ["write", "view"]}, path={})),
            Wish("WRITE", "a hi"),
            {"command": "write", "path": "a"},
        ),
        (
            Tool(
                "todowrite",
                {
                    "properties": {"todos": {"type": "array", "items": {"$ref": "#/$defs/todo"}}},
                    "required": ["todos"],
                    "$defs": {"todo": string("content", priority={"enum": ["low"]})},
                },
            ),
            Wish("TODO", "buy milk"),
            {"todos": [{"content": "buy milk", "priority": "low"}]},
        ),
        (
            Tool(
                "question",
                string(options={"type": "array", "minItems": 2, "items": string("label")}),
            ),
            Wish("ASK", "which?"),
            {"options": [{"label": "blue"}, {"label": "red"}]},
        ),
        (
            Tool("read", string("path", limit={"type": ["integer", "null"]}, all={"const": 1})),
            Wish("READ", "a"),
            {"path": "a", "limit": 1, "all": 1},
        ),
    ],
    ids=lambda it: it.name if isinstance(it, Tool) else "",
)
def test_arguments_are_made_from_the_tools_schema(
    tool: Tool, wish: Wish, arguments: dict[str, Any]
) -> None:
    """References, unions, enumerations and minimal arrays are followed."""
    assert choose([tool], wish) == (tool.name, arguments)


def test_without_a_tool_to_write_the_shell_does() -> None:
    """Codex has only a shell for it; with neither, the model says so."""
    chosen = choose([SHELL], Wish("WRITE", "a.txt it's"))

    assert chosen is not None
    assert chosen[0] == "bash"
    assert said(answer(user("WRITE a b"), tools=[Tool("other", {})])) == "NO TOOL for WRITE"
