"""The nine steps, and the journal that they are written down in."""
