"""The operating system, one module per thing: files, processes, the collector."""
