"""Playground: a small network that trains in the page itself."""
