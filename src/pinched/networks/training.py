"""Training before programming (ex situ): float first, then at the word length that the array will store.

`train(model, data)` trains a float network; `train(float_net, data, quantizer=ClipQuantizer(3))` continues it
with quantized parameters in every forward pass (quantization-aware training, straight-through gradients),
which is what makes 2 to 4 bits enough. With `flips=BitFlips(...)` it sees random wrong bits as well and settles
where the loss forgives them. Adam with a cosine schedule; sets of up to 256 images are trained as one batch.

`train_many` trains hundreds of small networks side by side, each as it would be trained alone: for a statement
about a network that does not hang on one seed.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap
from torch.nn import functional

from pinched._errors import PinchedError
from pinched._progress import Progress, Silent
from pinched.networks._descent import Decay, Storage, chosen_schedule, default_schedule, descend
from pinched.networks.datasets import ImageSet
from pinched.networks.quantization import BitFlips, Quantizer
from pinched.networks.quantized import check_storable

__all__ = ["Decay", "accuracy", "cross_entropy", "default_schedule", "train", "train_many"]


def train(
    model: nn.Module,
    data: ImageSet,
    *,
    quantizer: Quantizer | None = None,
    flips: BitFlips | None = None,
    learn_steps: bool = False,
    epochs: int | None = None,
    batch: int | None = None,
    rate: float | None = None,
    decay: Decay = Decay.COSINE,
    turned: float = 0.0,
    seed: int = 0,
    progress: Progress | None = None,
) -> nn.Module:
    """A trained copy of `model` (cross-entropy on its outputs); the given module and global state stay as they are.

    With `quantizer` the copy keeps float parameters, trained so that their quantized values classify: hand it
    to `quantize` or `convert` with the same quantizer. `flips` turns stored bits over at random in every step
    (bit-error-aware training); `learn_steps` lets the clip ranges descend too instead of following the least
    squares, which gains most at 2 and 3 bits and on large sets. `epochs`, `batch` and `rate` default by the size of
    the set; `decay` takes the rate to zero along a cosine unless told otherwise. `turned` is the probability with
    which each pixel of a training image is turned, anew in every step (for noise on larger images; the few digits
    of 5 x 4 pixels have `noise.with_single_flips`). The same seed gives the same network.

    Raises `PinchedError` for a module that cannot be stored (with a quantizer), for `flips` or learned steps without
    a quantizer that has them, for a schedule below one step, and when the loss is no longer finite.
    """
    storage = _storage([model], quantizer, flips, learn_steps)
    plan = chosen_schedule(
        len(data),
        quantized=quantizer is not None,
        epochs=epochs,
        batch=batch,
        rate=rate,
        decay=decay,
        turned=turned,
    )
    # Layers such as dropout know only the global generator: lend them a seeded one and put the old one back.
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        net = copy.deepcopy(model).train()

        def forward(parameters: dict[str, Tensor], images: Tensor) -> Tensor:
            return functional_call(net, parameters, (images,))

        descend(
            dict(net.named_parameters()), forward, data, plan, storage,
            networks=None, seed=seed, progress=progress or Silent(),
        )  # fmt: skip
    return net.eval()


def train_many(
    models: Sequence[nn.Module],
    data: ImageSet,
    *,
    quantizer: Quantizer | None = None,
    flips: BitFlips | None = None,
    learn_steps: bool = False,
    epochs: int | None = None,
    batch: int | None = None,
    rate: float | None = None,
    decay: Decay = Decay.COSINE,
    turned: float = 0.0,
    seed: int = 0,
    progress: Progress | None = None,
) -> list[nn.Module]:
    """Trained copies of `models`, all of one architecture, side by side: 200 small networks in the time of a few.

    They see the images in the same order and differ by where they start, so give each its own seed
    (`mlp(layers, seed=k)`). Arguments and errors are those of `train`, and `PinchedError` for no model, for models
    of different architecture and for layers that carry buffers or draw numbers (normalisation, dropout).
    """
    if not models:
        raise PinchedError("models is empty: give at least one network.")
    storage = _storage(models, quantizer, flips, learn_steps)
    _check_alike(models)
    plan = chosen_schedule(
        len(data),
        quantized=quantizer is not None,
        epochs=epochs,
        batch=batch,
        rate=rate,
        decay=decay,
        turned=turned,
    )
    template = copy.deepcopy(models[0]).train()
    stacked, _ = stack_module_state([*models])
    parameters = {name: p.detach().clone().requires_grad_() for name, p in stacked.items()}
    together = vmap(lambda one, images: functional_call(template, one, (images,)), in_dims=(0, None))
    descend(
        parameters, together, data, plan, storage,
        networks=len(models), seed=seed, progress=progress or Silent(),
    )  # fmt: skip
    return [_unstacked(template, parameters, k) for k in range(len(models))]


def _unstacked(template: nn.Module, parameters: dict[str, Tensor], k: int) -> nn.Module:
    net = copy.deepcopy(template)
    net.load_state_dict({name: p.detach()[k].clone() for name, p in parameters.items()})
    return net.eval()


def _storage(
    models: Sequence[nn.Module], quantizer: Quantizer | None, flips: BitFlips | None, learn_steps: bool
) -> Storage | None:
    if quantizer is None:
        if flips is not None or learn_steps:
            raise PinchedError(
                f"flips is {flips} and learn_steps {learn_steps}, but there is no quantizer: only stored words have "
                "bits and steps. Give one."
            )
        return None
    for model in models:
        check_storable(model)
    return Storage(quantizer=quantizer, flips=flips, learn_steps=learn_steps)


def _check_alike(models: Sequence[nn.Module]) -> None:
    first = {name: p.shape for name, p in models[0].named_parameters()}
    for k, model in enumerate(models):
        if {name: p.shape for name, p in model.named_parameters()} != first or str(model) != str(models[0]):
            raise PinchedError(
                f"model {k} is not built as model 0 is: {model} against {models[0]}. Train each architecture apart."
            )
    drawing = [type(m).__name__ for m in models[0].modules() if type(m).__name__.endswith("Dropout")]
    if next(models[0].buffers(), None) is not None or drawing:
        raise PinchedError(
            f"{type(models[0]).__name__} holds {', '.join(drawing) or 'buffers'}: such layers cannot be trained side "
            "by side. Use `train` for one network after the other."
        )


@torch.no_grad()
def accuracy(model: nn.Module, data: ImageSet) -> float:
    """Share (0 to 1) of `data` that `model` classifies right in evaluation mode; of equal outputs the first wins."""
    net = model if not model.training else copy.deepcopy(model).eval()
    right = sum(
        int((net(images).argmax(-1) == labels).sum())
        for images, labels in zip(data.images.split(500), data.labels.split(500), strict=True)
    )
    return right / len(data)


@torch.no_grad()
def cross_entropy(model: nn.Module, data: ImageSet) -> float:
    """Mean cross-entropy (nats) of the outputs of `model`, read as logits, on `data` in evaluation mode.

    At least ln 2 times the share of wrong answers: the true class of a wrong one has at most half the probability.
    """
    net = model if not model.training else copy.deepcopy(model).eval()
    total = sum(
        float(functional.cross_entropy(net(images).double(), labels, reduction="sum"))
        for images, labels in zip(data.images.split(500), data.labels.split(500), strict=True)
    )
    return total / len(data)
