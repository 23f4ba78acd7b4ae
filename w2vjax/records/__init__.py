"""Measurements on disk."""
