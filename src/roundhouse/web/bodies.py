"""The bodies of requests. Unknown fields are ignored; types are strict; text must be storable.

What a value means, and whether it is allowed now, is for `service`.
"""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from roundhouse.service.tasks import PRIORITY_MAX
from roundhouse.web.params import ID_MAX, SEQ_MAX, TEXT_MAX, Text

Short = Annotated[Text, Field(max_length=ID_MAX)]
Long = Annotated[Text, Field(max_length=TEXT_MAX)]
Priority = Annotated[int, Field(ge=-PRIORITY_MAX, le=PRIORITY_MAX)]
GLOBS_MAX = 100


def _inside(glob: str) -> str:
    if not glob or glob.startswith(("/", "~")) or ".." in glob.split("/"):
        raise ValueError("Each pattern must name files inside the repository")
    return glob


Glob = Annotated[Short, AfterValidator(_inside)]


class Body(BaseModel):
    """Any body."""

    model_config = ConfigDict(strict=True, populate_by_name=True)


class AgentPatch(Body):
    """Switching an agent on or off."""

    enabled: bool


class NewProject(Body):
    """A repository to register. `node_id` is needed only where several nodes run."""

    path: Long
    name: Short | None = None
    node_id: Short | None = None


class ProjectPatch(Body):
    """Changes to a project; null clears a command."""

    name: Short | None = None
    setup_command: Long | None = None
    teardown_command: Long | None = None
    globs: list[Glob] | None = Field(default=None, alias="copy", max_length=GLOBS_MAX)

    def given(self) -> dict[str, Any]:
        """The fields that were sent, by the names of the model."""
        fields = self.model_dump(include=self.model_fields_set, by_alias=True)
        if "copy" in fields:
            fields["copy"] = fields["copy"] or []
        return fields


class SessionWish(Body):
    """How a session is made."""

    title: Long | None = None
    base_ref: Short | None = None
    include_uncommitted: bool = False


class NewSession(SessionWish):
    """A session to make."""

    project_id: Short


class SessionPatch(Body):
    """Changes to a session. `read_seq` is the last event a person has seen."""

    title: Long | None = None
    archived: bool | None = None
    read_seq: Annotated[int, Field(ge=0, le=SEQ_MAX)] | None = None
    handover: bool | None = None


class NewTask(Body):
    """A prompt. With a `client_key` it can be sent again safely: the first task is returned."""

    agent: Short
    input: Text
    model: Short | None = None
    mode: Short | None = None
    priority: Priority = 0
    client_key: Short | None = None
    parent_task_id: Short | None = None
    handover: bool | None = None
    attachments: list[Any] | None = Field(
        default=None, description="Not supported yet: anything but an empty list is refused."
    )


class NewTaskWithSession(NewTask, SessionWish):
    """A prompt that gets a session of its own."""

    project_id: Short


class TaskPatch(Body):
    """Changes to a task that waits. `position` is its place among the session's waiting tasks, from 0."""

    input: Text | None = None
    agent: Short | None = None
    model: Short | None = None
    mode: Short | None = None
    priority: Priority | None = None
    position: Annotated[int, Field(ge=0, le=1_000_000)] | None = None


class Answer(Body):
    """A person's answer: one of the options, or for a question a list of texts for each part."""

    option_id: Long | None = None
    answers: list[list[Long]] | None = Field(default=None, max_length=100)
    message: Long | None = None
    remember: Literal["session", "project"] | None = None


class NewRule(Body):
    """A decision to remember. `matcher` is `<tool or *>` or `<tool or *>:<pattern>`."""

    scope: Literal["session", "project", "global"]
    matcher: Long
    decision: Literal["allow", "deny"]
    session_id: Short | None = None
    project_id: Short | None = None
    agent: Short | None = None
