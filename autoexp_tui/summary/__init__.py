"""What every viewer says of a run: its headline, its digest, its curve."""
