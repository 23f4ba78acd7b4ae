"""Text in: sources, cleaning, vocabulary, and the encoded corpus."""
