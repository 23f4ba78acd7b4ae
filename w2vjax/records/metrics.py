"""Names of the metrics that say what has become of a run, and of its main measurements."""

PLANNED = "run/planned"
"""the row that holds a run's configuration"""
FINISHED = "run/finished"
"""the last row of a complete run: where, on what text and with what it was made"""
FAILED = "run/failed"
DESCRIBING = (PLANNED, FINISHED, FAILED)
"""what a run's other rows need not repeat"""
TRUNCATED = "records/truncated"
"""the row that marks the line before it as cut short by a killed process"""
