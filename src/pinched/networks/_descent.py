"""The loop behind `train` and `train_many`: Adam with a cosine, on one network or on many side by side.

Many networks are one set of parameter tensors with the network as their first axis. Adam works elementwise and
the loss is a sum over networks, so each of them descends as it would alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from pinched._errors import PinchedError
from pinched._params import require
from pinched._progress import Progress
from pinched.networks._threads import one_thread
from pinched.networks.datasets import ImageSet
from pinched.networks.quantization import BitFlips, ClipQuantizer, Quantizer, see_words

_REFRESH = 20
"""Steps of the optimizer between two searches of the clip range, which moves slowly and costs a few steps."""


class Decay(Enum):
    """How the learning rate goes from start to end."""

    COSINE = "cosine"
    """Half a cosine, down to zero: the last steps settle. The one to use."""
    CONSTANT = "constant"
    """Stays as it is: what frameworks do unless told otherwise, kept to repeat what was published."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long and how fast; `default_schedule` chooses by the size of the data."""

    epochs: int
    """Passes over the images."""
    batch: int
    """Images per step."""
    rate: float
    """Learning rate of Adam at the start."""
    decay: Decay = Decay.COSINE
    """How it goes on."""
    turned: float = 0.0
    """Probability (0 to 1) with which each pixel of an image is turned, anew in every step."""

    def __post_init__(self) -> None:
        if not 0.0 <= self.turned <= 1.0:
            raise PinchedError(f"turned is {self.turned}; it is a probability from 0 to 1 (2 % is 0.02).")
        if self.epochs < 1 or self.batch < 1 or not self.rate > 0:
            raise PinchedError(
                f"epochs is {self.epochs}, batch {self.batch} and rate {self.rate}: each must be above zero."
            )


def default_schedule(images: int, *, quantized: bool) -> Schedule:
    """What `train` uses for that many images; fine-tuning at low precision needs about half as long."""
    if images <= 256:  # full batch: an epoch is one step
        return Schedule(600, images, 3e-3)
    if images <= 10_000:
        return Schedule(30 if quantized else 60, 32, 2e-3)
    return Schedule(6 if quantized else 12, 128, 1e-3 if quantized else 2e-3)


