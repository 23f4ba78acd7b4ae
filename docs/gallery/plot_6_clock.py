"""
Accuracy for the time that is spent
===================================

What each loss reaches after two, four and eight seconds of training, three seeds each, on two
cores. ``simplewiki-2018`` (``experiments/clock.py``). Every point is a run of its own whose
learning rate falls to its end. NCE had no output biases in these runs.
"""

from pathlib import Path

import matplotlib.pyplot as plt

from w2vjax.report.cells import complete, load, with_cells
from w2vjax.report.runs import runs, summary

results = Path("../../results")
data = runs(with_cells(complete(load(results / "clock"))))
measures = ["accuracy_percent", "training_seconds"]
means = summary(data, by=["layer", "config.train.epochs"], measures=measures)
means[["layer", "config.train.epochs", *measures, "seeds"]].round(2)

# %%
# Bars span the three seeds.

figure, axes = plt.subplots()
groups = means.groupby("layer", observed=True)
for marker, (layer, rows) in zip("os^vDP", groups, strict=False):
    mean = rows["accuracy_percent"]
    spread = (mean - rows["accuracy_percent_min"], rows["accuracy_percent_max"] - mean)
    axes.errorbar(rows["training_seconds"], mean, yerr=spread, marker=marker, label=layer)
axes.set(xlabel="seconds of training", ylabel="analogies answered (%)", xscale="log")
axes.set_xticks([2, 4, 8], ["2", "4", "8"])
axes.minorticks_off()
axes.legend()
figure.suptitle("Negative sampling learns fastest")
plt.show()
