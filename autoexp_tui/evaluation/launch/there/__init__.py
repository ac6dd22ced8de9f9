"""What works at the other side of a launcher, with nothing but what any Python from 3.8 on has.

It is sent there by `launch/bundle.py`, with `supervisor.py`.
"""
