"""What text may be, whichever door it comes through. Knows no field."""

import re

from roundhouse.model.errors import InvalidInput, TooLarge

INPUT_MAX = 4 * 1024 * 1024
"""Bytes of a prompt."""

TITLE_MAX = 200
TITLE_FROM_PROMPT = 80
UNTITLED = "New session"
"""Shown until the first prompt gives a session its title."""

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_SPACE = re.compile(r"\s+")


def clean(text: str, field: str) -> str:
    """The text itself. Raises InvalidInput for what no text column can hold."""
    if found := _UNSTORABLE.search(text):
        what = "a NUL character" if found[0] == "\0" else "half a surrogate pair"
        raise InvalidInput(f"The text holds {what}.", code="unstorable_text", field=field)
    return text


def prompt(text: str) -> str:
    """A prompt as it may be queued. Raises InvalidInput, TooLarge."""
    clean(text, "input")
    if not text.strip():
        raise InvalidInput("The prompt is empty.", code="empty", field="input")
    if len(text) > INPUT_MAX or len(text.encode()) > INPUT_MAX:
        raise TooLarge(
            f"The prompt is over {INPUT_MAX // 2**20} MB.",
            field="input",
            remedy="Put it into a file of the repository and name that.",
        )
    return text


def title_of(text: str) -> str:
    """A session's title from its first prompt: the first line that says something, cut to fit."""
    line = next((line for line in text.splitlines() if line.strip()), "")
    line = _SPACE.sub(" ", line).strip()
    if len(line) > TITLE_FROM_PROMPT:
        line = line[: TITLE_FROM_PROMPT - 1].rstrip() + "…"
    return line or UNTITLED
