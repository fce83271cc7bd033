"""WarmAcpBackend in the suite with real agents, the scripted model behind them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import msgspec

from tests.conformance.backends_acp import open_acp
from tests.conformance.case import BackendCase, Bench, Prompts
from tests.e2e.agents import installed, real
from tests.model_server.process import running_model

PROMPTS = Prompts(
    say=lambda text: f"\nALONE\nSAY {text}",
    remember=lambda text: f"REMEMBER {text}",
    recall="\nALONE\nRECALL",
    slow=lambda number: f"SLOW {number}",
    hang="HANG",
    write=lambda path, text: f"WRITE {path} {text}",
    permit=lambda path, text: f"WRITE {path} {text}",
    think=lambda text: f"THINK {text}\nSAY thought",
    fail="FAIL 400",
)
GOOSE = msgspec.structs.replace(PROMPTS, fail=None)
"""Goose tells a failure of its model as its answer."""


@asynccontextmanager
async def open_real(home: Path, *, name: str) -> AsyncIterator[Bench]:
    """A bench with a model server and a home of its own."""
    async with running_model() as model:
        spec = real(name, home, model.url).spec
        async with open_acp(home, make=lambda _: spec) as bench:
            yield bench


def not_here() -> str | None:
    """Why the real agents cannot run."""
    return None if installed() else "run tests/agents-package/install.sh first"


def real_case(name: str, prompts: Prompts = PROMPTS, *, brief: bool = True) -> BackendCase:
    """One real agent."""
    return BackendCase(
        name=f"acp-{name}",
        open=partial(open_real, name=name),
        prompts=prompts,
        missing=not_here,
        brief=brief,
        deadline=60.0,
    )


CASES: list[BackendCase] = [
    real_case("goose", GOOSE, brief=False),
    real_case("qwen"),
    real_case("claude"),
    real_case("opencode-acp"),
]
