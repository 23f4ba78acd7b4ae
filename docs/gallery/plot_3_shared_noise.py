"""
What sharing noise costs
========================

A block of words shares its noise words. The fewer words share, and the more noise words they
have, the better the vectors and the slower the step. The first four million words of
``simplewiki-2018``, 64 dimensions, three passes, three seeds (``experiments/sharing.py``). NCE had
no output biases in these runs.
"""

from pathlib import Path

import matplotlib.pyplot as plt

from w2vjax.report.cells import complete, load, with_cells
from w2vjax.report.runs import runs, summary

results = Path("../../results")
data = runs(with_cells(complete(load(results / "sharing"))))
block, noise = "config.train.block_size", "config.train.noise_per_block"
measures = ["accuracy_percent", "million_words_per_second"]
means = summary(data, by=["layer", block, noise], measures=measures)
means[["layer", block, noise, *measures]].round(2)

# %%
# Each label is the number of shared noise words. Up and to the right is better.

figure, axes = plt.subplots()
for marker, (layer, rows) in zip("os^", means.groupby("layer", observed=True), strict=True):
    line = rows.sort_values([noise, block])
    speed, accuracy = line["million_words_per_second"], line["accuracy_percent"]
    axes.plot(speed, accuracy, marker=marker, label=layer)
    for x, y, number in zip(speed, accuracy, line[noise], strict=True):
        axes.annotate(f"{number:.0f}", (x, y), (4, 5), textcoords="offset points", fontsize=8)
axes.set(xlabel="million words a second", ylabel="analogies answered (%)")
axes.legend()
figure.suptitle("More noise words: better and slower")
plt.show()
