"""The networks of roy2025quantum: MNIST and CIFAR-10 in float, written onto levels, and trained in the devices.

Everything is a function of a folder and a seed, so that other processes can compute it; with `keep` the training is
resumed from its last whole epoch. Rates and spans were chosen on MNIST with seed 0 and few steps; the test images
decided nothing else.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import nn

from pinched._progress import Progress
from pinched.crossbar.imperfections import Imperfections
from pinched.crossbar.level_sets import LevelPairs, LevelSet
from pinched.crossbar.mapping import ArrayMapping, DifferentialPair, SingleDevice
from pinched.devices.presets.roy2025 import roy2025_update
from pinched.devices.updates.neurosim import NeuroSimUpdate
from pinched.devices.updates.noise import RangeNoise
from pinched.networks.array_network import float_twin
from pinched.networks.cnn import cnn
from pinched.networks.convert import convert
from pinched.networks.datasets import ImageSet, cifar10, mnist
from pinched.networks.epochs import Recipe, Training, judged, train_epochs
from pinched.networks.evaluation import baselines, evaluate
from pinched.networks.mlp import mlp
from pinched.networks.pulse_rules import DifferentialPulses, MixedPrecision, NaivePulses, PulseRule
from pinched.networks.pulse_sgd import PulseSGD
from pinched.networks.training import accuracy, train

Values = dict[str, Any]

MNIST_SHAPE, CIFAR_SHAPE = (1, 28, 28), (3, 32, 32)
MNIST_MEAN, MNIST_DEVIATION = (0.13066,), (0.30811,)
CIFAR_MEAN, CIFAR_DEVIATION = (0.4913, 0.4821, 0.4465), (0.2452, 0.2428, 0.2606)

CYCLE_TO_CYCLE = 0.02
"""Scatter of a pulse as a share of the window; not stated in the paper."""

SCATTERS = (0.0, 0.05, 0.10)
"""Relative scatter of a programmed level."""

SETTLED = 4000
"""Training images on which batch normalisation is settled in a chip."""

RATE = 0.1
"""Learning rate of SGD, in float and in the devices."""


def digit_network(seed: int) -> nn.Sequential:
    """The paper's network for MNIST: 12 810 parameters, without normalisation."""
    return cnn(MNIST_SHAPE, mean=MNIST_MEAN, deviation=MNIST_DEVIATION, seed=seed)


def colour_network(seed: int) -> nn.Sequential:
    """The paper's network for CIFAR-10 with batch normalisation, which the paper does not mention."""
    return cnn(CIFAR_SHAPE, batch_norm=True, mean=CIFAR_MEAN, deviation=CIFAR_DEVIATION, seed=seed)


LARGER = ((32, 32), (64, 64), (128, 128))
"""Channels of a larger network, which the paper does not have: what 85 % on test images takes."""


def larger_network(seed: int) -> nn.Sequential:
    """Six convolutions with padding and batch normalisation: 307 946 parameters."""
    return cnn(
        CIFAR_SHAPE, LARGER, batch_norm=True, padding=1, mean=CIFAR_MEAN, deviation=CIFAR_DEVIATION, seed=seed
    )


def parameters_of(net: nn.Module) -> int:
    """Parameters of `net`."""
    return sum(p.numel() for p in net.parameters())


def levels() -> LevelSet:
    """The 50 half-integer levels from 0.5 to 25 G_0."""
    return LevelSet.half_integers()


def update_law() -> NeuroSimUpdate:
    """The potentiation and depression of Fig. 7b."""
    law = roy2025_update.device
    assert isinstance(law, NeuroSimUpdate)
    return law


def shown(epochs: int) -> tuple[int, ...]:
    """The three epochs whose confusion matrices are kept: thirds of the whole, as the paper's 100, 200, 300."""
    return tuple(sorted({max(1, round(epochs * k / 3)) for k in (1, 2, 3)}))


def as_values(training: Training) -> Values:
    """Curves, confusion matrices and what the check of accuracy against loss has to say."""
    return {
        **{name: list(values) for name, values in dataclasses.asdict(training.curves).items()},
        "confusion": {str(k): matrix.tolist() for k, matrix in training.confusion.items()},
        "contradictions": list(training.curves.contradictions()),
    }


