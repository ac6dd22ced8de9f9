"""Where the records that viewers fold come from: a journal, a table, a recording."""
