"""From ACP's words to ours and back: updates to event bodies, prompt blocks to content, ends of turns. Pure.

Agents use every field loosely, so each is optional here, an unknown kind of update or content is kept as it came,
and what cannot be read as its type says becomes `Raw` too: nothing is dropped but the person's own prompt, which
some agents echo.
"""

from pathlib import PurePath
from typing import Any, Literal, TypeAlias, get_args

import msgspec
from msgspec import Raw, Struct

from roundhouse.agents.acp import wire
from roundhouse.agents.backend import ImageBlock, LinkBlock, PromptBlock, TextBlock
from roundhouse.model.event import (
    Command,
    Commands,
    EventBody,
    Location,
    Mode,
    Plan,
    PlanEntry,
    Reasoning,
    Text,
    ToolCall,
    ToolContent,
    ToolDiff,
    ToolOther,
    ToolStatus,
    ToolTerminal,
    ToolText,
    ToolUpdate,
    UsageReport,
)
from roundhouse.model.event import Raw as RawBody

SOURCE = "acp"

_STATUSES: dict[Any, ToolStatus] = {status: status for status in get_args(ToolStatus)} | {
    "cancelled": "failed"
}


class _Update(Struct, tag_field="sessionUpdate", rename="camel"):
    pass


class _Block(Struct):
    type: str
    text: str | None = None


class _MessageChunk(_Update, tag="agent_message_chunk"):
    content: _Block
    message_id: str | None = None


class _ThoughtChunk(_Update, tag="agent_thought_chunk"):
    content: _Block
    message_id: str | None = None


class _UserChunk(_Update, tag="user_message_chunk"):
    pass


class _ToolFields(_Update):
    tool_call_id: str
    title: Any = None
    kind: Any = None
    status: Any = None
    content: Any = None
    locations: Any = None
    raw_input: Any = None
    raw_output: Any = None
    meta: Any = msgspec.field(name="_meta", default=None)


class _ToolCall(_ToolFields, tag="tool_call"):
    pass


class _ToolCallUpdate(_ToolFields, tag="tool_call_update"):
    pass


class _Plan(_Update, tag="plan"):
    entries: list[dict[str, Any]]


class _Commands(_Update, tag="available_commands_update"):
    available_commands: list[dict[str, Any]]


class _CurrentMode(_Update, tag="current_mode_update"):
    current_mode_id: str


class _ConfigOptions(_Update, tag="config_option_update"):
    config_options: list[dict[str, Any]]


class _UsageUpdate(_Update, tag="usage_update"):
    used: int | float | None = None
    size: int | float | None = None
    cost: Any = None


_Known: TypeAlias = (
    _MessageChunk
    | _ThoughtChunk
    | _UserChunk
    | _ToolCall
    | _ToolCallUpdate
    | _Plan
    | _Commands
    | _CurrentMode
    | _ConfigOptions
    | _UsageUpdate
)


class _Params(Struct, rename="camel"):
    session_id: str
    update: _Known


_params = msgspec.json.Decoder(_Params)


class Translated(Struct):
    """An update as event bodies. `options` are config options, to be learned by the offer."""

    session_id: str | None
    bodies: list[EventBody]
    options: list[dict[str, Any]] | None = None


def translate_update(raw: Raw) -> Translated:
    """The params of a `session/update` as events, in order; usually one."""
    try:
        params = wire.decode(raw, _params)
    except wire.UNREADABLE:
        return _unknown(raw)
    update = params.update
    translated = Translated(params.session_id, [])
    match update:
        case _MessageChunk() | _ThoughtChunk():
            if update.content.type != "text" or update.content.text is None:
                return _unknown(raw)
            made = Text if isinstance(update, _MessageChunk) else Reasoning
            translated.bodies.append(made(text=update.content.text, message_id=update.message_id))
        case _UserChunk():
            pass
        case _ToolCall() | _ToolCallUpdate():
            translated.bodies += _tool(update)
        case _ConfigOptions():
            translated.options = update.config_options
            translated.bodies += _options(update.config_options)
        case _Plan() | _Commands() | _CurrentMode() | _UsageUpdate():
            translated.bodies.append(_plain(update))
    return translated


def _unknown(raw: Raw) -> Translated:
    found = wire.value(raw)
    session = found.get("sessionId") if isinstance(found, dict) else None
    inner = found.get("update", found) if isinstance(found, dict) else found
    return Translated(
        session if isinstance(session, str) else None, [RawBody(source=SOURCE, value=inner)]
    )


def _plain(update: _Plan | _Commands | _CurrentMode | _UsageUpdate) -> EventBody:
    match update:
        case _Plan():
            entries = [
                PlanEntry(
                    str(entry.get("content", "")),
                    str(entry.get("status") or "pending"),
                    str(entry.get("priority") or "medium"),
                )
                for entry in update.entries
            ]
            return Plan(entries=entries)
        case _Commands():
            return Commands(commands=[_command(found) for found in update.available_commands])
        case _CurrentMode():
            return Mode(mode=update.current_mode_id)
        case _UsageUpdate():
            cost = update.cost.get("amount") if isinstance(update.cost, dict) else None
            return UsageReport(
                context_used=None if update.used is None else int(update.used),
                context_size=None if update.size is None else int(update.size),
                cost_usd=float(cost) if isinstance(cost, int | float) else None,
            )


