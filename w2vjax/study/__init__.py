"""Experiments as data: one run, many runs, and the main comparison."""