def on_levels(
    net: nn.Module,
    test: ImageSet,
    *,
    mapping: ArrayMapping,
    scatter: float,
    chips: int,
    seed: int,
    on: LevelSet | None = None,
    settle: ImageSet | None = None,
) -> Values:
    """`net` written onto levels that scatter, in `chips` chips: mean and worst accuracy.

    With `settle` batch normalisation is settled on the first `SETTLED` of its images in every chip.
    """
    chosen = on or levels()
    chip = convert(
        net, device=chosen.window, mapping=mapping, seed=seed,
        imperfections=Imperfections(
            levels=None if isinstance(mapping, LevelPairs) else chosen, device_to_device=scatter
        ),
    )  # fmt: skip
    score = evaluate(chip, test, arrays=chips, settle=None if settle is None else settle.images[:SETTLED])
    return {"mean": score.mean, "worst": score.worst, "chips": chips, "scatter": scatter}


def _kept(keep: str | None, name: str) -> Path | None:
    return None if keep is None else Path(keep) / f"{name}.pt"


def mnist_float(
    *, folder: Path, seed: int, epochs: int, chips: int, fast: bool, keep: str | None, progress: Progress
) -> Values:
    """The paper's network in float, and written ex situ onto levels in every way."""
    training, test = mnist("train", folder=folder), mnist("test", folder=folder)
    net = digit_network(seed)
    run = train_epochs(
        net, torch.optim.Adam(net.parameters(), lr=2e-3), training, test,
        Recipe(epochs=epochs, batch=64, warm_up=0.1, seed=seed), confusion_at=shown(epochs),
        checkpoint=_kept(keep, f"mnist_float_{seed}_{epochs}"), progress=progress, name="MNIST, float",
    )  # fmt: skip
    curve = LevelSet.of_curve(update_law(), 30)
    ways: dict[str, Callable[[], Values]] = {}
    for scatter in SCATTERS:
        for name, mapping in (("pair", DifferentialPair()), ("single", SingleDevice())):
            ways[f"{name}_{round(100 * scatter)}"] = lambda m=mapping, s=scatter: on_levels(
                net, test, mapping=m, scatter=s, chips=chips, seed=seed
            )
    if not fast:
        for name, mapping in (
            ("pair", DifferentialPair()),
            ("best_pair", LevelPairs(levels=curve)),
            ("single", SingleDevice()),
        ):
            ways[f"curve_{name}_0"] = lambda m=mapping: on_levels(
                net, test, mapping=m, scatter=0.0, chips=1, seed=seed, on=curve
            )
    frequent, nearest = baselines(test, training)
    return {
        "seed": seed,
        "parameters": parameters_of(net),
        "float": judged(net, test)[0],
        "curves": as_values(run),
        "ex_situ": {name: way() for name, way in progress.track(ways.items(), "MNIST, levels", len(ways))},
        "baseline": frequent,
        "baseline_nearest_mean": nearest,
    }


def mnist_linear(*, folder: Path, seed: int, epochs: int, progress: Progress) -> Values:
    """A linear classifier on the pixels: what the paper's accuracy is to be compared with."""
    training, test = mnist("train", folder=folder), mnist("test", folder=folder)
    net = train(mlp((784, 10), seed=seed), training, epochs=epochs, rate=2e-3, seed=seed, progress=progress)
    return {"seed": seed, "linear": accuracy(net, test)}


MAIN = "mixed_read_back"
"""Name of the rule whose accuracy is stated."""


def rules() -> dict[str, tuple[PulseRule, float]]:
    """Rules that are compared, and their learning rates."""
    return {
        MAIN: (MixedPrecision(read_back=True), RATE),
        "mixed": (MixedPrecision(), RATE),
        "naive": (NaivePulses(), 0.02),
        "differential": (DifferentialPulses(), 0.02),
    }


