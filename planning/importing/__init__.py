"""Interpreting sheets from finance as tables of a budget, and as the goals of a plan."""
