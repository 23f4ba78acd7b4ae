"""The look of the gallery's figures: that of all pages, for each script anew."""

from typing import Any

import matplotlib


def reset(*_: Any) -> None:
    """What `matplotlibrc` says."""
    matplotlib.use("agg")
    matplotlib.rc_file_defaults()
