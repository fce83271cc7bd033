"""Asks the node that holds a worktree, and waits for what it says.

Owns the deadlines and the translation of a node's refusal back into the model's errors. What a request does
is the runner's business.
"""

from typing import Any

import anyio

from roundhouse.model.errors import (
    Conflict,
    DatabaseDown,
    InvalidInput,
    NodeDown,
    NotFound,
    RoundhouseError,
    SetupError,
    TooLarge,
    Unavailable,
    WorkspaceError,
)
from roundhouse.service.bell import Bell, listening
from roundhouse.store.nodes import Node, Nodes
from roundhouse.store.notifier import Notifier
from roundhouse.store.requests import Requests, RequestState

NODE_GRACE = 3.0
"""Seconds to wait for a runner that is being restarted. With DEAD_AFTER it stays below the promised 5."""

POLL_EVERY = 0.5
"""Seconds until a result is found whose doorbell was lost."""

DEAD_AFTER = 2
"""Polls in a row without the node's lock after which nobody will answer."""

READ_DEADLINE = 30.0
MUTATION_DEADLINE = 60.0
PROBE_DEADLINE = 300.0
"""Seconds for a round of probes: agents are started one after the other."""

_KINDS: dict[str, type[RoundhouseError]] = {
    kind.__name__: kind
    for kind in (
        Conflict,
        DatabaseDown,
        InvalidInput,
        NodeDown,
        NotFound,
        RoundhouseError,
        SetupError,
        TooLarge,
        Unavailable,
        WorkspaceError,
    )
}
_BY_CODE: dict[str, type[RoundhouseError]] = {
    "session_busy": Conflict,
    "stale": Conflict,
    "not_a_repository": InvalidInput,
    "no_commits": InvalidInput,
    "bare_repository": InvalidInput,
    "unknown_agent": InvalidInput,
} | {kind.code: kind for kind in _KINDS.values()}


class NodeRequests:
    """Asks nodes by rows."""

    def __init__(self, requests: Requests, nodes: Nodes, notifier: Notifier) -> None:
        self._requests = requests
        self._nodes = nodes
        self._notifier = notifier

    async def live(self) -> list[Node]:
        """The nodes that can be asked now; waits a moment for one. Raises NodeDown."""
        return await self._live(None)

    async def ask(
        self,
        kind: str,
        args: dict[str, Any],
        *,
        node_id: str,
        session_id: str | None = None,
        by: str | None = None,
        read: bool = False,
        deadline: float | None = None,
    ) -> dict[str, Any]:
        """The node's answer.

        Raises NodeDown within 5 seconds when no runner is alive there, Unavailable `node_timeout` after the
        deadline, and what the node refuses with: its class, code, field, remedy and details.
        """
        await self._live(node_id)
        ref = await self._requests.ask(
            kind, args, node_id=node_id, session_id=session_id, by=by, read=read
        )
        bound = deadline or (READ_DEADLINE if read else MUTATION_DEADLINE)
        try:
            with listening(self._notifier, "request_done", ref) as bell:
                state = await self._wait(ref, node_id, bell, bound, read=read)
        finally:
            await self._requests.discard(ref)
        if state.status == "done":
            return state.result or {}
        raise _refusal(state)

    async def _live(self, node_id: str | None) -> list[Node]:
        deadline = anyio.current_time() + NODE_GRACE
        while True:
            alive = [node for node in await self._nodes.all() if node.alive]
            found = [node for node in alive if node_id in (None, node.id)]
            if found:
                return found
            if anyio.current_time() >= deadline:
                raise NodeDown(remedy="Start `roundhouse up`, or `roundhouse runner` on that node.")
            await anyio.sleep(POLL_EVERY / 2)

    async def _wait(
        self, ref: str, node_id: str, bell: Bell, bound: float, *, read: bool
    ) -> RequestState:
        deadline = anyio.current_time() + bound
        missing = 0
        while True:
            try:
                state = await self._requests.state(ref)
            except NotFound:
                raise Unavailable(
                    "The question was lost in a crash of the database.", code="request_lost"
                ) from None
            if state.status not in ("pending", "running"):
                return state
            if anyio.current_time() >= deadline:
                raise Unavailable(
                    f"The runner did not answer within {bound:.0f} seconds.",
                    code="node_timeout",
                    # What it has begun it ends.
                    remedy=None if read else "It may still do it: look before you try again.",
                )
            if await bell.wait(POLL_EVERY):
                continue
            alive = {node.id for node in await self._nodes.all() if node.alive}
            missing = 0 if node_id in alive else missing + 1
            if missing >= DEAD_AFTER:
                raise NodeDown("The runner died before it answered.")


def _refusal(state: RequestState) -> RoundhouseError:
    told = state.result or {}
    code = str(told.get("code") or "internal")
    message = str(told.get("message") or "") or None
    if state.status == "lost":
        return NodeDown("The runner died while it worked on this; look before you try again.")
    field, details = told.get("field"), told.get("details")
    kind = _KINDS.get(str(told.get("kind"))) or _kind_by_code(code, field)
    return kind(
        message,
        code=code,
        field=field,
        remedy=told.get("remedy"),
        details=details if isinstance(details, dict) else None,
    )


def _kind_by_code(code: str, field: str | None) -> type[RoundhouseError]:
    """The class of an error whose node did not name it, or named one that is not the model's."""
    return _BY_CODE.get(code) or (InvalidInput if field else WorkspaceError)
