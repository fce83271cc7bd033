"""Taking a session's files back to a checkpoint, so that it can be undone.

Owns what is kept first, which state is meant and which rows follow. Which files go and which stay is
`workspace.rewind`'s.
"""

from functools import partial
from typing import Any

import msgspec

from roundhouse.model.errors import Conflict, InvalidInput, NotFound
from roundhouse.model.event import Rewound
from roundhouse.model.review import Checkpoint, NewCheckpoint
from roundhouse.runner.arguments import Handler, flag_of, session_of
from roundhouse.runner.books import Writing, changed_files, counts
from roundhouse.runner.conversations import Conversations
from roundhouse.runner.ground import Ground, Rows
from roundhouse.runner.grounds import Grounds
from roundhouse.runner.outage import until_back
from roundhouse.store.requests import Request
from roundhouse.workspace.rewind import rewind_to, worktree_move
from roundhouse.workspace.snapshot import Snapshots

PAGE = 200
REWOUND = "Rewound to "


class Rewinding:
    """Serves rewinds."""

    def __init__(
        self, grounds: Grounds, rows: Rows, snapshots: Snapshots, conversations: Conversations
    ) -> None:
        self._conversations = conversations
        self._grounds = grounds
        self._rows = rows
        self._snapshots = snapshots

    def table(self) -> dict[str, Handler]:
        """By kind of request."""
        return {"rewind": self.rewind}

    async def rewind(self, request: Request) -> dict[str, Any]:
        """Take the worktree's files back to a checkpoint, or to after a turn, with `before` to before it.

        A checkpoint of what is there now comes first: rewinding to it is the undo. Where nothing differs there is none,
        and the checkpoint that is told is the goal itself. With `conversation` the agents that can forget what they
        were asked since; that has no undo. Raises NotFound, Conflict (`session_busy`, `not_settled`, `moved`).
        """
        session_id, books = session_of(request), self._grounds.books
        async with self._grounds.hold(session_id) as ground:
            await self._grounds.idle(ground)
            goal, title, moment = await self._goal(request)
            await books.catch_up(ground)
            target = await rewind_to(
                self._snapshots,
                ground.worktree,
                known=await self._known(ground, goal),
                target=goal.snapshot,
                message=f"{REWOUND}{title}",
            )
            files = changed_files(target.files)
            told = {
                "goal_id": goal.id,
                "goal_title": title,
                "files": msgspec.to_builtins(files),
                "kept": target.kept,
            }
            if target.snapshot == ground.head:
                return told | {
                    "checkpoint": msgspec.to_builtins(goal),
                    "undo_checkpoint_id": None,
                    "conversations": await self._memories(request, ground, moment),
                }
            undo = await books.secure(ground, f"Before rewinding to {title}")
            event = Rewound(
                checkpoint_id=goal.id,
                files=[file.path for file in files],
                undo_checkpoint_id=undo.id,
                title=title,
                kept=target.kept,
            )
            checkpoint = NewCheckpoint(
                session_id=session_id,
                kind="rewind",
                title=f"{REWOUND}{title}",
                snapshot=target.snapshot,
                **counts(target.files),
            )
            made = await self._write(
                ground, Writing(event=event, head=target.snapshot, checkpoint=checkpoint)
            )
            return told | {
                "checkpoint": msgspec.to_builtins(made or undo),
                "undo_checkpoint_id": undo.id,
                "conversations": await self._memories(request, ground, moment),
            }

    async def _known(self, ground: Ground, goal: Checkpoint) -> str:
        """The snapshot whose files may go: the last before the person's own edits, since files that came by those stay.

        Where the goal is among those edits it is the last of all.
        """
        page = partial(self._rows.checkpoints.list, ground.session.id, limit=PAGE)
        found, _ = await until_back(page)
        for checkpoint in found:
            if checkpoint.kind != "person":
                return checkpoint.snapshot
            if checkpoint.id == goal.id:
                break
        return ground.head

    async def _memories(self, request: Request, ground: Ground, moment: float) -> list[str]:
        """The agents whose conversation went back too, where that was asked for."""
        if not flag_of(request, "conversation"):
            return []
        return await self._conversations.take_back(ground, moment)

    async def _write(self, ground: Ground, writing: Writing) -> Checkpoint | None:
        books = self._grounds.books
        move = await worktree_move(
            self._snapshots,
            ground.worktree,
            ground.head,
            writing.head or ground.head,
            kind="rewind",
            then={},
        )
        made = await books.carry(ground, move, writing)
        await books.look_again(ground)
        return made

    async def _goal(self, request: Request) -> tuple[Checkpoint, str, float]:
        """The checkpoint that is meant, what to call it, and when it was: what agents were asked later is forgotten."""
        session_id, args = session_of(request), request.args
        if args.get("checkpoint_id") is not None:
            get = partial(self._rows.checkpoints.get, session_id, str(args["checkpoint_id"]))
            return _named(await until_back(get))
        if args.get("task_id") is None:
            raise InvalidInput("Give checkpoint_id or task_id.", field="checkpoint_id")
        task_id = str(args["task_id"])
        if not flag_of(request, "before"):
            return _named(
                await until_back(partial(self._rows.checkpoints.of_task, session_id, task_id))
            )
        task = await until_back(partial(self._rows.tasks.get, task_id))
        if task.session_id != session_id:
            raise NotFound(f"There is no task {task_id} in this session.")
        if task.snapshot_before is None:
            raise Conflict(
                "It is not known what was there before this task.",
                code="not_settled",
                remedy="Choose a checkpoint from the list.",
            )
        found = await self._with_snapshot(session_id, task.snapshot_before)
        lines = task.input.strip().splitlines()
        # Not the checkpoint's: where the turn changed nothing, the newest with that content is the turn's own.
        began = task.started_at or task.created_at
        return found, f"before {_quoted(lines[0] if lines else 'a turn')}", began.timestamp()

    async def _with_snapshot(self, session_id: str, snapshot: str) -> Checkpoint:
        """The newest checkpoint with that content. Raises Conflict."""
        cursor = None
        while True:
            page = partial(self._rows.checkpoints.list, session_id, limit=PAGE, cursor=cursor)
            found, cursor = await until_back(page)
            for checkpoint in found:
                if checkpoint.snapshot == snapshot:
                    return checkpoint
            if cursor is None:
                raise Conflict(
                    "There is no checkpoint of what was there before this task.",
                    code="not_settled",
                    remedy="Choose a checkpoint from the list.",
                )


def _named(goal: Checkpoint) -> tuple[Checkpoint, str, float]:
    return goal, _name(goal), goal.created_at.timestamp()


def _name(goal: Checkpoint) -> str:
    """What to call it in a title, without a title in it that names yet another one."""
    if goal.kind == "safety":
        return f"checkpoint {goal.id}"
    if goal.title.startswith(REWOUND):
        return goal.title.removeprefix(REWOUND)
    return f"{'after ' if goal.kind == 'turn' else ''}{_quoted(goal.title)}"


def _quoted(title: str) -> str:
    return f"“{title}”"
