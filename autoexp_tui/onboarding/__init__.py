"""Makes a project ready: reads it, proposes what to measure and what to change, and tries it.

Everything here is a guess with its reason; a person, or a flag, has the last word.
"""
