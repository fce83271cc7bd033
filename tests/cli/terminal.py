"""A command in a real terminal, with a person who types when asked."""

import os
import pty
import sys
from collections.abc import Mapping
from pathlib import Path


def in_terminal(
    words: list[str], environment: Mapping[str, str], cwd: Path, *answers: tuple[str, str]
) -> tuple[int, str]:
    """Run a command in a terminal, typing each answer when its words appear; its exit code and all that was shown."""
    command = [sys.executable, "-P", "-m", "roundhouse", *words]
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(cwd)
        os.execvpe(command[0], command, {**environment, "TERM": "xterm"})  # noqa: S606 - a terminal's child
    shown, since, left = "", "", list(answers)
    while True:
        try:
            new = os.read(terminal, 4096).decode(errors="replace")
        except OSError:
            break
        shown, since = shown + new, since + new
        if left and left[0][0] in since:
            os.write(terminal, (left.pop(0)[1] + "\n").encode())
            since = ""
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown
