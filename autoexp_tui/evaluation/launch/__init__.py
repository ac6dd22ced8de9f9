"""Evaluations on other machines: by a command that leads there, or by Ray."""
