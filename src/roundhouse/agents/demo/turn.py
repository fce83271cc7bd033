"""One turn of the demo agent: speaking, thinking, tools and permissions, as ACP updates."""

import os
import threading
from pathlib import Path
from typing import Any

from roundhouse.agents.demo import memory
from roundhouse.agents.demo.wire import Peer


class Cancelled(Exception):
    """The client cancelled the turn."""


class Refused(Exception):
    """The agent refuses the turn."""


class Failed(Exception):
    """The prompt is answered with a JSON-RPC error."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class Conversation:
    """What the agent knows of one ACP session."""

    def __init__(self, name: str, cwd: str) -> None:
        self.name = name
        self.cwd = cwd
        self.mode = "ask"
        self.model = "demo-small"
        self.allowed = False
        self.running = False
        self.cancelled = threading.Event()
        self.cost = 0.0


class Turn:
    """The running of one prompt."""

    def __init__(self, peer: Peer, conversation: Conversation, number: int) -> None:
        self.peer = peer
        self.conversation = conversation
        self.message = f"{conversation.name}-{number}"
        self.said = ""
        self.pace = float(os.environ.get("DEMO_PACE", "0.02"))
        self._calls = 0

    def update(self, **update: Any) -> None:
        """Send an update of this conversation."""
        self.peer.update(self.conversation.name, **update)

    def say(self, text: str) -> None:
        """Speak one piece of the answer."""
        self.said += text
        content = {"type": "text", "text": text}
        self.update(sessionUpdate="agent_message_chunk", messageId=self.message, content=content)

    def tell(self, text: str) -> None:
        """Speak word by word, at the demo's pace."""
        for word in text.split(" "):
            self.say(word + " ")
            self.pause(self.pace)

    def think(self, text: str) -> None:
        """Think aloud."""
        content = {"type": "text", "text": text}
        self.update(sessionUpdate="agent_thought_chunk", messageId=self.message, content=content)

    def plan(self, *entries: str, done: int = 0) -> None:
        """Show a plan of which the first `done` entries are finished."""
        states = ["completed"] * done + ["in_progress"] + ["pending"] * len(entries)
        lines = [
            {"content": entry, "priority": "medium", "status": status}
            for entry, status in zip(entries, states, strict=False)
        ]
        self.update(sessionUpdate="plan", entries=lines)

    def pause(self, seconds: float) -> None:
        """Wait, unless cancelled. Raises Cancelled."""
        if self.conversation.cancelled.wait(seconds):
            raise Cancelled

    def call(self, title: str, kind: str, **fields: Any) -> str:
        """Begin a tool call; returns its id."""
        self._calls += 1
        name = f"{self.message}-call-{self._calls}"
        self.update(
            sessionUpdate="tool_call",
            toolCallId=name,
            title=title,
            kind=kind,
            status="pending",
            **fields,
        )
        return name

    def progress(self, call: str, status: str, **fields: Any) -> None:
        """Report on a tool call."""
        self.update(sessionUpdate="tool_call_update", toolCallId=call, status=status, **fields)

    def edit(self, path: str, text: str | None, *, ask: bool = False) -> bool:
        """Write a file of the worktree, or delete it (text None), perhaps asking first.

        Raises Cancelled, and Failed for a path outside.
        """
        root = Path(self.conversation.cwd).resolve()
        full = (root / path).resolve()
        if root not in full.parents:
            raise Failed(-32602, f"{path} is outside the worktree")
        old = read(full)
        diff = {"type": "diff", "path": str(full), "oldText": old, "newText": text or ""}
        title = f"{'Delete' if text is None else 'Write'} {path}"
        kind = "delete" if text is None else "edit"
        about = {"rawInput": {"path": path}, "locations": [{"path": str(full)}]}
        call = self.call(title, kind, **about)
        if ask and not self._permitted(call, title, kind, diff, about):
            self.progress(call, "failed")
            return False
        self.progress(call, "in_progress")
        if text is None:
            full.unlink()
        else:
            full.parent.mkdir(parents=True, exist_ok=True)
            full.write_text(text, encoding="utf-8")
        self.progress(call, "completed", content=[diff])
        return True

    def _permitted(
        self, call: str, title: str, kind: str, diff: dict[str, Any], about: dict[str, Any]
    ) -> bool:
        if self.conversation.mode == "auto" or self.conversation.allowed:
            return True
        options = [
            {"optionId": "allow", "name": "Allow", "kind": "allow_once"},
            {"optionId": "always", "name": "Always allow", "kind": "allow_always"},
            {"optionId": "reject", "name": "Reject", "kind": "reject_once"},
        ]
        tool = {"toolCallId": call, "title": title, "kind": kind, "content": [diff], **about}
        chosen = self.ask(tool, options).get("optionId")
        self.conversation.allowed |= chosen == "always"
        return chosen in {"allow", "always"}

    def ask(
        self, tool: dict[str, Any], options: list[dict[str, Any]], **meta: Any
    ) -> dict[str, Any]:
        """Ask the person; the outcome, with the answers of a question. Raises Cancelled."""
        answer = self.peer.request(
            "session/request_permission",
            sessionId=self.conversation.name,
            toolCall=tool,
            options=options,
            **({"_meta": meta} if meta else {}),
        )
        if self.conversation.cancelled.is_set():
            raise Cancelled
        outcome: dict[str, Any] = answer.get("outcome") or {}
        return outcome | {"answers": answer.get("answers")}

    def remembered(self) -> list[str]:
        """Everything a REMEMBER of this conversation said."""
        lines = memory.load(self.conversation.name) or []
        return [text for role, text in lines if role == "fact"]


def read(path: Path) -> str | None:
    """A file's text, or None where there is none."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return None
