"""Roundhouse keeps coding agents warm: durable sessions, live events, many agents, one worktree."""

__version__ = "0.1.0"
