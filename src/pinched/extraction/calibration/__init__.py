"""How often the numbers are right and the intervals hold, on data whose truth is known.

`coverage` draws data sets from known laws and counts how often a stated 95 % interval holds the truth (`cases` lists
what is tried); `score_switching` does the same for V_SET and V_RESET of simulated sweeps (`sweeps` draws them, with
noise, false starts, jitter and whatever else a laboratory adds), `plateaus` and `synapses` for steps of conductance
and labels of pulses (`python benchmarks/plateaus.py`). Run `python benchmarks/extraction.py --coverage` and
`--switching` for the tables, and use the functions with your own sample sizes before you trust an interval.
"""
