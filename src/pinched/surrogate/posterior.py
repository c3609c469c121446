r"""`NeuralPosterior`: what a loop says of its device, learnt from simulated runs (simulation-based inference).

A conditional flow learns the distribution of the parameters given a summary of the loop, $q(\theta \mid x)$, from
pairs that the engine made: neural posterior estimation (cranmer2020frontier), by the package `sbi`. It needs no
surrogate and no descent, and knows of several devices that give one loop; it is as good as the runs that it learnt.
`infer_device` takes one: its draws are where descents start, and its intervals are those that are stated.

`posterior_ranks` checks it on devices that were held back (talts2018validating): the rank of the truth among draws is
even where a posterior is calibrated.

The summary is $\log_{10}\max(|I|, 10^{-15}\,\mathrm{A})$ at even moments of one family of waveforms, with the
logarithms of amplitude and period. Parameters are shares of their ranges on a logistic scale: no draw leaves them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from jaxtyping import Float, Int

from pinched._errors import PinchedError
from pinched._params import quantity, require
from pinched._random import generator
from pinched.data.sweep import IVSweep
from pinched.physics.ranges import ParameterRange, ParameterRanges
from pinched.surrogate.metrics import log_current
from pinched.surrogate.runs import DRIVE, Runs

_EDGE = 1e-4
"""Shares of a range nearer to an end than this count as this near: the logistic scale has no end."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PosteriorOptions:
    """How the flow is built and trained."""

    moments: int = 50
    """Samples of a loop that are looked at."""
    transforms: int = 4
    """Layers of the flow (masked autoregressive)."""
    width: int = 50
    """Units of the hidden layers of each."""
    epochs: int = 200
    """At most; training ends when runs that are held back no longer get likelier."""
    batch: int = 200
    rate: float = quantity(2e-3, "1", "", "learning rate")
    validation: float = quantity(0.1, "1", "", "share of the devices that ends the training")

    def __post_init__(self) -> None:
        require(
            self, min(self.moments, self.transforms, self.width, self.epochs, self.batch) >= 1 and self.rate > 0
            and 0 < self.validation < 1,
            f"moments {self.moments}, transforms {self.transforms}, width {self.width}, epochs {self.epochs}, batch "
            f"{self.batch}, rate {self.rate}, validation {self.validation}: counts start at 1, the rate lies above "
            "0, the share between 0 and 1.",
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class NeuralPosterior:
    """A trained flow with what it needs to be asked; made by `train_posterior`, kept in memory only."""

    source: ClassVar[str] = "cranmer2020frontier"

    estimator: Any
    """The flow of `sbi`."""
    names: tuple[str, ...]
    """Parameters of the device."""
    ranges: ParameterRanges
    shape: Float[np.ndarray, "2 sample"]
    """Voltage over amplitude, and time over duration, of the waveforms that were learnt."""
    at: Int[np.ndarray, " moment"]
    """Samples that are looked at."""
    runs: int

    def draw(self, runs: Runs, count: int, seed: int) -> Float[np.ndarray, "run draw parameter"]:
        """`count` devices for each loop of `runs`, as shares (0 to 1) of the ranges in the order of `names`.

        Raises `PinchedError` for loops under another waveform, or on other samples.
        """
        return self._drawn(runs.voltage, runs.elapsed, runs.current, count, seed)

    def draw_for(self, sweep: IVSweep, count: int, seed: int) -> Float[np.ndarray, "draw parameter"]:
        """The same for one loop, on any samples.

        Raises `PinchedError` for a sweep without times and for another waveform.
        """
        if sweep.time is None:
            raise PinchedError(
                f"{sweep.device}: the sweep has no times, and hysteresis hangs on how fast it is driven."
            )
        time = sweep.time - sweep.time[0]
        at = time[-1] * self.shape[1]
        voltage, current = np.interp(at, time, sweep.voltage), np.interp(at, time, sweep.current)
        return self._drawn(voltage[None], at[None], current[None], count, seed)[0]

    def _drawn(
        self, voltage: np.ndarray, elapsed: np.ndarray, current: np.ndarray, count: int, seed: int
    ) -> np.ndarray:
        if voltage.shape[1] != self.shape.shape[1]:
            raise PinchedError(
                f"the loops have {voltage.shape[1]} samples, the posterior learnt {self.shape.shape[1]}."
            )
        off = float(np.abs(_shape(voltage, elapsed) - self.shape).max())
        # A corner that a recorded sweep rounds off between two of its samples is no other waveform.
        if off > 2e-2:
            raise PinchedError(
                f"the waveforms differ by {off:.2g} of their amplitude from those that the posterior learnt. "
                "Train one on runs of this waveform."
            )
        told = _summary(voltage, elapsed, current, self.at)
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            torch.default_generator.manual_seed(int(generator(seed, "posterior", "draw").integers(2**31)))
            found = self.estimator.sample((count,), condition=told)
        return 1.0 / (1.0 + np.exp(-found.numpy().astype(np.float64).transpose(1, 0, 2)))


def train_posterior(
    runs: Runs, ranges: ParameterRanges, *, options: PosteriorOptions | None = None, seed: int = 0
) -> NeuralPosterior:
    """The posterior of the devices of `ranges` by `runs` of them, all under one family of waveforms.

    Give the training runs of a split: what judges must not be seen. Needs the package `sbi`. Raises `PinchedError`
    where that is missing, for fewer runs than a batch and for runs of several waveforms or other parameters.
    """
    chosen = options or PosteriorOptions()
    if len(runs) < chosen.batch:
        raise PinchedError(
            f"{len(runs)} runs are fewer than a batch of {chosen.batch}. Simulate more, or give a smaller batch."
        )
    if set(runs.names) != set(ranges.names):
        raise PinchedError(
            f"the runs have the parameters {', '.join(runs.names)}; the ranges have {', '.join(ranges.names)}."
        )
    shape = _shape(runs.voltage, runs.elapsed)
    off = float(np.abs(shape - shape[0]).max())
    if off > 1e-6:
        raise PinchedError(
            f"the waveforms of the runs differ by up to {off:.2g} of their amplitude: give one family."
        )
    trainer, build = _sbi()
    names = tuple(item.name for item in ranges.parameters if item.name not in DRIVE)
    at = np.unique(np.linspace(0, shape.shape[-1] - 1, chosen.moments).round().astype(np.int64))
    share = np.clip(_shares(runs, ranges, names), _EDGE, 1.0 - _EDGE)
    theta = np.log(share) - np.log1p(-share)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        builder = build(model="maf", hidden_features=chosen.width, num_transforms=chosen.transforms)
        inference = trainer(density_estimator=builder, show_progress_bars=False, tracker=_NoRecord())
        inference.append_simulations(
            torch.tensor(theta, dtype=torch.float32),
            _summary(runs.voltage, runs.elapsed, runs.current, at),
        )
        estimator = inference.train(
            training_batch_size=chosen.batch, learning_rate=chosen.rate, validation_fraction=chosen.validation,
            stop_after_epochs=15, max_num_epochs=chosen.epochs,
        )  # fmt: skip
    return NeuralPosterior(
        estimator=estimator.eval(), names=names, ranges=ranges, shape=shape[0], at=at, runs=len(runs)
    )


@dataclass(frozen=True, slots=True, eq=False)
class Ranks:
    """How truths lie among draws of a posterior on held-back devices."""

    names: tuple[str, ...]
    ranks: Int[np.ndarray, "run parameter"]
    """How many of the draws lie below the truth."""
    draws: int

    def coverage(self, share: float = 0.9) -> Float[np.ndarray, " parameter"]:
        """Share of the truths inside the central interval that should hold `share` of them."""
        low, high = (0.5 * (1.0 - share) * self.draws, 0.5 * (1.0 + share) * self.draws)
        return ((self.ranks >= low) & (self.ranks <= high)).mean(axis=0)

    def p_values(self) -> Float[np.ndarray, " parameter"]:
        """Kolmogorov-Smirnov p-value of each parameter's ranks against even ones; small where not calibrated."""
        from scipy.stats import kstest

        even = (self.ranks + 0.5) / (self.draws + 1)
        return np.array([float(kstest(column, "uniform").pvalue) for column in even.T])


def posterior_ranks(posterior: NeuralPosterior, held_back: Runs, *, draws: int = 500, seed: int = 0) -> Ranks:
    """Ranks of the true parameters of `held_back` among `draws` of their posteriors: simulation-based calibration."""
    truth = _shares(held_back, posterior.ranges, posterior.names)
    found = posterior.draw(held_back, draws, seed)
    return Ranks(posterior.names, (found < truth[:, None, :]).sum(axis=1), draws)


def _sbi() -> tuple[Any, Any]:
    try:
        from sbi.inference import NPE  # pyright: ignore[reportMissingImports]
        from sbi.neural_nets import posterior_nn  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise PinchedError(
            f"the package sbi is not installed ({error}), and the posterior is trained by it. Run `pip install "
            "'pinched[sbi]'`, or leave the posterior out: `infer_device` then states Gaussian intervals."
        ) from error
    return NPE, posterior_nn


class _NoRecord:
    """Keeps no record of the training; without one `sbi` writes a folder where it is called."""

    log_dir = None

    def log_metric(self, name: str, value: float, step: int | None = None) -> None:
        """Nothing."""

    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        """Nothing."""

    def log_params(self, params: dict[str, Any]) -> None:
        """Nothing."""

    def add_figure(self, name: str, figure: Any, step: int | None = None) -> None:
        """Nothing."""

    def flush(self) -> None:
        """Nothing."""


def _drive(
    voltage: Float[np.ndarray, "run sample"], elapsed: Float[np.ndarray, "run sample"]
) -> tuple[Float[np.ndarray, " run"], Float[np.ndarray, " run"]]:
    """Largest |voltage| (V) among the samples, and the duration (s): from the first to the last, and half a step
    at both ends."""
    steps = np.diff(elapsed, axis=1)
    return np.abs(voltage).max(axis=1), elapsed[:, -1] - elapsed[:, 0] + 0.5 * (steps[:, 0] + steps[:, -1])


def _shape(voltage: np.ndarray, elapsed: np.ndarray) -> Float[np.ndarray, "run 2 sample"]:
    top, long = _drive(voltage, elapsed)
    return np.stack([voltage / top[:, None], elapsed / long[:, None]], axis=1)


def _summary(
    voltage: np.ndarray, elapsed: np.ndarray, current: np.ndarray, at: Int[np.ndarray, " moment"]
) -> torch.Tensor:
    drive = np.log10(np.stack(_drive(voltage, elapsed), axis=1))
    return torch.tensor(np.concatenate([log_current(current)[:, at], drive], axis=1), dtype=torch.float32)


def _shares(
    runs: Runs, ranges: ParameterRanges, names: tuple[str, ...]
) -> Float[np.ndarray, "run parameter"]:
    items = {item.name: item for item in ranges.parameters}
    return np.stack([_share(items[name], runs.column(name)) for name in names], axis=1)


def _share(item: ParameterRange, value: Float[np.ndarray, " run"]) -> Float[np.ndarray, " run"]:
    if item.logarithmic:
        return np.log(value / item.low) / np.log(item.high / item.low)
    return (value - item.low) / (item.high - item.low)
