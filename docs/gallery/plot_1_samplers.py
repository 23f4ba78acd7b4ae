"""
Every loss with every sampler
=============================

Accuracy on Google's analogies of three losses with six noise distributions: the mean over five
seeds with its 95 % interval. ``simplewiki-2018``, two passes, 100 dimensions, each cell at its
own tuned learning rate (``experiments/samplers.py``). NCE had no output biases in these runs.
"""

from pathlib import Path

import matplotlib.pyplot as plt

from w2vjax.report.cells import complete, load, with_cells
from w2vjax.report.runs import runs, summary

results = Path("../../results")  # of the repository
frame = with_cells(complete(load(results / "samplers")))
means = summary(runs(frame), by=["layer", "sampler"], measures=["accuracy_percent"])
means.iloc[:, :5].round(1)

# %%
# unigram^0.75 is ahead in all three losses. Uniform noise and the words of the same step are far
# behind.

noisy = means[means["sampler"].astype(str) != "\N{EN DASH}"]  # a tree draws no noise
by_sampler = noisy.groupby("sampler", observed=True)["accuracy_percent"]
order = by_sampler.mean().sort_values().index
layers = noisy["layer"].unique()

figure, axes = plt.subplots()
for layer, marker, shift in zip(layers, "os^", (0.22, 0, -0.22), strict=True):
    rows = noisy[noisy["layer"] == layer].set_index("sampler").loc[order]
    mean = rows["accuracy_percent"]
    spread = (mean - rows["accuracy_percent_low"], rows["accuracy_percent_high"] - mean)
    heights = [place + shift for place in range(len(rows))]
    axes.errorbar(mean, heights, xerr=spread, marker=marker, linestyle="none", label=layer)
axes.set_yticks(range(len(order)), order)
axes.set_xlabel("analogies answered (%)")
axes.legend()
figure.suptitle("Unigram^0.75 is the best noise for every loss")
plt.show()
