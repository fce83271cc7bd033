"""Watches over the nodes from the server's side, so that a lone dead runner is noticed too.

Dead is who was suspect twice in a row. What happens to a dead node's work is the database's.
"""

import anyio
import structlog

from roundhouse.model.errors import DatabaseDown
from roundhouse.store.nodes import Nodes

LOOK_EVERY = 1.0
"""Seconds between two looks; a runner that was killed is noticed after at most two."""

log = structlog.get_logger(__name__)


class Reaper:
    """The loop that declares nodes dead."""

    def __init__(self, nodes: Nodes, *, every: float = LOOK_EVERY) -> None:
        self._nodes = nodes
        self._every = every
        self._suspects: set[int] = set()

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            try:
                await self.look()
            except DatabaseDown:
                # Everybody looks away together: a suspicion from before means nothing now.
                self._suspects = set()
            except Exception:
                log.exception("reaping_failed")
            await anyio.sleep(self._every)

    async def look(self) -> None:
        """One look: reap whoever was suspect at the last one too. Raises DatabaseDown."""
        suspects = await self._nodes.suspects()
        for node_id in suspects & self._suspects:
            lost = await self._nodes.reap(node_id)
            if lost:
                log.warning("node_died", node_id=node_id, lost=lost)
        self._suspects = suspects
