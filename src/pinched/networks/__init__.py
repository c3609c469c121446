"""Stage 7: networks on memristors.

In the order of use: `datasets` (images), `mlp` and `training` (a float network, then fine-tuned at its word
length), `quantization` and `quantized` (floats to words), `convert` (words to arrays), `evaluation` (arrays to a
`score`).
"""

import lazy_loader

# `pinched.datasets` is this submodule; lazily, since it brings torch along.
__getattr__, __dir__, __all__ = lazy_loader.attach(__name__, submodules=["datasets"])
