"""Text, numbers, durations and diffs: pure functions over strings."""
