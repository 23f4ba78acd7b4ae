"""Names in records that several rooms know: metrics, and what benchmarks time besides programs."""

PLANNED = "run/planned"
"""the row that holds a run's configuration"""
FINISHED = "run/finished"
"""the last row of a complete run: where, on what text and with what it was made"""
FAILED = "run/failed"
DESCRIBING = (PLANNED, FINISHED, FAILED)
"""what a run's other rows need not repeat"""
TRUNCATED = "records/truncated"
"""the row that marks the line before it as cut short by a killed process"""
SUBJECT = "bench/subject"
"""the row that describes a program on the bench"""
SUBJECT_FAILED = "bench/failed"
"""a measurement of it that came to nothing"""
MATMUL, COPY = "matmul", "copy"
FULL_SOFTMAX, PRODUCTS = "full softmax, forward and backward", "its matrix products alone"
CALLS = (MATMUL, COPY, FULL_SOFTMAX, PRODUCTS)
"""labels of what the bench times and that trains nothing"""
