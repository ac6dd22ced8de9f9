"""Prepares a run and hosts its loop: the runner, what it hires, and whom it tells."""
