"""Published devices, one file per paper: numbers and their source, nothing else.

`pickett2009()` is the device of a paper; what each of its numbers rests on says `pickett2009.evidence_of`. `cao2023`
are the devices of a review's table, which state too little for a law: they seed one. `DEVICES` has all that can be
driven by the names of the command line.
"""

import sys
from types import ModuleType

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)


class _Presets(ModuleType):
    """The package, in which a file that was imported does not stand before the preset of the same name."""

    def __getattribute__(self, name: str) -> object:
        value = super().__getattribute__(name)
        return getattr(value, name, value) if isinstance(value, ModuleType) else value


sys.modules[__name__].__class__ = _Presets
