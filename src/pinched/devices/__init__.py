"""Stage 3: devices: compact laws (`laws`) under `drive`, fits, variability, pulse updates, netlists, presets.

Also the spread of binary devices (`spread`) and sweeps simulated from it (`simulated`).
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submodules=["export", "presets", "updates"])
