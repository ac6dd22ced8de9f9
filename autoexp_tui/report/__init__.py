"""A run as one page that a person can send: facts in, HTML or Markdown out. Reads no file."""
