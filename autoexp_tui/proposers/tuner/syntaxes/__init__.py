"""One module per language: where its numbers and switches stand, and what they are called."""
