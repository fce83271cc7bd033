"""What the demo agent remembers: one file of JSON lines a conversation, written as it happens."""

import json
import os
from pathlib import Path


def home() -> Path:
    """The folder: $DEMO_HOME, else one in the user's state folder."""
    if given := os.environ.get("DEMO_HOME"):
        return Path(given)
    state = os.environ.get("XDG_STATE_HOME")
    return (Path(state) if state else Path.home() / ".local" / "state") / "roundhouse-demo"


def _path(conversation: str) -> Path:
    return home() / (conversation.replace("/", "_") + ".jsonl")


def append(conversation: str, role: str, text: str) -> None:
    """Add one line, so that it is there even after a SIGKILL."""
    home().mkdir(parents=True, exist_ok=True)
    with _path(conversation).open("a", encoding="utf-8") as file:
        file.write(json.dumps([role, text]) + "\n")


def load(conversation: str) -> list[tuple[str, str]] | None:
    """All lines as (role, text), or None when there is no such conversation."""
    try:
        with _path(conversation).open(encoding="utf-8") as file:
            return [(role, text) for role, text in map(json.loads, file)]
    except FileNotFoundError:
        return None


def forget(conversation: str) -> None:
    """Remove a conversation."""
    _path(conversation).unlink(missing_ok=True)
