"""`mlp`: the fully connected networks of the digit tasks; any other torch module serves as well.

Weights are Glorot-uniform and biases zero (the defaults of the paper's framework), drawn from a generator
of their own: torch's global random numbers are neither used nor moved.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import nn

from pinched._errors import PinchedError


def mlp(layers: Sequence[int], *, seed: int = 0) -> nn.Sequential:
    """Linear layers with ReLU between them, `layers` neurons from input to output; logits come out.

    `mlp((20, 20, 20, 10))` has three weight matrices and 1050 parameters. Raises `PinchedError` for fewer
    than two layers or a layer without neurons.
    """
    if len(layers) < 2 or min(layers) < 1:
        raise PinchedError(
            f"layers is {tuple(layers)}; give the neurons of at least an input and an output layer, each 1 or more."
        )
    generator = torch.Generator().manual_seed(seed)
    steps: list[nn.Module] = []
    for inputs, outputs in pairwise(layers):
        # skip_init: the constructor of nn.Linear would draw from the global generator.
        linear = nn.utils.skip_init(nn.Linear, inputs, outputs)
        weight, bias = linear.parameters()
        nn.init.xavier_uniform_(weight, generator=generator)
        nn.init.zeros_(bias)
        steps += [linear, nn.ReLU()]
    return nn.Sequential(*steps[:-1])
