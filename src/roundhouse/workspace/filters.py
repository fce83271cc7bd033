"""Which files, hunks and lines of a difference are asked for: by author, by path, by what was seen already. Pure."""

from collections.abc import Collection

from msgspec import Struct

from roundhouse.workspace.comparison import ChangedFile, Made
from roundhouse.workspace.delta import Entry
from roundhouse.workspace.diff import shown
from roundhouse.workspace.snapshot import Author

PERSON = "person"
"""The filter value for what no agent wrote."""


class Filter(Struct, frozen=True, kw_only=True):
    """What is asked for. `seen` holds the marks that a person set, `unseen_only` hides what has them."""

    agent: str | None = None
    task_id: str | None = None
    path: str | None = None
    seen: Collection[str] = frozenset()
    unseen_only: bool = False

    @property
    def by_author(self) -> bool:
        """Whether lines matter."""
        return self.agent is not None or self.task_id is not None

    def fits(self, author: Author) -> bool:
        """Whether the author is the one asked for."""
        named = PERSON if author.agent is None else author.agent
        return self.agent in {None, named} and self.task_id in {None, author.task_id}

    def covers(self, entry: Entry) -> bool:
        """Whether the file is the one asked for, or lies in the folder asked for."""
        if self.path is None:
            return True
        wanted = self.path.rstrip("/")
        names = {shown(entry.path), shown(entry.old_name)}
        return any(name == wanted or name.startswith(f"{wanted}/") for name in names)

    def names(self, entry: Entry) -> bool:
        """Whether exactly this file is asked for."""
        return self.path is not None and self.path == shown(entry.path)

    def holds(self, file: ChangedFile) -> bool:
        """Whether the file is in the list, as far as authors and paths say."""
        if not self.covers(file.entry):
            return False
        if not self.by_author:
            return True
        made = file.made()
        by = {author for _kind, author in made} if made.total() else file.authors
        return any(self.fits(author) for author in by)

    def saw(self, file: ChangedFile) -> bool:
        """Whether all of the file is marked; its hunks must have been named."""
        if not self.seen:
            return False
        if not file.marks:
            return file.id in self.seen
        if file.mode_id is not None and file.mode_id not in self.seen:
            return False
        return all(mark.id in self.seen for mark in file.marks)

    def shows(self, name: str, made: Made) -> bool:
        """Whether a hunk of that name and with these authors is asked for."""
        if self.unseen_only and name in self.seen:
            return False
        return not self.by_author or any(self.fits(author) for _kind, author in made)

    def made(self, file: ChangedFile) -> Made:
        """The lines asked for, by author."""
        made = file.made()
        if (
            self.unseen_only
            and file.marks
            and not all(self.shows(m.id, m.made) for m in file.marks)
        ):
            made = Made()
            for mark in file.marks:
                if self.shows(mark.id, mark.made):
                    made += mark.made
        return made

    def sums(self, file: ChangedFile) -> tuple[int, int]:
        """How many lines asked for were added and deleted."""
        made = self.made(file)
        if not made and file.made():
            return 0, 0
        if not made:
            return file.entry.additions or 0, file.entry.deletions or 0
        fitting = {key: number for key, number in made.items() if self.fits(key[1])}
        return (
            sum(number for (kind, _author), number in fitting.items() if kind == "add"),
            sum(number for (kind, _author), number in fitting.items() if kind == "delete"),
        )
