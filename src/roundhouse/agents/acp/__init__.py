"""Agents that speak the Agent Client Protocol, version 1, on stdin and stdout."""
