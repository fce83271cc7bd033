"""Asks the node that holds a worktree, and waits for what it says.

Owns the deadlines and the translation of a node's refusal back into the model's errors. What a request does
is the runner's business.
"""

from typing import Any, TypeVar

import anyio
import msgspec

from roundhouse.model import errors
from roundhouse.model.errors import NodeDown, NotFound, RoundhouseError, Unavailable
from roundhouse.service.bell import Bell, listening
from roundhouse.store.nodes import Node, Nodes
from roundhouse.store.notifier import Notifier
from roundhouse.store.requests import Requests, RequestState

T = TypeVar("T")

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
    name: kind
    for name, kind in vars(errors).items()
    if isinstance(kind, type)
    and issubclass(kind, RoundhouseError)
    and kind is not errors.AgentError
}


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


def read_outcome(told: dict[str, Any], shape: type[T]) -> T:
    """A node's answer in its shape. Raises RoundhouseError for one that a runner of another version gave."""
    try:
        return msgspec.convert(told, shape)
    except msgspec.ValidationError as error:
        raise RoundhouseError(
            f"The runner's answer cannot be read: {error}.",
            remedy="Run a server and a runner of the same version.",
        ) from error


def _refusal(state: RequestState) -> RoundhouseError:
    if state.status == "lost":
        return NodeDown("The runner died while it worked on this; look before you try again.")
    told = state.result or {}
    kind = _KINDS.get(str(told.get("kind")), RoundhouseError)
    return kind(
        told.get("message"),
        code=told.get("code"),
        field=told.get("field"),
        remedy=told.get("remedy"),
        details=told.get("details"),
    )