def mnist_in_situ(
    *, folder: Path, seed: int, epochs: int, compare: bool, keep: str | None, progress: Progress
) -> Values:
    """The paper's network trained in devices of nonlinearity 5.08 / 4.85, beside SGD in float by the same recipe.

    With `compare` the other rules of `rules` too. What is stated is the accuracy of the trained devices read in an
    array; the test after each epoch uses the weights that they stand for.
    """
    training, test = mnist("train", folder=folder), mnist("test", folder=folder)
    recipe = Recipe(epochs=epochs, batch=64, seed=seed)
    twin = digit_network(seed)
    plain = train_epochs(
        twin, torch.optim.SGD(twin.parameters(), lr=RATE), training, test, recipe,
        checkpoint=_kept(keep, f"mnist_sgd_{seed}_{epochs}"), progress=progress, name="MNIST, SGD in float",
    )  # fmt: skip
    found: Values = {
        "seed": seed,
        "epochs": epochs,
        "sgd": judged(twin, test)[0],
        "sgd_curves": as_values(plain),
    }
    for name, (rule, rate) in rules().items():
        # The others are there to be compared: one seed of them says enough.
        if name != MAIN and not compare:
            continue
        found[name] = in_devices(
            rule, rate, training, test, recipe, seed=seed,
            keep=_kept(keep, f"mnist_{name}_{seed}_{epochs}"), progress=progress,
        )  # fmt: skip
    return found


def in_devices(
    rule: PulseRule,
    rate: float,
    training: ImageSet,
    test: ImageSet,
    recipe: Recipe,
    *,
    seed: int,
    keep: Path | None,
    progress: Progress,
) -> Values:
    """The paper's network trained by `rule`: accuracy in the array of the devices, curves, what it took."""
    net = digit_network(seed)
    law = update_law()
    optimizer = PulseSGD(
        net, rule=rule, device=law, noise=RangeNoise(sigma=CYCLE_TO_CYCLE), lr=rate, seed=seed
    )
    run = train_epochs(
        net, optimizer, training, test, recipe, confusion_at=shown(recipe.epochs), checkpoint=keep,
        progress=progress, name=f"MNIST, {type(rule).__name__}",
    )  # fmt: skip
    chip = optimizer.into(convert(net, device=law, mapping=rule.mapping))
    right, loss, _ = judged(chip, test)
    return {
        "accuracy": right,
        "loss": loss,
        "curves": as_values(run),
        "cost": dataclasses.asdict(optimizer.cost),
        "rate": rate,
    }


def cifar(
    *,
    folder: Path,
    seed: int,
    epochs: int,
    more: int,
    chips: int,
    larger: bool,
    keep: str | None,
    progress: Progress,
) -> Values:
    """The paper's network on CIFAR-10 in float, then `more` epochs in arrays whose levels scatter, then ex situ.

    With `larger` that of `larger_network`.
    """
    training, test = cifar10("train", folder=folder), cifar10("test", folder=folder)
    net = larger_network(seed) if larger else colour_network(seed)
    kind = "larger" if larger else "cifar"
    run = train_epochs(
        net, torch.optim.Adam(net.parameters(), lr=3e-3 if larger else 0.01), training, test,
        Recipe(epochs=epochs, batch=64, warm_up=0.15, flip=True, shift=2, seed=seed), confusion_at=shown(epochs),
        checkpoint=_kept(keep, f"{kind}_float_{seed}_{epochs}"), progress=progress, name="CIFAR-10, float",
    )  # fmt: skip
    still = ImageSet(
        name=training.name, split=training.split, images=training.images[:10_000],
        labels=training.labels[:10_000], classes=training.classes, note=training.note,
    )  # fmt: skip
    chosen = levels()
    chip = convert(
        net, device=chosen.window, mapping=DifferentialPair(), seed=seed,
        imperfections=Imperfections(levels=chosen, device_to_device=0.10),
    )  # fmt: skip
    train_epochs(
        chip, torch.optim.Adam(chip.parameters(), lr=3e-3), training, test,
        Recipe(epochs=more, batch=64, warm_up=0.1, flip=True, shift=2, seed=seed),
        checkpoint=_kept(keep, f"{kind}_aware_{seed}_{epochs}_{more}"), progress=progress,
        name="CIFAR-10, in arrays that scatter",
    )  # fmt: skip
    found: Values = {
        "seed": seed,
        "parameters": parameters_of(net),
        "float_test": judged(net, test)[0],
        "float_train": judged(net, still)[0],
        "curves": as_values(run),
        "note": test.note,
        "ex_situ": {},
    }
    for scatter in SCATTERS:
        for name, one, settle in (
            ("plain", net, None), ("aware", float_twin(chip), None), ("settled", float_twin(chip), training)
        ):  # fmt: skip
            found["ex_situ"][f"{name}_{round(100 * scatter)}"] = on_levels(
                one, test, mapping=DifferentialPair(), scatter=scatter, chips=chips, seed=seed, settle=settle
            )
    return found
