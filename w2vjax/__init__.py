"""w2vjax: how word2vec's output layer is trained, compared."""
