"""What a tool call shows: where it works, its output, files before and after, terminals. Parts of events."""

from typing import Any, Literal, TypeAlias

from msgspec import Struct

ToolStatus = Literal["pending", "in_progress", "completed", "failed"]


class Location(Struct, frozen=True, omit_defaults=True):
    """A file a tool touches; `line` counts from 1."""

    path: str
    line: int | None = None


class ToolText(Struct, frozen=True, tag_field="type", tag="text"):
    """Output as text."""

    text: str


class ToolDiff(Struct, frozen=True, kw_only=True, tag_field="type", tag="diff"):
    """A file before and after."""

    path: str
    new_text: str
    old_text: str | None = None


class ToolTerminal(
    Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="terminal"
):
    """A terminal's output so far; `output` is appended unless `whole`."""

    terminal_id: str
    output: str = ""
    whole: bool = True
    exit_code: int | None = None
    signal: str | None = None


class ToolOther(Struct, frozen=True, tag_field="type", tag="other"):
    """A kind of content we do not know, kept as it came."""

    value: Any


ToolContent: TypeAlias = ToolText | ToolDiff | ToolTerminal | ToolOther
