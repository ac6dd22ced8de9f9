"""Panes that draw their own lines, visible ones only."""
