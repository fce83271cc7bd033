"""Runs the measurements by name (all without one) and prints their tables.

    python -m tests.bench [page_stream | review | turn_overhead | worktree]

Figures are wall-clock of one run on one machine: quote ratios and medians, and say how loaded the machine was.
"""

import os
import sys

import anyio

from tests.bench import page_stream, review, turn_overhead, worktree

MEASUREMENTS = {
    "page_stream": page_stream.main,
    "review": review.main,
    "turn_overhead": turn_overhead.main,
    "worktree": worktree.main,
}


def main() -> None:
    """Run what the command line names."""
    for name in sys.argv[1:] or MEASUREMENTS:
        print(f"# {name} (load average {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores)")
        anyio.run(MEASUREMENTS[name])


main()
