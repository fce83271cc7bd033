"""Runs a project's setup command in a new worktree, and its teardown command in one that goes.

Owns their output, their deadline and their end.
"""

import anyio
import structlog

from roundhouse.agents.backend import Emit
from roundhouse.agents.process import AgentProcess, Spawner
from roundhouse.model.errors import WorkspaceError
from roundhouse.model.event import Activity, EventBody

SETUP_DEADLINE = 30 * 60.0
"""Seconds a setup command may take; a cold dependency install on a slow line needs many of them."""

TEARDOWN_DEADLINE = 2 * 60.0
"""Seconds a teardown command may take: the next removal waits for it."""

PROGRESS_EVERY = 2.0
"""Seconds between two events about its progress."""

OUTPUT_WAIT = 0.5
"""Seconds after its end to read the rest, which a process it left behind may hold open for ever."""

OUTPUT_KEPT = 4_000
LINE_SHOWN = 160

REMEDY = "Correct the project's setup command, then send the task again."
TEARDOWN_REMEDY = "Correct the project's teardown command."

log = structlog.get_logger(__name__)


async def run_setup(spawner: Spawner, command: str, cwd: str, emit: Emit) -> None:
    """Run the command by `sh` in the worktree, its progress as events.

    Raises WorkspaceError with the end of its output when it fails or takes too long. Being cancelled ends it,
    children included.
    """
    await emit(Activity(text=f"Running the setup command: {_line(command)}"))
    code, output = await _run(spawner, command, cwd, emit, SETUP_DEADLINE)
    _check("setup", code, output, cwd=cwd, deadline=SETUP_DEADLINE, remedy=REMEDY)
    await emit(Activity(text="The setup command is done."))


async def run_teardown(spawner: Spawner, command: str, cwd: str) -> None:
    """Run the command by `sh` in the worktree, its output to the log. Raises as `run_setup`."""

    async def note(body: EventBody) -> None:
        if isinstance(body, Activity):
            log.info("teardown", cwd=cwd, shown=body.text)

    code, output = await _run(spawner, command, cwd, note, TEARDOWN_DEADLINE)
    log.info("teardown ended", cwd=cwd, exit_code=code, output=output)
    _check("teardown", code, output, cwd=cwd, deadline=TEARDOWN_DEADLINE, remedy=TEARDOWN_REMEDY)


async def _run(
    spawner: Spawner, command: str, cwd: str, emit: Emit, deadline: float
) -> tuple[int | None, str]:
    """Its exit code, None when it took too long, and the end of its output."""
    output = bytearray()
    code: int | None = None
    async with anyio.create_task_group() as tasks:
        child = await spawner.spawn(
            ["sh", "-c", command], cwd=cwd, env={}, tasks=tasks, merge_stderr=True
        )
        read = anyio.Event()
        try:
            await child.stdin.aclose()
            tasks.start_soon(_collect, child, output, read)
            tasks.start_soon(_progress, output, emit)
            with anyio.move_on_after(deadline):
                code = await child.wait()
            with anyio.move_on_after(OUTPUT_WAIT):
                await read.wait()
        finally:
            await child.stop(hurry=True)
            tasks.cancel_scope.cancel()
    return code, output.decode(errors="replace").strip()


def _check(
    name: str, code: int | None, output: str, *, cwd: str, deadline: float, remedy: str
) -> None:
    if code is None:
        raise WorkspaceError(
            f"The {name} command did not end within {deadline / 60:.0f} minutes.", remedy=remedy
        )
    if code != 0:
        raise WorkspaceError(
            f"The {name} command failed with exit code {code} in {cwd}:\n{output}", remedy=remedy
        )


async def _collect(child: AgentProcess, output: bytearray, read: anyio.Event) -> None:
    try:
        while True:
            output += await child.stdout.receive()
            del output[:-OUTPUT_KEPT]
    except (anyio.EndOfStream, anyio.ClosedResourceError, anyio.BrokenResourceError):
        read.set()


async def _progress(output: bytearray, emit: Emit) -> None:
    shown = ""
    while True:
        await anyio.sleep(PROGRESS_EVERY)
        lines = output.decode(errors="replace").strip().splitlines()
        latest = _line(lines[-1]) if lines else ""
        if latest and latest != shown:
            await emit(Activity(text=f"Setup: {latest}"))
            shown = latest


def _line(text: str) -> str:
    first = text.strip().splitlines()[0] if text.strip() else ""
    return first if len(first) <= LINE_SHOWN else first[: LINE_SHOWN - 1] + "…"
