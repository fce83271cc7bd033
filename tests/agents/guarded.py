"""A runner in miniature, to be killed: starts a guarded demo agent that leaves a grandchild in its own session.

Run with `python -m tests.agents.guarded MARKER FOLDER`; prints the pids of guard, agent and grandchild and waits.
"""

import sys
from pathlib import Path

import anyio

from roundhouse.agents.acp.backend import WarmAcpBackend
from roundhouse.agents.guard import Guard
from roundhouse.agents.process import Spawner
from tests.conformance.backends_acp import demo_spec, spec_maker
from tests.conformance.witness import Witness, say


async def main() -> None:
    """Start, tell, wait for the end."""
    marker, folder = sys.argv[1], Path(sys.argv[2])
    spec = demo_spec(folder)
    witness = Witness()
    async with Guard.start(marker) as guard, anyio.create_task_group() as tasks:
        backend = WarmAcpBackend(spec, Spawner(guard, marker), tasks)
        handle = await backend.ensure_session(spec_maker(spec)(folder, witness.emit))
        await backend.prompt(handle, say("LEAVE"), witness.sink)
        print(guard.pid, handle.pid, witness.text, flush=True)  # noqa: T201 -- the test reads it
        await anyio.sleep_forever()


if __name__ == "__main__":
    anyio.run(main)
