"""`QuantizedNetwork`: a torch module whose parameters are words, for one set of words or for many at once.

`quantize` makes one. The words of all parameters stand in one row, in the order of `named_parameters`, which
is the order in which an array stores them; `predict` runs the same network with the words of many arrays.
"""

from __future__ import annotations

import copy
import functools
import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int, Int8, Int64
from torch import Tensor, nn
from torch.func import functional_call, vmap

from pinched._errors import PinchedError
from pinched._params import require
from pinched.networks.quantization import Quantizer

_STORED = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)

_CHUNK = 4_000_000
"""Activations (float32) of the widest layer kept at a time: 16 MB, a few of which live together."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class QuantizedNetwork:
    """A network as integer words with one step per parameter tensor, and the float module it came from."""

    module: nn.Module
    """The float network, in evaluation mode; a copy of what was quantized."""
    quantizer: Quantizer
    """How the words were made."""
    names: tuple[str, ...]
    """Names of the parameter tensors, in the order of their words."""
    shapes: tuple[tuple[int, ...], ...]
    """Shape of each parameter tensor; weights are (out, in, ...) as torch has them."""
    steps: tuple[float | Float[Tensor, ...], ...]
    """Value of one unit of a word in each tensor, or in each of its outputs; 1 where the quantizer computes with bare
    words."""
    words: Int8[Tensor, " word"]
    """All words in one row: tensor after tensor, each row-major."""

    def __post_init__(self) -> None:
        count = sum(math.prod(shape) for shape in self.shapes)
        require(self, self.words.numel() == count, f"{self.words.numel()} words for {count} parameters.")

    @property
    def layers(self) -> tuple[int, ...]:
        """Neurons (or channels) per layer, input to output."""
        stored = [m for m in self.module.modules() if isinstance(m, _STORED)]
        sides = [_sides(m) for m in stored]
        return (sides[0][0], *(outputs for _, outputs in sides))

    def parameters(self, words: Int[Tensor, "*array word"]) -> dict[str, Tensor]:
        """Parameter tensors by name, with the leading axes of `words` in front: what the words stand for."""
        require(
            self,
            words.shape[-1] == self.words.numel(),
            f"{words.shape[-1]} words given; this network has {self.words.numel()}.",
        )
        parts = words.split([math.prod(shape) for shape in self.shapes], dim=-1)
        return {
            name: part.reshape(*words.shape[:-1], *shape).float() * step
            for name, shape, step, part in zip(self.names, self.shapes, self.steps, parts, strict=True)
        }

    def __call__(self, images: Float[Tensor, "image pixel"]) -> Float[Tensor, "image output"]:
        """Outputs (logits) of the network with its own words."""
        return functional_call(self.module, self.parameters(self.words), (images,))

    @torch.no_grad()
    def predict(
        self, words: Int[Tensor, "array word"], images: Float[Tensor, "image pixel"]
    ) -> Int64[Tensor, "array image"]:
        """Class of each image for each row of `words`; of equal outputs the first wins.

        Images run in portions, so that memory stays bounded; give thousands of arrays of a large network
        in portions of arrays too (`evaluate` does).
        """
        plain = _plain_layers(self.module)
        if plain is not None:
            return self._answers(
                self.parameters(words), images, functools.partial(_run_plain, plain), len(words)
            )
        # A module of its own: running it with other parameters puts them into it for that time, and several threads
        # may ask the same network.
        module = copy.deepcopy(self.module)
        if any(len(shape) > 2 for shape in self.shapes):
            # Convolutions of many arrays at once run as one grouped convolution, which is no faster here and keeps
            # gigabytes of scratch memory; one array after the other.
            one = functools.partial(_run, module)
            return torch.stack([self._answers(self.parameters(row), images, one, 1) for row in words])
        many = vmap(functools.partial(_run, module), in_dims=(0, None))
        return self._answers(self.parameters(words), images, many, len(words))

    def _answers(
        self,
        parameters: dict[str, Tensor],
        images: Float[Tensor, "image pixel"],
        run: Callable[..., Tensor],
        arrays: int,
    ) -> Int64[Tensor, "*array image"]:
        # A convolution has up to an output per pixel and channel, a linear layer one per neuron.
        pixels = images.shape[1]
        widest = max(pixels, *(shape[0] * (pixels if len(shape) > 2 else 1) for shape in self.shapes))
        portions = images.split(max(1, _CHUNK // (widest * arrays)))
        return torch.cat([run(parameters, part).argmax(-1) for part in portions], dim=-1)


def _run(module: nn.Module, parameters: dict[str, Tensor], images: Tensor) -> Tensor:
    return functional_call(module, parameters, (images,))


def _plain_layers(module: nn.Module) -> list[tuple[str, nn.Module]] | None:
    """Names and layers of a chain of linear layers and ReLU, which needs no machinery to run; None for others."""
    if not isinstance(module, nn.Sequential):
        return None
    layers = [*module.named_children()]
    return layers if all(type(layer) in (nn.Linear, nn.ReLU) for _, layer in layers) else None


def _run_plain(
    layers: list[tuple[str, nn.Module]],
    parameters: dict[str, Float[Tensor, "array ..."]],
    images: Float[Tensor, "image pixel"],
) -> Float[Tensor, "array image output"]:
    x = images[None]
    for name, layer in layers:
        if isinstance(layer, nn.ReLU):
            x = x.relu()
            continue
        weight, bias = parameters[f"{name}.weight"], parameters.get(f"{name}.bias")
        if x.shape[0] == 1:  # the images themselves: one product with the rows of all arrays
            x = (x[0] @ weight.flatten(0, 1).T).unflatten(1, weight.shape[:2]).transpose(0, 1)
        else:
            x = x @ weight.transpose(1, 2)
        x = x if bias is None else x + bias[:, None]
    return x


def _sides(module: nn.Module) -> tuple[int, int]:
    if isinstance(module, nn.Linear):
        return module.in_features, module.out_features
    assert isinstance(module, nn.Conv1d | nn.Conv2d | nn.Conv3d)
    return module.in_channels, module.out_channels


def check_storable(module: nn.Module) -> None:
    """Raise `PinchedError`, naming the layer, unless all parameters belong to linear and convolution layers."""
    found = False
    for name, part in module.named_modules():
        own = [key for key, _ in part.named_parameters(recurse=False)]
        if not own:
            continue
        found = True
        if type(part) not in _STORED:
            raise PinchedError(
                f"the layer '{name or type(module).__name__}' ({type(part).__name__}) holds {', '.join(own)}, which "
                "cannot be stored: only Linear and Conv1d, 2d, 3d layers map onto words. Fold a normalisation into "
                "the layer before it, or remove the layer."
            )
    if not found:
        raise PinchedError(f"{type(module).__name__} has no parameters: there is nothing to store.")


@torch.no_grad()
def quantize(module: nn.Module, quantizer: Quantizer) -> QuantizedNetwork:
    """The words of `module` by `quantizer`, each parameter tensor (or each output of it) with a step of its own.

    Works for any module whose parameters belong to linear and convolution layers; activations, pooling and
    reshaping pass. Raises `PinchedError` for other layers with parameters and for parameters that are not finite.
    """
    check_storable(module)
    twin = copy.deepcopy(module).eval().requires_grad_(False)
    names, shapes, steps, words = [], [], [], []
    for name, tensor in twin.named_parameters():
        if not bool(torch.isfinite(tensor).all()):
            raise PinchedError(
                f"the parameter '{name}' is not finite: did the training diverge? Use a lower rate."
            )
        step = quantizer.step(tensor)
        names.append(name)
        shapes.append(tuple(tensor.shape))
        steps.append(1.0 if not quantizer.rescaled else float(step) if step.ndim == 0 else step)
        words.append(quantizer.words(tensor, step).flatten())
    return QuantizedNetwork(
        module=twin,
        quantizer=quantizer,
        names=tuple(names),
        shapes=tuple(shapes),
        steps=tuple(steps),
        words=torch.cat(words),
    )
