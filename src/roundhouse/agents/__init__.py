"""How to talk to agents: one protocol (`backend`), two implementations (`acp`, `opencode`)."""
