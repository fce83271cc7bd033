"""The addresses, grouped by what they are about. Each route checks shapes and calls one service."""
