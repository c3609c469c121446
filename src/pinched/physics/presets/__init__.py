"""Published devices of the charge-transport model, one file per paper: numbers and their source, nothing else.

`spetzler2023()` is the reference device; `zamankhani2024_ranges()` are the ranges of a table of parameters, from
which devices are drawn.
"""

import lazy_loader

from pinched._presets import unshadow

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
unshadow(__name__)
