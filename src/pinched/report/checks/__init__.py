"""What the field's reporting guidelines ask, run on data: `record` says what a check is, one module per subject.

`devices` for sweeps and their table, `endurance`, `retention` and `plasticity` for their own data, `network` for
an accuracy. A check never improves a number; it says what the number does not support.
"""
