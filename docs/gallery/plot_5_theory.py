"""
What each loss learns
=====================

Scores of converged models of eight words against the formulas of theory, in nats: every loss with
every sampler. The loss is the exact expectation, so that nothing is drawn
(``experiments/theory.py``).
"""

from pathlib import Path

import matplotlib.pyplot as plt

from w2vjax.report.cells import load

results = Path("../../results")
frame = load(results / "theory")
points = frame[frame["metric"].isin(["theory/wanted", "theory/found"])]
keys = ["layer", "sampler", "theory", "x"]
wide = points.pivot_table(index=keys, columns="metric", values="value").reset_index()
error = (wide["theory/found"] - wide["theory/wanted"]).abs()
largest = error.groupby([wide["layer"], wide["theory"]]).max()
largest.to_frame("largest error (nats)").reset_index()

# %%
# Every score lies on the diagonal. Negative sampling learns another quantity than the other two:
# its scores depend on the noise distribution.

figure, all_axes = plt.subplots(1, 3, figsize=(7, 2.8))
groups = wide.groupby(["layer", "theory"])
for axes, ((layer, theory), rows) in zip(all_axes, groups, strict=True):
    limits = rows["theory/wanted"].agg(["min", "max"])
    axes.plot(limits, limits, color="0.7", linewidth=4, linestyle="-")
    axes.plot(rows["theory/wanted"], rows["theory/found"], ".", markersize=3)
    axes.set_title(f"{layer}\n{theory}", fontsize=8)
    axes.set_xlabel("theory (nats)")
all_axes[0].set_ylabel("found (nats)")
plt.show()
