"""Training before programming (ex situ): float first, then at the word length that the array will store.

`train(model, data)` trains a float network; `train(float_net, data, quantizer=ClipQuantizer(3))` continues it
with quantized parameters in every forward pass (quantization-aware training, straight-through gradients),
which is what makes 2 to 4 bits enough. Adam with a cosine schedule; sets of up to 256 images are trained as
one batch.
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional

from pinched._errors import PinchedError
from pinched._progress import Progress, Silent
from pinched.networks.datasets import ImageSet
from pinched.networks.quantization import Quantizer, straight_through
from pinched.networks.quantized import check_storable

_REFRESH = 20
"""Steps of the optimizer between two searches of the clip range, which moves slowly and costs a few steps."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how fast; `default_schedule` chooses by the size of the data."""

    epochs: int
    """Passes over the images."""
    batch: int
    """Images per step."""
    rate: float
    """Learning rate of Adam at the start; a cosine takes it to zero."""


def default_schedule(images: int, *, quantized: bool) -> Schedule:
    """What `train` uses for that many images; fine-tuning at low precision needs about half as long."""
    if images <= 256:  # full batch: an epoch is one step
        return Schedule(600, images, 3e-3)
    if images <= 10_000:
        return Schedule(30 if quantized else 60, 32, 2e-3)
    return Schedule(6 if quantized else 12, 128, 1e-3 if quantized else 2e-3)


def train(
    model: nn.Module,
    data: ImageSet,
    *,
    quantizer: Quantizer | None = None,
    epochs: int | None = None,
    batch: int | None = None,
    rate: float | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> nn.Module:
    """A trained copy of `model` (cross-entropy on its outputs); the given module and global state stay as they are.

    With `quantizer` the copy keeps float parameters, trained so that their quantized values classify: hand it
    to `quantize` or `convert` with the same quantizer. `epochs`, `batch` and `rate` default by the size of the
    set. The same seed gives the same network. Raises `PinchedError` for a module that cannot be stored (with a
    quantizer), for a schedule below one step, and when the loss is no longer finite.
    """
    default = default_schedule(len(data), quantized=quantizer is not None)
    plan = Schedule(
        default.epochs if epochs is None else epochs,
        min(default.batch if batch is None else batch, len(data)),
        default.rate if rate is None else rate,
    )
    if plan.epochs < 1 or plan.batch < 1 or not plan.rate > 0:
        raise PinchedError(
            f"epochs is {plan.epochs}, batch {plan.batch} and rate {plan.rate}: each must be above zero."
        )
    if quantizer is not None:
        check_storable(model)
    # Layers such as dropout know only the global generator: lend them a seeded one and put the old one back.
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        return _descend(copy.deepcopy(model).train(), data, quantizer, plan, seed, progress or Silent())


def _descend(
    net: nn.Module, data: ImageSet, quantizer: Quantizer | None, plan: Schedule, seed: int, progress: Progress
) -> nn.Module:
    shuffle = torch.Generator().manual_seed(seed)
    parameters = dict(net.named_parameters())
    optimizer = torch.optim.Adam(parameters.values(), lr=plan.rate)
    per_epoch = math.ceil(len(data) / plan.batch)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, plan.epochs * per_epoch)
    # The order within one full batch is irrelevant: no shuffle, no copy.
    whole = plan.batch == len(data)
    done, steps, last = 0, {}, math.nan
    for epoch in progress.track(range(plan.epochs), "training", plan.epochs):
        order = None if whole else torch.randperm(len(data), generator=shuffle)
        for start in range(0, len(data), plan.batch):
            index = slice(None) if order is None else order[start : start + plan.batch]
            images, labels = data.images[index], data.labels[index]
            if quantizer is not None and done % _REFRESH == 0:
                steps = {name: quantizer.step(p.detach()) for name, p in parameters.items()}
            seen = _seen(parameters, quantizer, steps)
            loss = functional.cross_entropy(functional_call(net, seen, (images,)), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            done, last = done + 1, float(loss.detach())
        if not math.isfinite(last):
            raise PinchedError(
                f"the loss is {last} after epoch {epoch + 1}. Use a lower rate than {plan.rate}."
            )
    return net.eval()


def _seen(
    parameters: dict[str, nn.Parameter], quantizer: Quantizer | None, steps: dict[str, Tensor]
) -> dict[str, Tensor]:
    if quantizer is None:
        return dict(parameters)
    return {name: straight_through(p, quantizer, steps[name]) for name, p in parameters.items()}


@torch.no_grad()
def accuracy(model: nn.Module, data: ImageSet) -> float:
    """Share (0 to 1) of `data` that `model` classifies right in evaluation mode; of equal outputs the first wins."""
    net = model if not model.training else copy.deepcopy(model).eval()
    right = sum(
        int((net(images).argmax(-1) == labels).sum())
        for images, labels in zip(data.images.split(500), data.labels.split(500), strict=True)
    )
    return right / len(data)
