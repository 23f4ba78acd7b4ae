"""Losses: the two elementwise ones, output layers, trees, the exact partition."""
