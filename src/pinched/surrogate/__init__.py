"""Networks that stand in for the charge transport: from simulated runs to a device that answers in microseconds.

`load_runs` takes a store of runs, `train_surrogate` learns from it (`HDiNN` as published, `Conditioned` for any
waveform, `Direct` for one family of waveforms), `evaluate_surrogate` says how good it is beside trivial predictors.
Which one when: `Direct` is the fastest and the most accurate on the waveform it was trained on; `Conditioned` takes
any waveform; `HDiNN` is there to compare with.
"""
