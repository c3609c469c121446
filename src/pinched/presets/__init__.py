"""All published devices under one name: those of compact laws and those of the charge-transport model.

The files are in `pinched.devices.presets` (laws for `drive`) and `pinched.physics.presets` (devices for `solve`);
this package only reaches both. A name is in one of them.
"""

from types import ModuleType

from pinched.devices import presets as _compact
from pinched.physics import presets as _transport


def __dir__() -> list[str]:
    return sorted({*dir(_compact), *dir(_transport)})


def __getattr__(name: str) -> object:
    homes: tuple[ModuleType, ...] = (_compact, _transport)
    for home in homes:
        if name in dir(home):
            return getattr(home, name)
    raise AttributeError(f"there is no preset '{name}'; there are {', '.join(__dir__())}.")
