"""autoexp: an autonomous experiment loop over any git project, watched from a terminal."""

__version__ = "0.1.0"
