"""word2vec.c on one thread, replayed: the same words, windows, noise and vectors, bit for bit."""
