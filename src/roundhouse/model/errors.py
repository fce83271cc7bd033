"""Every error a front door can show, and nothing about how it is shown.

    RoundhouseError
    ├── InvalidInput      the caller sent something that cannot be accepted
    │   └── TooLarge      … because it is over a limit
    ├── Unauthorized      no token, or a wrong one
    ├── Forbidden         a token, but a foreign Host or Origin
    ├── NotFound          the thing named does not exist
    ├── Conflict          the thing is not in a state that allows it
    ├── Unavailable       a part we need is away; trying again later can work
    │   ├── DatabaseDown
    │   └── NodeDown
    ├── SetupError        this machine or configuration is not as it must be
    ├── WorkspaceError    git or the file system refused
    └── AgentError        an agent failed a turn; carries a FailureCode

A class's docstring is its default message. `details` are further facts for a program, in JSON's types: what conflicts,
which paths. `web` maps classes to HTTP statuses, `cli` to exit codes.
"""

from typing import Any

from roundhouse.model.task import FailureCode


class RoundhouseError(Exception):
    """Something went wrong inside Roundhouse."""

    code = "internal"

    def __init__(
        self,
        message: str | None = None,
        *,
        code: str | None = None,
        field: str | None = None,
        remedy: str | None = None,
        details: dict[str, Any] | None = None,
    ) -> None:
        self.message = message or (type(self).__doc__ or "").strip().splitlines()[0]
        self.code = code or type(self).code
        self.field = field
        self.remedy = remedy
        self.details = details
        super().__init__(self.message)


class InvalidInput(RoundhouseError):
    """The request cannot be accepted as it is."""

    code = "invalid"


class TooLarge(InvalidInput):
    """The request is over the size limit."""

    code = "too_large"


class Unauthorized(RoundhouseError):
    """A valid token is needed."""

    code = "unauthorized"


class Forbidden(RoundhouseError):
    """This address may not be used from there."""

    code = "forbidden"


class NotFound(RoundhouseError):
    """There is no such thing."""

    code = "not_found"


class Conflict(RoundhouseError):
    """The state does not allow this now."""

    code = "conflict"


class Unavailable(RoundhouseError):
    """A part of Roundhouse is away for the moment."""

    code = "unavailable"


class DatabaseDown(Unavailable):
    """The database is away for the moment; it is being reconnected."""

    code = "database_down"


class NodeDown(Unavailable):
    """No runner is alive on the node that holds this worktree."""

    code = "node_down"


class SetupError(RoundhouseError):
    """This machine is not set up for that."""

    code = "setup"


class WorkspaceError(RoundhouseError):
    """The worktree or its repository could not be used."""

    code = "workspace_error"


class AgentError(RoundhouseError):
    """The agent failed."""

    code = "agent_error"

    def __init__(
        self,
        message: str | None = None,
        *,
        failure: FailureCode = FailureCode.AGENT_ERROR,
        remedy: str | None = None,
    ) -> None:
        super().__init__(message, code=failure.value, remedy=remedy)
        self.failure = failure
