"""The git side of a session: its worktree, the snapshots of it, and who made which line."""
