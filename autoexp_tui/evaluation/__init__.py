"""Runs the harness on a candidate and reads its metrics."""
