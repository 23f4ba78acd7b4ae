"""Benchmarks: output layers on this device, the growth of a step's cost, other programs."""
