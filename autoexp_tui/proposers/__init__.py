"""Who forms the hypotheses: a protocol, and the proposers that speak it."""
