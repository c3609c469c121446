"""Published devices, one file per paper: numbers and their source, nothing else.

`pickett2009()` is the device of a paper; what each of its numbers rests on says `pickett2009.evidence_of`. `cao2023`
are the devices of a review's table, which state too little for a law: they seed one. `DEVICES` has all that can be
driven by the names of the command line.
"""

import lazy_loader

from pinched._presets import unshadow

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
unshadow(__name__)
