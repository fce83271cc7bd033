"""Reads the arguments of a request. What a server has checked is checked no further than its type."""

from collections.abc import Awaitable, Callable
from typing import Any

from roundhouse.model.errors import InvalidInput
from roundhouse.model.review import Choice
from roundhouse.store.requests import Request

Handler = Callable[[Request], Awaitable[dict[str, Any]]]


def session_of(request: Request) -> str:
    """The session it is about. Raises InvalidInput without one."""
    if request.session_id is None:
        raise InvalidInput("This request needs a session.", field="session_id")
    return request.session_id


def text_of(request: Request, name: str) -> str:
    """A text that must be there. Raises InvalidInput."""
    value = request.args.get(name)
    if not isinstance(value, str):
        raise InvalidInput(f"{name} must be a text.", field=name)
    return value


def flag_of(request: Request, name: str, default: bool = False) -> bool:
    """A yes or no."""
    value = request.args.get(name, default)
    if not isinstance(value, bool):
        raise InvalidInput(f"{name} must be true or false.", field=name)
    return value


def given(request: Request, *names: str) -> dict[str, Any]:
    """Those of the arguments that are there."""
    return {name: request.args[name] for name in names if request.args.get(name) is not None}


def choice_of(request: Request) -> Choice:
    """Which changes are meant. Raises InvalidInput where none are."""
    args = request.args
    choice = Choice(
        files=_names(request, "files"),
        hunks=_names(request, "hunks"),
        agent=args.get("agent"),
        everything=flag_of(request, "all"),
    )
    if choice == Choice():
        raise InvalidInput("Say which changes: files, hunks, agent or all.", field="files")
    return choice


def _names(request: Request, name: str) -> frozenset[str]:
    value = request.args.get(name) or []
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise InvalidInput(f"{name} must be a list of texts.", field=name)
    return frozenset(value)
