"""Minitorrent beside other clients, on one machine, in one run.

`python -m benchmarks [--size 1G] [--runs 3]`. Machines differ and are noisy: only the ratios
within one run carry over.
"""
