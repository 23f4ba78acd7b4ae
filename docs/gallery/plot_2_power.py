"""
How sharp is 0.75?
==================

Accuracy of negative sampling with noise drawn in proportion to the word's count to a power. Mean
over five seeds with its 95 % interval; ``simplewiki-2018``, two passes
(``experiments/power.py``).
"""

from pathlib import Path

import matplotlib.pyplot as plt

from w2vjax.report.cells import complete, load, with_cells
from w2vjax.report.runs import runs, summary

results = Path("../../results")
data = runs(with_cells(complete(load(results / "power"))))
distribution, power = "config.output.sampler.distribution", "config.output.sampler.power"
unigram = data[data[distribution] == "unigram"]
means = summary(unigram, by=[power], measures=["accuracy_percent"])
means.iloc[:, :4].round({name: 1 for name in means if name != power})

# %%
# The accuracy is highest at 0.75 and falls on both sides, faster towards 1 than towards 0.5.

figure, axes = plt.subplots()
axes.plot(means[power], means["accuracy_percent"], marker="o", label="mean of five seeds")
axes.fill_between(
    means[power],
    means["accuracy_percent_low"],
    means["accuracy_percent_high"],
    alpha=0.25,
    label="95 % interval",
)
axes.axvline(0.75, color="0.4", linewidth=1, linestyle=":")
axes.annotate("word2vec's choice", (0.75, 16), (-6, 0), textcoords="offset points", ha="right")
axes.set(xlabel="power of the count", ylabel="analogies answered (%)")
axes.legend()
figure.suptitle("Between uniform (0) and the words' own frequencies (1)")
plt.show()
