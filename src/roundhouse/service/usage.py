"""What turns have used. Sums rows; nothing is computed here."""

from msgspec import Struct

from roundhouse.model.usage import UsageBy, UsageLine
from roundhouse.store.usage import Usages


class UsageList(Struct, frozen=True):
    """All lines; there are as many as keys and agents, so they come as one page."""

    items: list[UsageLine]
    next_cursor: str | None = None


class UsageService:
    """Reads usage."""

    def __init__(self, usages: Usages) -> None:
        self._usages = usages

    async def read(self, by: UsageBy, *, days: int) -> UsageList:
        """The turns that ended in the last so many days, by key and agent."""
        return UsageList(await self._usages.sums(by, days=days))
