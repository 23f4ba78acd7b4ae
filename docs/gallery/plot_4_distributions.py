"""
What the samplers draw
======================

The probability of a word against its frequency rank, for the noise distributions and for the text
itself, as recorded with the runs of ``experiments/samplers.py`` (``simplewiki-2018``, 75,952
words).
"""

from pathlib import Path

import matplotlib.pyplot as plt

from w2vjax.report.cells import load

results = Path("../../results")
frame = load(results / "samplers")
rows = frame[frame["metric"].str.startswith("distribution/")]
curves = rows.pivot_table(index="x", columns="metric", values="value")
curves.columns = [name.removeprefix("distribution/") for name in curves.columns]
curves.iloc[::8].map("{:.1e}".format)

# %%
# Log-uniform noise, TensorFlow's default, is close to unigram^1. A smaller power is flatter: it
# spends more of the noise on rare words.

figure, axes = plt.subplots()
for name, curve in curves.items():
    axes.plot(curve.index, curve, label="the text" if name == "corpus" else name)
axes.set(xscale="log", yscale="log", xlabel="frequency rank", ylabel="probability of a draw")
axes.legend()
figure.suptitle("Noise by frequency rank")
plt.show()
