r"""How a number becomes what is put on a word line: amplitude, number of pulses, or one bit after the other.

- `Amplitude`: one read, voltage proportional to the input. Needs devices that obey Ohm's law up to the read voltage.
- `PulseCount`: n pulses of the read voltage; the charge is converted once. Only one voltage is used, so a bent I-V
  curve does no harm; the read takes up to 2^b - 1 pulses, whose noise averages.
- `BitSerial`: one read and one conversion per bit of the input, shifted and added after conversion.

The last two need a number of bits (`Dac(bits=...)`). All of them are linear in what they drive, so that real wires
cost nothing more.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor


class InputCoding(ABC):
    """Abstract: how inputs are put on word lines; frozen."""

    __slots__ = ()

    needs_bits: bool = True
    """Whether a number of bits has to be given."""

    @abstractmethod
    def reads(self, bits: int | None) -> int:
        """Reads, each with its conversions, per input."""

    @abstractmethod
    def pulses(self, bits: int | None) -> int:
        """Pulses of the read voltage that the largest input takes: the time of a read."""

    def phases(
        self, drive: Float[Tensor, "*batch input"], steps: Tensor, bipolar: Tensor, bits: int | None
    ) -> list[tuple[Float[Tensor, "*batch input"], Tensor | float]]:
        """What is driven in each read (as a share of the read voltage), and its weight in the sum.

        `drive` is the rounded input as a share of full scale, `steps` the levels of full scale, `bipolar` 1 where
        inputs have a sign.
        """
        del steps, bipolar, bits
        return [(drive, 1.0)]

    def noise_drive(
        self, drive: Float[Tensor, "*batch input"], steps: Tensor
    ) -> Float[Tensor, "*batch input"]:
        """Factor of the variance of a conductance, fluctuating from pulse to pulse, in that of a signal."""
        del steps
        return drive.square()


@dataclass(frozen=True, slots=True)
class Amplitude(InputCoding):
    """A voltage proportional to the input."""

    needs_bits = False

    def reads(self, bits: int | None) -> int:
        """One."""
        del bits
        return 1

    def pulses(self, bits: int | None) -> int:
        """One."""
        del bits
        return 1


@dataclass(frozen=True, slots=True)
class PulseCount(InputCoding):
    """As many pulses of the read voltage as the input says; their charge is summed before conversion."""

    def reads(self, bits: int | None) -> int:
        """One."""
        del bits
        return 1

    def pulses(self, bits: int | None) -> int:
        """2^bits - 1 (half of that per sign; counted as if unsigned)."""
        return 2 ** (bits or 1) - 1

    def noise_drive(
        self, drive: Float[Tensor, "*batch input"], steps: Tensor
    ) -> Float[Tensor, "*batch input"]:
        """n pulses of N: the mean of N terms, n of which are not zero, so n / N^2."""
        return drive.abs() / steps


@dataclass(frozen=True, slots=True)
class BitSerial(InputCoding):
    """Two's-complement bits of the input, one read each; unsigned where no input is below zero."""

    def reads(self, bits: int | None) -> int:
        """One per bit."""
        return bits or 1

    def pulses(self, bits: int | None) -> int:
        """One per bit."""
        return bits or 1

    def phases(
        self, drive: Float[Tensor, "*batch input"], steps: Tensor, bipolar: Tensor, bits: int | None
    ) -> list[tuple[Float[Tensor, "*batch input"], Tensor | float]]:
        """Bits, least significant first; the last one counts negative where inputs have a sign."""
        count = bits or 1
        words = (drive * steps).round()
        # Two's complement: a negative number is 2^b larger.
        words = torch.where(words < 0, words + 2.0**count, words)
        found: list[tuple[Tensor, Tensor | float]] = []
        for k in range(count):
            plane = (words / 2.0**k).floor().remainder(2.0)
            weight = 2.0**k / steps
            found.append((plane, weight * (1.0 - 2.0 * bipolar) if k == count - 1 else weight))
        if torch.is_grad_enabled() and drive.requires_grad:
            # Bits have no gradient: backward, they share out the input so that their weighted sum gives it back.
            power = sum(w**2 for _, w in found)
            smooth = drive - drive.detach()
            found = [(plane.detach() + smooth * (w / power), w) for plane, w in found]
        return found
