"""How commands print: JSON, tables, colour, times. Knows no command."""

import os
import re
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, TextIO

import msgspec

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
MINUTE, HOUR, DAY = 60, 3600, 86400
SHORT_ID = 6
_CODES = {
    "bold": 1,
    "dim": 2,
    "red": 31,
    "green": 32,
    "yellow": 33,
    "blue": 34,
    "magenta": 35,
    "cyan": 36,
}


class Paint:
    """ANSI colours for one stream; none where it is no terminal or NO_COLOR is set."""

    def __init__(self, stream: TextIO, *, colour: bool = True) -> None:
        self.terminal = stream.isatty() and os.environ.get("TERM") != "dumb"
        self._on = self.terminal and colour and not os.environ.get("NO_COLOR")

    def __call__(self, text: str, style: str) -> str:
        """`text` in a style: "dim", "bold", a colour."""
        return f"\x1b[{_CODES[style]}m{text}\x1b[0m" if self._on and text else text


def harmless(text: str) -> str:
    """Text of an agent without the characters that would steer a terminal."""
    return _CONTROL.sub("", text)


def file_name(path: str) -> str:
    """A path on one line: an odd character in it is shown, not carried out."""
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in path)


def one_line(text: str, width: int = 100) -> str:
    """The beginning of a text on one line."""
    line = " ".join(harmless(text).split())
    return line if len(line) <= width else line[: width - 1] + "…"


def emit_json(value: Any) -> None:
    """Print JSON, indented."""
    print(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


def note(text: str) -> None:
    """Say something beside the output."""
    print(Paint(sys.stderr)(text, "dim"), file=sys.stderr, flush=True)


def counted(number: int, what: str) -> str:
    """A number with its noun: "1 file", "2 files"."""
    return f"{number} {what}{'s' * (number != 1)}"


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table: fitted to a terminal, else complete in aligned columns."""
    cells = [[one_line(str(cell), 200) for cell in row] for row in rows]
    if not sys.stdout.isatty():
        lines = [list(columns), *cells]
        widths = [max(len(line[n]) for line in lines) for n in range(len(columns))]
        for line in lines:
            padded = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
            print("  ".join(padded).rstrip())
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=None, pad_edge=False, header_style="dim")
    for number, column in enumerate(columns):
        drawn.add_column(
            column, no_wrap=True, overflow="ellipsis", min_width=8 if not number else 1
        )
    for line in cells:
        drawn.add_row(*(Text(cell) for cell in line))
    plain = bool(os.environ.get("NO_COLOR"))
    Console(color_system=None if plain else "auto").print(drawn)


def ago(moment: str | None) -> str:
    """A time of the wire as how long ago it was."""
    if moment is None:
        return ""
    seconds = (datetime.now(UTC) - msgspec.convert(moment, datetime)).total_seconds()
    for size, unit in ((DAY, "d"), (HOUR, "h"), (MINUTE, "m")):
        if seconds >= size:
            return f"{int(seconds // size)}{unit} ago"
    return f"{max(0, int(seconds))}s ago"


def short(identifier: str) -> str:
    """An id as it is shown; its beginning is enough wherever an id is asked for."""
    return identifier[:SHORT_ID]
