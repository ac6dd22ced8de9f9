"""What a run is: contract, events, state, budget, objective. Pure; no I/O."""
