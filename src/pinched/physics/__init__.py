"""Stage 4: what happens inside a device, from its equations: charge transport, and `graphene` for its electrodes."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submodules=["graphene"])
