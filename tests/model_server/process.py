"""The model server as a process of its own, and the questions a test asks it."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx2
from anyio.streams.buffered import BufferedByteReceiveStream

ROOT = Path(__file__).resolve().parents[2]
START_DEADLINE = 60.0
STOP_DEADLINE = 5.0
MAX_LINE = 200
Json = dict[str, Any]


class Model:
    """A running model server."""

    def __init__(self, url: str, http: httpx2.AsyncClient) -> None:
        self.url = url
        self._http = http

    async def log(self) -> list[Json]:
        """Every request so far."""
        answer = await self._http.get("/log")
        found: list[Json] = answer.json()
        return found

    async def wait(self, prompt: str = "", state: str = "", seconds: float = 60.0) -> Json:
        """The first request of a turn whose prompt holds that text, once it is in that state."""
        wanted: dict[str, str | float] = {"prompt": prompt, "state": state, "seconds": seconds}
        answer = await self._http.get("/log/wait", params=wanted, timeout=seconds + 5)
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found


@asynccontextmanager
async def running_model() -> AsyncIterator[Model]:
    """Start the server, wait for its address, stop it at the end."""
    process = await anyio.open_process(
        [sys.executable, "-m", "tests.model_server"],
        cwd=ROOT,
        stderr=None,
    )
    try:
        assert process.stdout is not None
        with anyio.fail_after(START_DEADLINE):
            line = await BufferedByteReceiveStream(process.stdout).receive_until(b"\n", MAX_LINE)
        url = line.decode()
        async with httpx2.AsyncClient(base_url=url, timeout=30, trust_env=False) as http:
            yield Model(url, http)
    finally:
        with anyio.CancelScope(shield=True):
            process.terminate()
            with anyio.move_on_after(STOP_DEADLINE):
                await process.wait()
            if process.returncode is None:
                process.kill()
            await process.aclose()
