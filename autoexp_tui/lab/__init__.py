"""The outside world, one module each: the repository, the workspace, the harness."""
