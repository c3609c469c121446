"""Stage 1: what was measured or simulated.

`IVSweep` is the hub type, `read_sweeps` turns files into it, `waveforms` says what a source applies.
"""