def _command(found: dict[str, Any]) -> Command:
    hint = found["input"].get("hint") if isinstance(found.get("input"), dict) else None
    return Command(
        str(found.get("name", "")),
        str(found.get("description") or ""),
        hint if isinstance(hint, str) else None,
    )


def _options(options: list[dict[str, Any]]) -> list[EventBody]:
    bodies: list[EventBody] = []
    for option in options:
        about, current = option.get("category") or option.get("id"), option.get("currentValue")
        if about == "mode" and isinstance(current, str):
            bodies.append(Mode(mode=current))
        elif about == "model" and isinstance(current, str):
            bodies.append(Mode(model=current))
        else:
            bodies.append(Mode(option=str(option.get("id")), value=current))
    return bodies


def _tool(update: _ToolCall | _ToolCallUpdate) -> list[EventBody]:
    content = _contents(update.content)
    streamed = _terminal_meta(update.meta)
    if streamed is not None:
        content = [*(content or []), streamed]
    locations = _locations(update.locations)
    status = _STATUSES.get(update.status) if isinstance(update.status, str) else None
    title = update.title if isinstance(update.title, str) else None
    kind = update.kind if isinstance(update.kind, str) else None
    bodies: list[EventBody] = []
    if isinstance(update, _ToolCall):
        bodies.append(
            ToolCall(
                id=update.tool_call_id,
                title=title or "",
                kind=kind or "other",
                status=status or "pending",
                input=update.raw_input,
                locations=locations or [],
                content=content or [],
            )
        )
        if update.raw_output is not None:
            bodies.append(ToolUpdate(id=update.tool_call_id, output=update.raw_output))
    else:
        bodies.append(
            ToolUpdate(
                id=update.tool_call_id,
                title=title,
                kind=kind,
                status=status,
                input=update.raw_input,
                output=update.raw_output,
                locations=locations,
                content=content,
            )
        )
    notice = update.meta.get("toolNotification") if isinstance(update.meta, dict) else None
    if notice is not None:  # goose's live output, in the shape of whatever tool runs
        value = {"toolCallId": update.tool_call_id, "toolNotification": notice}
        bodies.append(RawBody(source=SOURCE, value=value))
    return bodies


def _terminal_meta(meta: Any) -> ToolTerminal | None:
    """Codex's way of showing a command's output."""
    if not isinstance(meta, dict):
        return None
    delta = meta.get("terminal_output_delta") or meta.get("terminal_output")
    if isinstance(delta, dict) and isinstance(delta.get("data"), str):
        return ToolTerminal(
            terminal_id=str(delta.get("terminal_id", "")), output=delta["data"], whole=False
        )
    ended = meta.get("terminal_exit")
    if isinstance(ended, dict):
        code, number = ended.get("exit_code"), ended.get("signal")
        return ToolTerminal(
            terminal_id=str(ended.get("terminal_id", "")),
            whole=False,
            exit_code=code if isinstance(code, int) else None,
            signal=number if isinstance(number, str) else None,
        )
    return None


def _contents(found: Any) -> list[ToolContent] | None:
    return [_content(item) for item in found] if isinstance(found, list) else None


def _content(item: Any) -> ToolContent:
    match item:
        case {"type": "content", "content": {"type": "text", "text": str(text)}}:
            return ToolText(text)
        case {"type": "diff", "path": str(path), "newText": str(new)}:
            old = item.get("oldText")
            return ToolDiff(path=path, new_text=new, old_text=old if isinstance(old, str) else None)
        case {"type": "terminal", "terminalId": str(terminal)}:
            # Empty and not whole: it only says where the output will come.
            return ToolTerminal(terminal_id=terminal, whole=False)
        case _:
            return ToolOther(item)


def _locations(found: Any) -> list[Location] | None:
    if not isinstance(found, list):
        return None
    locations = []
    for item in found:
        if isinstance(item, dict) and isinstance(item.get("path"), str):
            line = item.get("line")
            locations.append(Location(item["path"], line if isinstance(line, int) else None))
    return locations


Stop = Literal["end_turn", "cancelled", "refused", "max_tokens", "max_turns"]

_STOPS: dict[Any, Stop] = {
    "cancelled": "cancelled",
    "refusal": "refused",
    "max_tokens": "max_tokens",
    "max_turn_requests": "max_turns",
}


def stop_of(result: dict[str, Any]) -> Stop:
    """How the agent says the turn ended; a reason we do not know is an ordinary end."""
    reason = result.get("stopReason")
    return _STOPS.get(reason, "end_turn") if isinstance(reason, str) else "end_turn"


def block_of(block: PromptBlock, cwd: str, *, images: bool) -> dict[str, Any]:
    """A prompt's block in the protocol's words."""
    match block:
        case TextBlock():
            return {"type": "text", "text": block.text}
        case ImageBlock() if images:
            return {"type": "image", "mimeType": block.media_type, "data": block.data_base64}
        case ImageBlock():
            return {"type": "text", "text": "[A picture was left out: this agent takes none.]\n"}
        case LinkBlock():
            path = PurePath(cwd) / block.path
            return {"type": "resource_link", "uri": path.as_uri(), "name": block.path}
