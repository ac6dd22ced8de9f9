"""The built-in proposer, offline and free; see `tuner`. Only that module imports Optuna."""
