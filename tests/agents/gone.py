"""Waiting for processes to be gone, without looking again and again."""

import os

import anyio


async def gone(*pids: int) -> None:
    """Returns when all have ended; the caller's deadline bounds it. They need not be our children."""
    for pid in pids:
        try:
            watch = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        try:
            await anyio.wait_readable(watch)
        finally:
            os.close(watch)
