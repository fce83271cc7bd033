"""Runs turns on one node: claims tasks, keeps agents warm, records what they say. No HTTP, no SQL text."""
