"""The built-in proposer, offline and free; see `tuner`. It needs numpy."""
