"""Scores of vectors: analogies, similarity, likelihood; each with its coverage and protocol."""
