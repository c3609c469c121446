"""Stage 2: data to numbers with uncertainty.

`extract_switching` makes the table of a device paper from sweeps, `fit_distribution` and `summarise`
its statistics, `split_cycles` the cycles of a long trace.
"""
