"""The app's screens: a run, one of its experiments, and what their keys do."""
