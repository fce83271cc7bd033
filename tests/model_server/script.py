"""What the scripted model answers: from a conversation to the pieces of a reply. Pure, knows no vendor's shape.

Commands stand at the beginning of a line of a user message and run in order:

    SAY text            answer that text                 THINK text     think that text
    REMEMBER word       acknowledge                      RECALL         name every REMEMBER of the conversation
    WRITE path text     write a file by a tool           READ path      read one
    SHELL command       run it by a tool                 TODO text      write a to-do list of one entry
    ASK question        ask the person by a tool         SLOW n         n pieces of text, a tenth of a second apart
    BIG n               n times 1024 characters          HANG           nothing more until the caller leaves
    FAIL code [times]   HTTP error, for ever or so often OVERFLOW       the error of a full context window

A line ALONE makes what stands before it count for nothing: some agents glue an unanswered message to the next one.
A command that needs a tool ends the reply; the call that brings the tool's result gets the rest.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from tests.model_server.tools import Arguments, Tool, Wish, choose

COMMAND = re.compile(
    r"^(SAY|THINK|REMEMBER|RECALL|WRITE|READ|SHELL|TODO|ASK|SLOW|BIG|HANG|FAIL|OVERFLOW)\b ?(.*)$",
    re.MULTILINE,
)
ALONE = re.compile(r"^ALONE$", re.MULTILINE)
REMEMBERED = re.compile(r"^REMEMBER (.+)$", re.MULTILINE)
FOLDER = re.compile(r"working (?:in the )?directory:? *`?(/[^\s`<]+)", re.IGNORECASE)
TICK = 0.1
KIBI = 1024


@dataclass(frozen=True)
class Message:
    """One message, whatever it was called on the wire."""

    role: Literal["user", "assistant", "tool", "system"]
    text: str


@dataclass(frozen=True)
class Conversation:
    """A request for the next reply."""

    dialect: str
    model: str
    messages: list[Message]
    tools: list[Tool] = field(default_factory=list)
    stream: bool = True


@dataclass(frozen=True)
class Chunk:
    """A piece of text or of thinking, sent `after` so many seconds."""

    text: str
    thought: bool = False
    after: float = 0.0


@dataclass(frozen=True)
class Call:
    """The model calls a tool; the reply ends with it."""

    id: str
    name: str
    arguments: Arguments


@dataclass(frozen=True)
class Hang:
    """The model says nothing more."""


@dataclass(frozen=True)
class Failure:
    """The request is refused."""

    status: int
    message: str
    code: str


@dataclass(frozen=True)
class Reply:
    """The pieces of an answer."""

    pieces: list[Chunk | Call | Hang]
    tokens_in: int
    number: int
    """Makes its id: agents drop a message whose id they have seen."""

    @property
    def tokens_out(self) -> int:
        """One for each piece."""
        return max(1, len(self.pieces))

    @property
    def call(self) -> Call | None:
        """The tool call it ends with."""
        last = self.pieces[-1] if self.pieces else None
        return last if isinstance(last, Call) else None

    def text(self, *, thought: bool = False) -> str:
        """All text, or all thinking."""
        return "".join(
            piece.text
            for piece in self.pieces
            if isinstance(piece, Chunk) and piece.thought == thought
        )


class Script:
    """Answers conversations; remembers only how often a FAIL has failed and numbers the tool calls."""

    def __init__(self) -> None:
        self._failed: Counter[str] = Counter()
        self._calls = 0
        self._replies = 0

    def answer(self, asked: Conversation) -> Reply | Failure:
        """The reply to a conversation."""
        self._replies += 1
        tokens_in = max(1, sum(len(message.text) for message in asked.messages) // 4)
        if not asked.tools:
            return self._reply([Chunk("A side answer")], tokens_in)
        commands, results = _pending(asked.messages)
        if commands is None:
            return self._reply([*_words(f"You said: {_last_line(asked.messages)}")], tokens_in)
        pieces: list[Chunk | Call | Hang] = []
        for name, argument in commands:
            if name in ("FAIL", "OVERFLOW") and (failure := self._failure(name, argument)):
                return failure
            pieces += self._pieces(asked, name, argument)
            if pieces and isinstance(pieces[-1], Call | Hang):
                break
        if not pieces and results:
            # What an agent adds for the model is not the tool's result.
            result = results[-1].partition("<system-reminder>")[0].strip()
            pieces += _words(f"DONE {result[:500]}")
        return self._reply(pieces or [Chunk("DONE")], tokens_in)

    def _reply(self, pieces: list[Chunk | Call | Hang], tokens_in: int) -> Reply:
        return Reply(pieces, tokens_in, self._replies)

    def _failure(self, name: str, argument: str) -> Failure | None:
        if name == "OVERFLOW":
            message = (
                "This model's maximum context length is 200000 tokens, the messages have more."
            )
            return Failure(400, message, "context_length_exceeded")
        code, _, times = argument.partition(" ")
        self._failed[argument] += 1
        if times and self._failed[argument] > int(times):
            self._failed[argument] = 0
            return None
        return Failure(int(code), f"scripted failure {code}", "scripted")

    def _pieces(self, asked: Conversation, name: str, argument: str) -> list[Chunk | Call | Hang]:
        pieces: list[Chunk | Call | Hang] = []
        match name:
            case "SAY":
                pieces += _words(argument)
            case "THINK":
                pieces += [Chunk(f"{word} ", thought=True) for word in argument.split()]
            case "REMEMBER":
                pieces += _words(f"REMEMBERED {argument}")
            case "RECALL":
                pieces += _words(f"RECALLED {_memory(asked.messages)}")
            case "SLOW":
                pieces += [Chunk(f"tick{at} ", after=TICK) for at in range(int(argument))]
            case "BIG":
                pieces += [Chunk("x" * KIBI) for _ in range(int(argument))]
            case "HANG":
                pieces.append(Hang())
            case "FAIL":
                pass
            case _:
                pieces.append(self._call(asked, Wish(name, argument, _folder(asked.messages))))
        return pieces

    def _call(self, asked: Conversation, wish: Wish) -> Chunk | Call:
        chosen = choose(asked.tools, wish)
        if chosen is None:
            return Chunk(f"NO TOOL for {wish.command}")
        self._calls += 1
        return Call(f"call_{self._calls:06}", *chosen)


TOOL_COMMANDS = frozenset({"WRITE", "READ", "SHELL", "TODO", "ASK"})


def commands_of(messages: list[Message]) -> list[tuple[str, str]]:
    """The commands of the last user message that has any."""
    return _script(messages)[0]


def _script(messages: list[Message]) -> tuple[list[tuple[str, str]], list[str]]:
    for at in range(len(messages) - 1, -1, -1):
        message = messages[at]
        text = ALONE.split(message.text)[-1]
        found = COMMAND.findall(text) if message.role == "user" else []
        if found:
            return found, [later.text for later in messages[at:] if later.role == "tool"]
    return [], []


def _pending(messages: list[Message]) -> tuple[list[tuple[str, str]] | None, list[str]]:
    """The commands still to run, and the tool results so far; None if there never was one."""
    commands, results = _script(messages)
    if not commands:
        return None, results
    done = len(results)
    while done and commands:
        if commands[0][0] in TOOL_COMMANDS:
            done -= 1
        commands = commands[1:]
    return commands, results


def _words(text: str) -> Iterator[Chunk]:
    for word in re.findall(r"\s*\S+", text):
        yield Chunk(word)


def _memory(messages: list[Message]) -> str:
    words: list[str] = []
    for message in messages:
        if message.role == "user":
            words += REMEMBERED.findall(message.text)
    return ", ".join(words) or "nothing"


def _folder(messages: list[Message]) -> str | None:
    """Agents tell the model where they work."""
    for message in messages:
        if found := FOLDER.search(message.text):
            return found[1]
    return None


def _last_line(messages: list[Message]) -> str:
    said = [message.text for message in messages if message.role == "user" and message.text.strip()]
    return said[-1].strip().splitlines()[-1][:200] if said else ""
