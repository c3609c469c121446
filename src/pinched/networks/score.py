"""`Score`: the accuracy of a network read back from arrays, with everything it must be compared with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from pinched._params import require
from pinched.extraction.intervals import bootstrap_interval
from pinched.networks.findings import Requirement, Sensitivity, StorageCost


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Score:
    """Accuracies (shares, 0 to 1) of one network stored in `accuracy_array.size` independent arrays."""

    name: str
    """Data set, such as "mnist"."""
    layers: tuple[int, ...]
    """Neurons per layer, input to output."""
    bits: int
    """Bits per weight and bias."""
    quantizer: str
    """Name of the quantizer, in words."""
    training: str
    """How the network was trained, in words."""
    images: int
    """Number of test images behind every accuracy."""
    test_set: str
    """What the images are, in words; says so when they are the training images."""
    accuracy_float: float
    """The network before quantization (the float twin)."""
    accuracy_quantized: float
    """The quantized network in software: what an array without errors would give."""
    accuracy_array: Float[np.ndarray, " array"]
    """Read back from each array."""
    baseline: float
    """Always answering the most frequent class of the training set (of the test set where the training set was not
    given, which is never below it): the trivial baseline."""
    baseline_nearest_mean: float
    """Nearest class mean of the training images: what needs no network; NaN where they were not given."""
    bit_error_rate: Float[np.ndarray, " array"]
    """Share of bits read wrong in each array."""
    bit_error_one: float
    """Share of '1' bits read as '0', over all arrays."""
    bit_error_zero: float
    """Share of '0' bits read as '1', over all arrays."""
    confusion: Float[np.ndarray, "true predicted"]
    """Share of the images of a true class given each answer, mean over arrays; rows sum to 1, or to 0 for a class
    without images."""
    classes: tuple[str, ...]
    """Names of the classes."""
    parameters: int
    """Weights and biases stored."""
    cells: int
    """Memory cells per array."""
    write_voltage: float
    """Magnitude of the SET and RESET pulses (V)."""
    threshold: float
    """Sense resistance (ohm)."""
    seed: int
    """Seed of training and arrays."""
    cost: StorageCost | None = None
    """What storing it took; None where nobody counted."""
    storage: tuple[str, ...] = ()
    """How it was stored and read, one sentence each."""
    bake: tuple[float, float] | None = None
    """Time (s) and temperature (K) between writing and reading; None where they were read at once."""
    sensitivity: Sensitivity | None = None
    """Which property of the device costs how much; None where nobody asked."""
    loss_float: float = float("nan")
    """Mean cross-entropy (nats) of the float twin on the test images; NaN where nobody computed it."""
    accuracy_train: float = float("nan")
    """The float twin on its training images; NaN where they were not given."""
    required: tuple[Requirement, ...] = ()
    """What a wanted accuracy asks of each property; () where nobody asked."""

    def __post_init__(self) -> None:
        require(self, self.accuracy_array.size >= 1, "accuracy_array is empty: evaluate at least one array.")
        shares = np.concatenate(
            [self.accuracy_array, [self.accuracy_float, self.accuracy_quantized, self.baseline]]
        )
        require(self, bool(((shares >= 0) & (shares <= 1)).all()), "accuracies are shares from 0 to 1.")

    @property
    def interval(self) -> tuple[float, float]:
        """95 % bootstrap interval of the mean accuracy over arrays; (NaN, NaN) for one array."""
        return bootstrap_interval(self.accuracy_array, lambda x: float(x.mean()), seed=self.seed)
