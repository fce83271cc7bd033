"""The addresses, grouped by what they are about. Each route checks shapes and calls one service."""

from roundhouse.web.routes import (
    agents,
    changes,
    comments,
    events,
    permissions,
    projects,
    sessions,
    system,
    tasks,
    usage,
    worktree,
)

ROUTERS = [
    module.router
    for module in (
        system,
        agents,
        projects,
        sessions,
        tasks,
        events,
        permissions,
        changes,
        worktree,
        comments,
        usage,
    )
]
"""All of them, as the description lists them."""
