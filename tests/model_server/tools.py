"""Which of the offered tools does what a command wants, and its arguments made from the tool's own JSON schema."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from shlex import quote
from typing import Any

Json = dict[str, Any]
Arguments = Json | str
"""Of a function tool the object, of a freeform tool the text."""

PATHS = ("filePath", "file_path", "path", "absolute_path")

NAMES: dict[str, tuple[str, ...]] = {
    "WRITE": ("write", "write_file", "create", "text_editor"),
    "READ": ("read", "read_file", "view"),
    "SHELL": ("bash", "run_shell_command", "shell", "exec_command"),
    "TODO": ("todowrite", "todo_write", "write_todos", "taskcreate", "todo"),
    "ASK": ("question", "askuserquestion", "ask_user_question", "request_user_input"),
}


@dataclass(frozen=True)
class Tool:
    """A tool the request offers."""

    name: str
    schema: Json
    freeform: bool = False


@dataclass(frozen=True)
class Wish:
    """A command that needs a tool."""

    command: str
    argument: str
    cwd: str | None = None
    """The agent's folder, for tools that want whole paths."""

    @property
    def head(self) -> str:
        """The argument's first word."""
        return self.argument.partition(" ")[0]

    @property
    def rest(self) -> str:
        """What comes after it; `\\n` stands for a line's end."""
        return self.argument.partition(" ")[2].replace("\\n", "\n")


def choose(tools: list[Tool], wish: Wish) -> tuple[str, Arguments] | None:
    """The tool's name and arguments, or None where no offered tool fits."""
    tool = _find(tools, wish.command)
    if tool is not None:
        return tool.name, _instance(tool.schema, _hints(_placed(wish, tool)), tool.schema)
    shell = _find(tools, "SHELL")
    if wish.command == "WRITE" and shell is not None:
        command = f"printf %s {quote(wish.rest)} > {quote(wish.head)}"
        return shell.name, _instance(shell.schema, _hints(Wish("SHELL", command)), shell.schema)
    return None


def _placed(wish: Wish, tool: Tool) -> Wish:
    """With a whole path, if the tool says that it wants one."""
    properties = tool.schema.get("properties", {})
    whole = any(
        "absolute" in str(properties[name].get("description", "")).lower()
        for name in PATHS
        if name in properties
    )
    if not (whole and wish.cwd and wish.command in ("WRITE", "READ")):
        return wish
    if wish.head.startswith("/"):
        return wish
    return replace(wish, argument=f"{wish.cwd}/{wish.argument}")


def _find(tools: list[Tool], command: str) -> Tool | None:
    wanted = NAMES[command]
    plain = [tool for tool in tools if not tool.freeform]
    for name in wanted:
        for tool in plain:
            # Some agents prefix the extension: developer__shell.
            if tool.name.lower().rpartition("__")[2] == name:
                return tool
    return None


def _hints(wish: Wish) -> Json:
    """Values by property name."""
    match wish.command:
        case "WRITE":
            return {
                **dict.fromkeys(PATHS, wish.head),
                "content": wish.rest,
                "file_text": wish.rest,
                "command": "write",
            }
        case "READ":
            return dict.fromkeys(PATHS, wish.head)
        case "SHELL":
            return {
                "command": wish.argument,
                "cmd": wish.argument,
                "description": "scripted",
                "timeout": 120000,
            }
        case "TODO":
            return {
                "content": wish.argument,
                "text": wish.argument,
                "activeForm": wish.argument,
                "status": "pending",
                "priority": "high",
            }
        case _:
            return {"question": wish.argument, "header": "Scripted", "multiple": False}


CHOICES = ("blue", "red", "green", "white")


def _instance(schema: Json, hints: Json, root: Json) -> Any:
    """The smallest value the schema allows, with the hinted properties filled in."""
    schema = _settled(schema, root)
    if "const" in schema:
        return schema["const"]
    kind = schema.get("type", "object" if "properties" in schema else "string")
    kind = str(kind[0] if isinstance(kind, list) else kind).lower()
    if kind == "object":
        return _object(schema, hints, root)
    if kind == "array":
        items = schema.get("items", {})
        wanted = max(1, int(schema.get("minItems", 1)))
        return [_instance(items, _choice(hints, at), root) for at in range(wanted)]
    return _PLAIN.get(kind, _text)(hints)


def _settled(schema: Json, root: Json) -> Json:
    """The schema without references and choices: the first of each."""
    if "$ref" in schema:
        return _settled(_resolve(schema["$ref"], root), root)
    for union in ("anyOf", "oneOf", "allOf"):
        if schema.get(union):
            return _settled(schema[union][0], root)
    return {"const": schema["enum"][0]} if schema.get("enum") else schema


def _object(schema: Json, hints: Json, root: Json) -> Json:
    required = set(schema.get("required", ()))
    made: Json = {}
    for name, part in schema.get("properties", {}).items():
        if name in hints and not isinstance(part.get("properties"), dict):
            fits = part.get("enum")
            made[name] = hints[name] if not fits or hints[name] in fits else fits[0]
        elif name in required:
            made[name] = _instance(part, hints, root)
    return made


def _choice(hints: Json, at: int) -> Json:
    colour = CHOICES[at % len(CHOICES)]
    return {"label": colour, "value": colour, "description": colour, "id": str(at + 1), **hints}


def _resolve(reference: str, root: Json) -> Json:
    found: Any = root
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return dict(found)


def _text(hints: Json) -> Any:
    return str(hints.get("label", "scripted"))


_PLAIN: dict[str, Callable[[Json], Any]] = {
    "integer": lambda _hints: 1,
    "number": lambda _hints: 1,
    "boolean": lambda _hints: False,
    "null": lambda _hints: None,
}
