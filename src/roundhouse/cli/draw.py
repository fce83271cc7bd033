"""How changes look: files in words, hunks with a gutter that names the author of each line. Draws lines, prints none."""

from collections.abc import Iterable, Iterator
from typing import Any

from roundhouse.cli.changes import SHORT_HUNK
from roundhouse.cli.lookup import Item
from roundhouse.cli.output import Paint, counted, file_name, harmless

PERSON = "you"
SIGNS = {"add": ("+", "green"), "delete": ("-", "red")}
TABSIZE = 4
WIDEST = 16
"""Columns of the gutter at most; a longer name is cut."""

COLOURS = ("yellow", "cyan", "magenta", "blue")
LINK, SUBMODULE = "120000", "160000"
PLAIN = "100644"
NOT_THERE = {None, "", "000000", "0"}


class Gutter:
    """A column of authors, as wide and as coloured for all the files that it was made for."""

    def __init__(self, shares: Iterable[Item], paint: Paint) -> None:
        names = [share["name"] for share in shares]
        self._paint = paint
        self._colours = {
            name: COLOURS[number % len(COLOURS)]
            for number, name in enumerate(name for name in names if name)
        }
        widths = (len(harmless(name or PERSON)) for name in names)
        self.width = min(WIDEST, max(widths, default=len(PERSON)))

    @classmethod
    def of(cls, changes: Item, paint: Paint) -> "Gutter":
        """One for a page of changes and those after it."""
        inside = [share for file in changes["files"] for share in file["agents"]]
        # The totals know no share of what has no lines.
        return cls([*changes["totals"].get("agents", []), *inside], paint)

    def author(self, line: Item) -> str:
        """The column beside a line, blank beside context."""
        if line["kind"] == "context":
            return " " * self.width
        name = harmless(line["agent"] or PERSON)
        if len(name) > self.width:
            name = f"{name[: self.width - 1]}…"
        return self._paint(f"{name:{self.width}}", self._colours.get(line["agent"], "bold"))


def drawn(file: Item, gutter: Gutter, paint: Paint, *, asked: str | None = None) -> Iterator[str]:
    """A file with its hunks. `asked` is the path that was asked for."""
    yield file_line(file, paint)
    if file.get("too_large") and asked != file["path"]:
        yield paint(f"  its lines come with --path {file['path']!r}", "dim")
    for hunk in file["hunks"]:
        yield from hunk_lines(hunk, gutter, paint)


def file_line(file: Item, paint: Paint) -> str:
    """A file in one line: its name, what happened to it, in words what lines do not show, whose it is."""
    name = file_name(file["path"])
    if file.get("old_path"):
        name = f"{file_name(file['old_path'])} → {name}"
    words = [file["operation"], f"+{file['additions']} -{file['deletions']}", *about(file)]
    return f"{paint(name, 'bold')}  {'  '.join(words)}{shares(file['agents'])}"


def about(file: Item) -> list[str]:
    """What no line of a file's hunks says: mode, link, submodule, binary, size."""
    old, new = (None if file.get(side) in NOT_THERE else file[side] for side in MODES)
    words = []
    for mode, word in ((LINK, "symbolic link"), (SUBMODULE, "submodule")):
        if old and new and (old == mode) != (new == mode):
            words.append(f"is {'now' if new == mode else 'no longer'} a {word}")
        elif mode in {old, new}:
            words.append(word)
    if not words and old and new and old != new:
        words.append(f"mode {old} → {new}")
    elif not words and not old and new not in {None, PLAIN}:
        words.append(f"mode {new}")
    if file.get("binary"):
        words.append("binary")
    if file.get("too_large"):
        words.append("too large to show")
    return words


MODES = ("old_mode", "new_mode")


def hunk_lines(hunk: Item, gutter: Gutter, paint: Paint) -> Iterator[str]:
    """A hunk: its short id and header, then its lines with their authors."""
    name = paint(hunk["id"][:SHORT_HUNK], "dim")
    yield f"{'':{gutter.width}}  {name}  {paint(harmless(hunk['header']), 'cyan')}"
    for line in hunk["lines"]:
        sign, colour = SIGNS.get(line["kind"], (" ", ""))
        text = _text(line)
        shown = f"{sign} {text}" if text else sign
        yield f"{gutter.author(line)}  {paint(shown, colour) if colour else shown}".rstrip(" ")


def _text(line: dict[str, Any]) -> str:
    text = line["text"].rstrip("\n")
    # A carriage return is what a change of line ends consists of; context does not need it.
    end = "␍" if text.endswith("\r") and line["kind"] != "context" else ""
    missing = " (no newline at the end)" if line.get("no_newline") else ""
    return harmless(text).expandtabs(TABSIZE) + end + missing


def shares(agents: list[Item]) -> str:
    """Who wrote how much, in brackets."""
    if not agents:
        return ""
    parts = [f"{harmless(a['name'] or PERSON)} {round(100 * a['share'])} %" for a in agents]
    return f"  ({', '.join(parts)})"


def total_line(totals: Item) -> str:
    """The sums over all files."""
    count = counted(totals["files"], "file")
    lines = f"+{totals['additions']} -{totals['deletions']}"
    return f"{count}, {lines}{shares(totals.get('agents', []))}"
