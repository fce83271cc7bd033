"""Tests of the opencode backend: pure parts as dialogues, the rest against the real opencode and a fake one."""
