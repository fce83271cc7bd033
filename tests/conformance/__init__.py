"""One suite that every AgentBackend passes."""