def chosen_schedule(
    images: int,
    *,
    quantized: bool,
    epochs: int | None,
    batch: int | None,
    rate: float | None,
    decay: Decay = Decay.COSINE,
    turned: float = 0.0,
) -> Schedule:
    """`default_schedule` with what the caller gave in place of it; a batch is never larger than the set."""
    default = default_schedule(images, quantized=quantized)
    return Schedule(
        default.epochs if epochs is None else epochs,
        min(default.batch if batch is None else batch, images),
        default.rate if rate is None else rate,
        decay,
        turned,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Storage:
    """What training is to know of how its parameters will be stored."""

    quantizer: Quantizer
    """How they become words."""
    flips: BitFlips | None
    """How often a bit is read wrong; None reads every bit as it was written."""
    learn_steps: bool
    """Whether the steps descend with the parameters (of a `ClipQuantizer`), or are searched anew now and then."""

    def __post_init__(self) -> None:
        require(
            self,
            not self.learn_steps or isinstance(self.quantizer, ClipQuantizer),
            f"the steps of {type(self.quantizer).__name__} follow from the largest parameter and cannot be learned. "
            "Use ClipQuantizer, or leave learn_steps out.",
        )


def descend(
    parameters: Mapping[str, Tensor],
    forward: Callable[[dict[str, Tensor], Tensor], Float[Tensor, "*network image output"]],
    data: ImageSet,
    plan: Schedule,
    storage: Storage | None,
    *,
    networks: int | None,
    seed: int,
    progress: Progress,
) -> None:
    """Move `parameters` (leaves) down the cross-entropy of `forward(what is seen of them, images)` on `data`.

    `networks` is the length of their first axis, None where they belong to one network and have no such axis.
    With learned steps the parameters end as what their words stand for, so that the quantizer finds the same words
    and steps in them. Raises `PinchedError` when the loss is no longer finite.
    """
    with one_thread(_is_small(parameters, plan.batch, networks)):
        _loop(parameters, forward, data, plan, storage, networks, seed, progress)


def _is_small(parameters: Mapping[str, Tensor], batch: int, networks: int | None) -> bool:
    # Multiplications of a step, if every parameter is used once per image: not so in convolutions, which have more
    # axes. Measured: 200 networks of 1050 parameters take 5 s on one thread and 90 s on two of a busy machine.
    dense = all(p.ndim <= (2 if networks is None else 3) for p in parameters.values())
    return dense and batch * sum(p.numel() for p in parameters.values()) < 100_000_000


def _loop(
    parameters: Mapping[str, Tensor],
    forward: Callable[[dict[str, Tensor], Tensor], Tensor],
    data: ImageSet,
    plan: Schedule,
    storage: Storage | None,
    networks: int | None,
    seed: int,
    progress: Progress,
) -> None:
    shuffle = torch.Generator().manual_seed(seed)
    # One generator per network: what network 3 sees does not depend on how many others are trained beside it.
    noise = torch.Generator().manual_seed(seed + 15_485_863)
    errors = [torch.Generator().manual_seed(seed + 7919 * (k + 1)) for k in range(networks or 1)]
    learned: dict[str, Tensor] = {}
    if storage is not None and storage.learn_steps:
        # The logarithm keeps a step above zero, and gives steps of every size the same relative speed.
        learned = {
            name: _step(p, storage.quantizer, networks).log().requires_grad_()
            for name, p in parameters.items()
        }
    optimizer = torch.optim.Adam([*parameters.values(), *learned.values()], lr=plan.rate)
    per_epoch = math.ceil(len(data) / plan.batch)
    total = plan.epochs * per_epoch

    def share(step: int) -> float:
        return 1.0 if plan.decay is Decay.CONSTANT else 0.5 * (1.0 + math.cos(math.pi * step / total))

    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, share)
    # The order within one full batch is irrelevant: no shuffle, no copy.
    whole = plan.batch == len(data)
    done, steps, last = 0, {}, math.nan
    for epoch in progress.track(range(plan.epochs), "training", plan.epochs):
        order = None if whole else torch.randperm(len(data), generator=shuffle)
        for start in range(0, len(data), plan.batch):
            index = slice(None) if order is None else order[start : start + plan.batch]
            images, labels = data.images[index], data.labels[index]
            if plan.turned > 0.0:
                images = torch.where(
                    torch.rand(images.shape, generator=noise) < plan.turned, 1.0 - images, images
                )
            if learned:
                steps = {name: log_step.exp() for name, log_step in learned.items()}
            elif storage is not None and done % _REFRESH == 0:
                steps = {name: _step(p, storage.quantizer, networks) for name, p in parameters.items()}
            seen = (
                dict(parameters) if storage is None else _seen(parameters, storage, steps, networks, errors)
            )
            loss = _loss(forward(seen, images), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            done, last = done + 1, float(loss.detach())
        if not math.isfinite(last):
            raise PinchedError(
                f"the loss is {last} after epoch {epoch + 1}. Use a lower rate than {plan.rate}."
            )
    if storage is not None and learned:
        _settle(parameters, storage.quantizer, learned)


@torch.no_grad()
def _settle(parameters: Mapping[str, Tensor], quantizer: Quantizer, learned: Mapping[str, Tensor]) -> None:
    for name, p in parameters.items():
        step = learned[name].exp()
        p.copy_(quantizer.words(p, step) * step)


def _loss(logits: Tensor, labels: Tensor) -> Tensor:
    if logits.ndim == 2:
        return functional.cross_entropy(logits, labels)
    networks = logits.shape[0]
    # The mean over all rows, times the networks: each has the gradient that it would have alone.
    return networks * functional.cross_entropy(logits.flatten(0, 1), labels.repeat(networks))


def _step(parameter: Tensor, quantizer: Quantizer, networks: int | None) -> Tensor:
    if networks is None:
        return quantizer.step(parameter.detach())
    step = torch.vmap(quantizer.step)(parameter.detach())
    return step.reshape(*step.shape, *[1] * (parameter.ndim - step.ndim))


def _seen(
    parameters: Mapping[str, Tensor],
    storage: Storage,
    steps: Mapping[str, Tensor],
    networks: int | None,
    errors: list[torch.Generator],
) -> dict[str, Tensor]:
    quantizer, seen = storage.quantizer, {}
    for name, p in parameters.items():
        words = quantizer.words(p.detach(), steps[name].detach())
        if storage.flips is not None:
            shape = (*(p.shape if networks is None else p.shape[1:]), quantizer.bits)
            draws = torch.stack([torch.rand(shape, generator=g) for g in errors])
            words = storage.flips.flip(words, quantizer.bits, draws[0] if networks is None else draws)
        if storage.learn_steps and isinstance(quantizer, ClipQuantizer):
            # Learned step sizes (esser2020learned): a parameter beyond the range moves its end and not itself.
            smooth = (p / steps[name]).clamp(*quantizer.ends)
            seen[name] = (smooth + (words - smooth).detach()) * steps[name]
        else:
            seen[name] = see_words(p, quantizer, steps[name], words)
    return seen
