"""Everything for the duration of one command, when no server runs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio

from roundhouse.cli.output import note
from roundhouse.client.discover import Address
from roundhouse.client.http import Client
from roundhouse.config import Settings
from roundhouse.model.errors import RoundhouseError
from roundhouse.supervisor.stack import Stack

LOOK_EVERY = 0.5


@asynccontextmanager
async def alone(settings: Settings) -> AsyncIterator[Address]:
    """A running Roundhouse; others may use it too, and their turns are waited for. Raises SetupError."""
    note("No server is running; starting one for this command.")
    async with Stack(settings, say=note).run() as address:
        try:
            yield address
        finally:
            await _others_end(address)


async def _others_end(address: Address) -> None:
    told = False
    try:
        async with Client.open(address) as client:
            while (await client.get("/api/sessions", status="running", limit=1))["items"]:
                if not told:
                    note("Other turns are running here; waiting for their end. Ctrl-C stops them.")
                    told = True
                await anyio.sleep(LOOK_EVERY)
    except RoundhouseError:
        return
