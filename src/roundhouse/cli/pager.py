"""Long output through the person's pager, as git does it: only in a terminal, only one that exists."""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO

DEFAULT = "less"
LESS = "FRX"
"""As git sets it: leave when all fits the screen, let colours through, leave the text there."""


@contextmanager
def paged(*, wanted: bool = True) -> Iterator[IO[str]]:
    """A stream to print to: the pager's input, else standard output. Leaving the pager early ends the body quietly."""
    words = _words() if wanted and sys.stdout.isatty() else []
    if not words:
        yield sys.stdout
        return
    environment = {"LESS": LESS, **os.environ}
    with subprocess.Popen(words, stdin=subprocess.PIPE, env=environment, text=True) as pager:
        assert pager.stdin is not None  # noqa: S101 - asked for
        with suppress(BrokenPipeError):
            try:
                yield pager.stdin
            finally:
                pager.stdin.close()


def _words() -> list[str]:
    chosen = os.environ.get("PAGER", DEFAULT)
    try:
        words = shlex.split(chosen)
    except ValueError:
        return []
    return words if words and words != ["cat"] and shutil.which(words[0]) else []
