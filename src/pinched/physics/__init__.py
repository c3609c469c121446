"""Stage 4: what happens inside a device, from its equations.

Charge transport with mobile vacancies (`solve`), of which the compact laws are a summary, data sets of such runs
(`dataset`, `store`), and `graphene` for electrodes.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submodules=["graphene"])
