"""Following turns from the command line: events to a view, permissions to a person or a rule, Ctrl-C to a cancel."""

import signal
import sys
from collections.abc import Callable
from contextlib import aclosing
from typing import Any, Literal

import anyio
from anyio.abc import TaskGroup

from roundhouse.cli.output import harmless, one_line
from roundhouse.cli.render import View
from roundhouse.client.discover import Address
from roundhouse.client.http import Client
from roundhouse.client.live import LiveEvent, follow
from roundhouse.model.errors import Conflict, RoundhouseError
from roundhouse.model.event import PermissionAnswered, PermissionRequested, TaskEnded
from roundhouse.model.task import TaskStatus

Allow = Literal["ask", "once", "session", "all", "none"]
EXIT = {
    TaskStatus.COMPLETED: 0,
    TaskStatus.FAILED: 1,
    TaskStatus.CANCELLED: 3,
    TaskStatus.LOST: 4,
}
NOBODY_ASKED = 5
LEFT = 130

SETTLE_DEADLINE = 15.0
"""Seconds to wait for a turn's changes to be noted after its end; the answer itself is complete before."""

SETTLE_EVERY = 0.1
REMEMBER = {"session": "session", "all": "project"}


class Watch:
    """One look at a session. `task_id` is the one to wait for; without one it goes on until left."""

    def __init__(
        self,
        client: Client,
        view: View,
        session_id: str,
        *,
        task_id: str | None = None,
        allow: Allow = "ask",
        find_address: Callable[[], Address] | None = None,
    ) -> None:
        self._client = client
        self._view = view
        self._session_id = session_id
        self._task_id = task_id
        self._allow = allow
        self._find_address = find_address or (lambda: client.address)
        self._person = sys.stdin.isatty() and sys.stdout.isatty()
        self._asking = anyio.Lock()
        self._open: dict[str, anyio.CancelScope] = {}
        self._interrupts = 0
        self._nobody = False
        self._code: int | None = None

    async def run(self, after: int) -> int:
        """Show events until the task has ended or the person leaves; returns the exit code.

        Raises what `follow` and the server's refusals raise.
        """
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._listen_to_person, tasks.cancel_scope)
            await self._follow(after, tasks)
            tasks.cancel_scope.cancel()
        return LEFT if self._code is None else self._code

    async def _follow(self, after: int, tasks: TaskGroup) -> None:
        events = follow(self._find_address, self._session_id, after=after, on_lost=self._lost)
        async with aclosing(events):
            async for event in events:
                if self._task_id is not None and event.task_id not in (self._task_id, None):
                    continue
                self._view.show(event)
                await self._react(event, tasks)
                if isinstance(event.body, TaskEnded) and event.task_id == self._task_id:
                    self._code = NOBODY_ASKED if self._nobody else EXIT[event.body.status]
                    break
        if self._task_id is not None:
            await self._settled(self._task_id)

    async def _settled(self, task_id: str) -> None:
        """Wait until the turn's changes are noted, so that `diff` or the end of everything may follow."""
        with anyio.move_on_after(SETTLE_DEADLINE):
            while True:
                line = await self._client.get(f"/api/sessions/{self._session_id}")
                if line["running_task"] != task_id:
                    return
                await anyio.sleep(SETTLE_EVERY)

    def _lost(self, lost: bool) -> None:
        self._view.notice("· the server is away; waiting for it" if lost else "· it is back")

    async def _react(self, event: LiveEvent, tasks: TaskGroup) -> None:
        match event.body:
            case PermissionRequested() as asked:
                await self._asked(asked, event.task_id, tasks)
            case PermissionAnswered(permission_id=permission_id):
                if scope := self._open.get(permission_id):
                    scope.cancel()
            case _:
                pass

    async def _asked(
        self, asked: PermissionRequested, task_id: str | None, tasks: TaskGroup
    ) -> None:
        if self._task_id is None and not await self._pending(asked.permission_id):
            return
        answer = self._by_rule(asked)
        if answer is not None:
            await self._answer(asked.permission_id, answer)
        elif self._allow != "none" and self._person:
            tasks.start_soon(self._ask_person, asked)
        elif self._task_id is not None:
            # Nobody can answer: better a clear end now than a silent wait for the deadline.
            self._nobody = True
            self._view.notice("· nobody is here to answer; cancelling the turn (see --allow)")
            await self._cancel(task_id)
        else:
            self._view.notice(f"  answer with `roundhouse permit allow {asked.permission_id}`")

    def _by_rule(self, asked: PermissionRequested) -> dict[str, Any] | None:
        if self._allow in {"ask", "none"} or asked.kind == "question":
            return None
        kinds = ["allow_once", "allow_always"]
        options = sorted(
            (o for o in asked.options if o.kind in kinds), key=lambda o: kinds.index(o.kind)
        )
        if not options:
            return None
        answer = {"option_id": options[0].id}
        if self._allow in REMEMBER:
            answer["remember"] = REMEMBER[self._allow]
        return answer

    async def _answer(self, permission_id: str, answer: dict[str, Any]) -> None:
        try:
            await self._client.post(f"/api/permissions/{permission_id}/answer", answer)
        except Conflict:
            # Somebody else was quicker; the event says who.
            return

    async def _pending(self, permission_id: str) -> bool:
        """Whether it still waits: what is replayed may be long over."""
        query = {"status": "pending", "session_id": self._session_id}
        waiting = self._client.items("/api/permissions", limit=None, **query)
        return permission_id in {item["id"] async for item in waiting}

    async def _cancel(self, task_id: str | None) -> None:
        if task_id is not None:
            try:
                await self._client.post(f"/api/tasks/{task_id}/cancel")
            except Conflict:
                return

    # ------------------------------------------------------------ the person

    async def _listen_to_person(self, everything: anyio.CancelScope) -> None:
        with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            async for number in signals:
                self._interrupts += 1
                if number == signal.SIGTERM or self._task_id is None or self._interrupts > 1:
                    everything.cancel()
                    return
                self._view.notice("· cancelling the turn; Ctrl-C once more leaves it to itself")
                try:
                    await self._cancel(self._task_id)
                except RoundhouseError as error:
                    self._view.notice(f"· {error.message}")

    async def _ask_person(self, asked: PermissionRequested) -> None:
        with anyio.CancelScope() as scope:
            self._open[asked.permission_id] = scope
            try:
                async with self._asking:
                    if asked.kind == "question" and asked.questions:
                        answer = await self._answers(asked)
                    else:
                        answer = await self._choice(asked)
                    if answer is not None:
                        await self._answer(asked.permission_id, answer)
                    else:
                        self._view.notice(
                            f"  answer with `roundhouse permit allow {asked.permission_id}`"
                        )
            finally:
                del self._open[asked.permission_id]

    async def _choice(self, asked: PermissionRequested) -> dict[str, Any] | None:
        choices: list[tuple[str, dict[str, Any]]] = [
            (option.label, {"option_id": option.id}) for option in asked.options
        ]
        allowing = next((o for o in asked.options if o.kind == "allow_once"), None)
        if allowing is not None and asked.kind == "permission":
            answer = {"option_id": allowing.id, "remember": "session"}
            choices.append((f"{allowing.label}, and remember for this session", answer))
        for number, (label, _) in enumerate(choices, 1):
            print(f"    {number}  {one_line(label)}")
        while (line := await read_line("  your choice: ")) is not None:
            if line.isdecimal() and 0 < int(line) <= len(choices):
                return choices[int(line) - 1][1]
        return None

    async def _answers(self, asked: PermissionRequested) -> dict[str, Any] | None:
        answers: list[list[str]] = []
        for question in asked.questions:
            if len(asked.questions) > 1:
                print(f"    {harmless(question.question)}")
            for number, choice in enumerate(question.choices, 1):
                print(f"    {number}  {one_line(choice)}")
            several = " (several: 1,2)" if question.multiple else ""
            line = await read_line(f"  your answer{several}: ")
            if line is None:
                return None
            answers.append(_chosen(line, question.choices, multiple=question.multiple))
        return {"answers": answers}


def _chosen(line: str, choices: list[str], *, multiple: bool) -> list[str]:
    """Numbers mean choices; anything else is the answer itself."""
    words = [word.strip() for word in line.split(",")] if multiple else [line.strip()]
    numbers = [int(word) - 1 for word in words if word.isdecimal()]
    if len(numbers) == len(words) and all(0 <= number < len(choices) for number in numbers):
        return [choices[number] for number in numbers]
    return [line.strip()] if line.strip() else []


async def read_line(prompt: str) -> str | None:
    """A line of the terminal, None at its end. Waiting can be cancelled and keeps no thread."""
    print(prompt, end="", flush=True)
    await anyio.wait_readable(sys.stdin.fileno())
    line = sys.stdin.readline()
    return line.strip() if line else None
