"""`autoexp.yaml`: read, written, explained."""
