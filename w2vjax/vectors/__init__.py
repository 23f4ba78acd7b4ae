"""Vectors out: the trained embeddings and their file formats."""
