"""A command in a real terminal, with a person who types when asked."""

import os
import pty
import sys
from collections.abc import Callable, Mapping
from pathlib import Path


def in_terminal(
    words: list[str],
    environment: Mapping[str, str],
    cwd: Path,
    *answers: tuple[str, str | Callable[[], None]],
) -> tuple[int, str]:
    """Run a command in a terminal; its exit code and all that was shown.

    Each answer is typed when its words appear, or called.
    """
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
            answer = left.pop(0)[1]
            since = ""
            if isinstance(answer, str):
                os.write(terminal, f"{answer}\n".encode())
            else:
                answer()
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown
