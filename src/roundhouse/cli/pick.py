"""Accepting or rejecting hunk by hunk in a terminal, as `git add -p` asks. Sends one request a file, at its end."""

import sys
from typing import Any

from roundhouse.cli.changes import files_in, pages, read_changes
from roundhouse.cli.draw import Gutter, file_line, hunk_lines
from roundhouse.cli.lookup import Item
from roundhouse.cli.output import Paint, counted, file_name, short
from roundhouse.cli.patience import patiently
from roundhouse.cli.watch import read_line
from roundhouse.client.http import Client
from roundhouse.model.errors import Conflict

KEYS = "y,n,a,d,q,j,k,?"
HELP = """\
y - {verb} this {part}
n - do not {verb} this {part}
a - {verb} this and all later hunks of the file
d - do not {verb} this or any later hunk of the file
q - quit; what was decided in this file is still done
j - leave this one undecided, see the next
k - leave this one undecided, see the one before
? - this help"""
WHOLE = ""
"""Stands for a file that has no hunks to choose from."""


class Pick:
    """One walk over a session's changes. `verb` is accept or reject."""

    def __init__(self, client: Client, session_id: str, verb: str) -> None:
        self._client = client
        self._session_id = session_id
        self._verb = verb
        self._agent: str | None = None
        self._paint = Paint(sys.stdout)
        self._gutter = Gutter([], self._paint)
        self._files = 0
        self._hunks = 0
        self._seen = False
        self._head: str | None = None
        self._undo: str | None = None

    async def run(self, *, paths: tuple[str, ...] = (), agent: str | None = None) -> None:
        """Ask for every hunk until the person has enough. Raises what the server refuses, but for what is stale."""
        self._agent = agent
        only = set(await files_in(self._client, self._session_id, paths)) if paths else None
        async for page in pages(self._client, self._session_id, agent=agent):
            self._gutter = Gutter.of(page, self._paint)
            self._head = page.get("head")
            for file in page["files"]:
                if only is not None and file["path"] not in only:
                    continue
                self._seen = True
                if not await self._file(file):
                    return

    def summary(self) -> str:
        """What was done, in one sentence."""
        if not self._seen:
            return "No changes."
        done = {"accept": "Accepted", "reject": "Rejected"}[self._verb]
        if not self._files:
            return f"{done} nothing."
        hunks = f"{counted(self._hunks, 'hunk')} in " if self._hunks else ""
        return f"{done} {hunks}{counted(self._files, 'file')}."

    def way_back(self) -> str | None:
        """How to take it all back, in one sentence; None where there is nothing to."""
        if not self._files:
            return None
        name = short(self._session_id)
        if self._files == 1:
            return f"To take it back: roundhouse {self._verb} {name} --undo"
        if self._undo is not None:
            return f"To take it back: roundhouse rewind {name} --checkpoint {self._undo}"
        return (
            f"To take it back: roundhouse {self._verb} {name} --undo, "
            f"{self._files} times: once for each file, the last one first"
        )

    async def _file(self, file: Item) -> bool:
        """Ask for a file's hunks and send what was decided. False if the person has enough."""
        decided: dict[str, bool] = {}
        goes_on = again = True
        while True:
            if goes_on:
                goes_on = await self._ask(file, decided)
            chosen = [unit for unit in _units(file) if decided.get(unit)]
            if not chosen:
                return goes_on
            try:
                await self._send(file, chosen)
            except Conflict as error:
                if not error.code.startswith("stale"):
                    raise
                stale = error
            else:
                return goes_on
            found = await self._again(file["path"])
            if again and stale.code == "stale_changes" and found and found["id"] == file["id"]:
                # Only others have changed, maybe by what was just decided on them.
                again = False
                continue
            print("  It has changed meanwhile; nothing was done to it. Looking again.")
            if found is not None and set(chosen) <= set(_units(found)):
                # The same once more would be refused once more.
                raise stale
            if found is None:
                print(f"  {file_name(file['path'])} is not in the changes any more.")
                return goes_on
            file = found

    async def _send(self, file: Item, chosen: list[str]) -> None:
        # By hunk even where all are meant: what nobody has seen is not accepted with them.
        body: dict[str, Any] = {"hunks": chosen}
        if chosen == [WHOLE]:
            body = {"files": [file["path"]]} | ({"head": self._head} if self._head else {})
        path = f"/api/sessions/{self._session_id}/changes/{self._verb}"
        answer = await patiently(f"{self._verb.title()}ing", self._client.post(path, body))
        # The one before the first of them is the one before all.
        self._undo = self._undo or answer.get("undo_checkpoint_id")
        self._files += 1
        self._hunks += 0 if chosen == [WHOLE] else len(chosen)

    async def _again(self, path: str) -> Item | None:
        changes = await read_changes(self._client, self._session_id, agent=self._agent, path=path)
        self._head = changes.get("head")
        return next((file for file in changes["files"] if file["path"] == path), None)

    async def _ask(self, file: Item, decided: dict[str, bool]) -> bool:
        """Fill in the decisions of one file; what stays undecided is left. False for quit."""
        units = _units(file)
        print(file_line(file, self._paint))
        at = _next(units, decided, 0)
        while at is not None:
            self._show(file, at)
            key = await self._key(file, at)
            if key in {"", "q"}:
                return False
            if key in {"a", "d"}:
                later = [unit for unit in units[at + 1 :] if unit not in decided]
                decided |= dict.fromkeys([units[at], *later], key == "a")
                at = _next(units, decided, at)
            elif key in {"y", "n"}:
                decided[units[at]] = key == "y"
                at = _next(units, decided, at)
            else:
                at = self._other(key, at, len(units), whole=units == [WHOLE])
        return True

    def _show(self, file: Item, at: int) -> None:
        if file["hunks"]:
            for text in hunk_lines(file["hunks"][at], self._gutter, self._paint):
                print(text)

    async def _key(self, file: Item, at: int) -> str:
        part = "hunk" if file["hunks"] else "file"
        where = f"({at + 1}/{len(file['hunks'])}) " if file["hunks"] else ""
        asked = f"{where}{self._verb.title()} this {part} [{KEYS}]? "
        line = await read_line(self._paint(asked, "bold"))
        if line is None:
            print()
            return ""
        return line[:1].lower() or "?"

    def _other(self, key: str, at: int, count: int, *, whole: bool) -> int:
        if key == "j" and at + 1 < count:
            return at + 1
        if key == "k" and at > 0:
            return at - 1
        if key in {"j", "k"}:
            print(f"  There is no {'next' if key == 'j' else 'previous'} hunk in this file.")
        else:
            print(HELP.format(verb=self._verb, part="file" if whole else "hunk"))
        return at


def _units(file: Item) -> list[str]:
    return [hunk["id"] for hunk in file["hunks"]] or [WHOLE]


def _next(units: list[str], decided: dict[str, bool], after: int) -> int | None:
    """The next one to ask for, from `after` on and round; None when all are decided."""
    order = (*range(after, len(units)), *range(after))
    return next((at for at in order if units[at] not in decided), None)
