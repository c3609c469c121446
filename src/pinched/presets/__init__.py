"""All published devices under one name: those of compact laws and those of the charge-transport model.

The files are in `pinched.devices.presets` (laws for `drive`) and `pinched.physics.presets` (devices for `solve`);
this package only reaches both. A name is in one of them.
"""

from pinched.devices import presets as _compact
from pinched.physics import presets as _transport

__all__ = sorted({*_compact.__all__, *_transport.__all__})


def __getattr__(name: str) -> object:
    for home in (_compact, _transport):
        if name in home.__all__:
            return getattr(home, name)
    raise AttributeError(f"there is no preset '{name}'; there are {', '.join(__all__)}.")


def __dir__() -> list[str]:
    return __all__
