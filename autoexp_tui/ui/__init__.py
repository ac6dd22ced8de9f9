"""The screen: viewers of a run's state; none of them decides anything."""
