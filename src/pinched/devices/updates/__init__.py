"""Pulse-update laws: what identical pulses do to a conductance, without a differential equation; which one when.

`NeuroSimUpdate` for the exponential curve that most papers fit (`pinched.extraction.plasticity` fits it too).
`SoftBoundsUpdate` where each step is a share of what is left, `SoftBoundsPmaxUpdate` the same by the pulses that
cross the window, `LinearUpdate` between that and `ConstantUpdate`, `PowerUpdate` and `ExponentialStepUpdate` where
the step falls in another way, `PiecewiseUpdate` for steps read off a plot, `TableUpdate` for measured traces,
`QuantizedLevels` for discrete levels that pulses jump between by chance.

Each is a frozen record with `after(conductance, pulses)`: pulses above zero potentiate, below zero depress, any
number at once, elementwise on numbers, NumPy arrays and tensors. `noise` adds what cycles differ by, `train` makes
a `PulseTrace`.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
