"""Stage 3: devices: their spread (`spread`), published ones (`presets`), simulated sweeps (`simulated`)."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submodules=["presets"])
