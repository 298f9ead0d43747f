"""Load on real trackers: what an operation costs, how that grows, and what faults do to it.

The tracker is driven from outside, by its protocols only, so the same commands measure any version.
"""
