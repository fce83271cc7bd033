"""Opencode's tool parts as our tool calls. Pure; remembers what was already told of each part."""

from typing import Any

from roundhouse.model.event import (
    Location,
    ToolCall,
    ToolContent,
    ToolDiff,
    ToolStatus,
    ToolTerminal,
    ToolText,
    ToolUpdate,
)

Json = dict[str, Any]

_KINDS = {
    "bash": "execute",
    "edit": "edit",
    "write": "edit",
    "patch": "edit",
    "multiedit": "edit",
    "apply_patch": "edit",
    "read": "read",
    "list": "search",
    "glob": "search",
    "grep": "search",
    "webfetch": "fetch",
    "websearch": "fetch",
    "task": "think",
    "todowrite": "think",
    "todoread": "think",
}

_STATUSES: dict[str, ToolStatus] = {
    "pending": "pending",
    "running": "in_progress",
    "completed": "completed",
    "error": "failed",
}


def kind_of(tool: str) -> str:
    """The kind of a tool, or of a permission named after one."""
    return _KINDS.get(tool, "other")


class ToolParts:
    """Tool parts so far; ids of calls are the parts' ids, as models number their calls anew."""

    def __init__(self) -> None:
        self._told: dict[str, Json] = {}
        self._calls: dict[tuple[str, str], str] = {}
        self._output: dict[str, str] = {}

    def call_id(self, tool: Json | None) -> str | None:
        """Our id of the call that a permission or a question names."""
        if not tool:
            return None
        return self._calls.get((str(tool.get("messageID")), str(tool.get("callID"))))

    def open(self) -> list[str]:
        """Calls that have not ended."""
        ended = ("completed", "error")
        return [part for part, state in self._told.items() if state.get("status") not in ended]

    def feed(self, part: Json) -> list[ToolCall | ToolUpdate]:
        """The news in a tool part."""
        part_id, state = str(part["id"]), part.get("state") or {}
        before = self._told.get(part_id)
        if before == state or (before and before.get("status") in ("completed", "error")):
            return []
        self._told[part_id] = state
        tool = str(part.get("tool", "tool"))
        news: list[ToolCall | ToolUpdate] = []
        if before is None:
            self._calls[(str(part.get("messageID")), str(part.get("callID")))] = part_id
            news.append(ToolCall(id=part_id, title=tool, kind=kind_of(tool)))
        if state.get("status") != "pending":
            news.append(self._update(part_id, tool, state, before or {}))
        return news

    def _update(self, part_id: str, tool: str, state: Json, before: Json) -> ToolUpdate:
        given = state.get("input") or None
        content = self._content(part_id, tool, state)
        known = given is not None and given == before.get("input")
        return ToolUpdate(
            id=part_id,
            title=state.get("title") or None,
            status=_STATUSES.get(str(state.get("status"))),
            input=None if known else given,
            output=state.get("output"),
            locations=None if known else _locations(given),
            content=content or None,
        )

    def _content(self, part_id: str, tool: str, state: Json) -> list[ToolContent]:
        status = state.get("status")
        if tool == "bash" and status in ("running", "completed"):
            return self._terminal(part_id, state, ended=status == "completed")
        if status == "error":
            return [ToolText(str(state.get("error", "")))]
        if status != "completed":
            return []
        return _diffs(tool, state) or [ToolText(str(state.get("output", "")))]

    def _terminal(self, part_id: str, state: Json, *, ended: bool) -> list[ToolContent]:
        metadata = state.get("metadata") or {}
        output = str(metadata.get("output") or (state.get("output") if ended else "") or "")
        before = self._output.get(part_id, "")
        if output == before and not ended:
            return []
        self._output[part_id] = output
        grown = output.startswith(before) and bool(before)
        exit_code = metadata.get("exit")
        return [
            ToolTerminal(
                terminal_id=part_id,
                output=output[len(before) :] if grown else output,
                whole=not grown,
                exit_code=exit_code if isinstance(exit_code, int) else None,
            )
        ]


def _locations(given: Json | None) -> list[Location] | None:
    for name in ("filePath", "path"):
        if given and isinstance(given.get(name), str):
            return [Location(given[name])]
    return None


def _diffs(tool: str, state: Json) -> list[ToolContent]:
    given = state.get("input") or {}
    path = given.get("filePath")
    if not isinstance(path, str):
        return []
    whole = (state.get("metadata") or {}).get("filediff")
    if isinstance(whole, dict) and "after" in whole:
        return [ToolDiff(path=path, new_text=whole["after"], old_text=whole.get("before"))]
    if tool == "write" and "content" in given:
        return [ToolDiff(path=path, new_text=str(given["content"]))]
    if tool == "edit" and "newString" in given:
        old = given.get("oldString")
        return [ToolDiff(path=path, new_text=str(given["newString"]), old_text=old)]
    return []
