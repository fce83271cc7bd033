"""The child's side of being supervised: it does not outlive the supervisor."""

import os
import signal
import sys
import threading

PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """From now on this process is killed when the one that started it is gone, however that happens.

    Standard input must be a pipe that the parent holds open. Where the kernel can tell of a parent's death it
    does so too: a thread does not get to read while an extension holds the interpreter.
    """
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    threading.Thread(target=_watch, name="parent", daemon=True).start()


def _watch() -> None:
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGKILL)
