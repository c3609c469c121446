"""What `drive` returns: sweeps to extract from, and the tensors behind them with their gradients.

`DrivenSweep` is an `IVSweep` of one device, `DrivenSweeps` a sequence of them for a tensor of devices. Both have
`voltage`, `current` and `time` as arrays, `sweeps` for whatever takes several, and the `Trace`: time, source,
current and state as tensors.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np
import torch
from jaxtyping import Float

from pinched._errors import PinchedError
from pinched._params import quantity
from pinched.data.sweep import IVSweep, Provenance


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Trace:
    """A run as tensors; `*device` is the shape of the device's parameters, () for one device."""

    time: Float[torch.Tensor, " sample"] = quantity(None, "s", "t", "times of the samples")
    source: Float[torch.Tensor, " sample"] = quantity(
        None, "V", "V", "what the source was set to: a voltage, or a current (A) where it drives a current"
    )
    current: Float[torch.Tensor, "*device sample"] = quantity(None, "A", "I", "current through the device")
    device_voltage: Float[torch.Tensor, "*device sample"] = quantity(
        None, "V", "u", "voltage on the device itself: behind the series resistance and the compliance"
    )
    state: Float[torch.Tensor, "variable *device sample"] = quantity(
        None, "1", "x", "state variables in the order of the law's `states`, each in its own unit"
    )
    variables: tuple[str, ...] = ()
    """Names of the state variables."""
    steps: int = 0
    """Steps that the time loop took, all devices together."""

    def variable(self, name: str) -> Float[torch.Tensor, "*device sample"]:
        """The state variable `name`. Raises `PinchedError` for a name that the law does not have."""
        if name not in self.variables:
            raise PinchedError(
                f"there is no state variable '{name}'; this law has {', '.join(self.variables)}."
            )
        return self.state[self.variables.index(name)]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class DrivenSweep(IVSweep):
    """The sweep of one device that a law gave; `trace` has its state and, as tensors, its gradients.

    `voltage` is what an instrument would report: what the source was set to, or, where it drives a current, what it
    measured. `current` is the current through the device.
    """

    trace: Trace = quantity(None, "1", "", "the same run as tensors")

    @property
    def sweeps(self) -> Sequence[DrivenSweep]:
        """This sweep alone, so that one device reads like many."""
        return (self,)


class DrivenSweeps(Sequence[DrivenSweep]):
    """The sweeps of a tensor of devices, in the order of its flattened shape, made as they are asked for."""

    def __init__(
        self, trace: Trace, law: str, device: str, current_driven: bool, limit: float | None
    ) -> None:
        self.trace = trace
        """All devices as tensors."""
        self._law, self._device, self._current_driven, self._limit = law, device, current_driven, limit

    @property
    def sweeps(self) -> Sequence[DrivenSweep]:
        """The sweeps of all devices."""
        return self

    @property
    def time(self) -> Float[np.ndarray, " sample"]:
        """Times (s), the same for all devices."""
        return self.trace.time.numpy()

    @property
    def voltage(self) -> Float[np.ndarray, "*device sample"]:
        """Voltage (V) as `DrivenSweep` has it; one axis (sample) where a voltage source gave all the same."""
        return (self.trace.device_voltage if self._current_driven else self.trace.source).detach().numpy()

    @property
    def current(self) -> Float[np.ndarray, "*device sample"]:
        """Current (A) of every device."""
        return self.trace.current.detach().numpy()

    def __len__(self) -> int:
        return int(np.prod(self.trace.current.shape[:-1]))

    @overload
    def __getitem__(self, index: int) -> DrivenSweep: ...

    @overload
    def __getitem__(self, index: slice) -> list[DrivenSweep]: ...

    def __getitem__(self, index: int | slice) -> DrivenSweep | list[DrivenSweep]:
        if isinstance(index, slice):
            return [self[k] for k in range(*index.indices(len(self)))]
        count = len(self)
        if not -count <= index < count:
            raise IndexError(f"device {index} of {count}")
        index %= count
        samples = self.trace.time.shape[0]
        one = Trace(
            time=self.trace.time,
            source=self.trace.source,
            current=self.trace.current.reshape(count, samples)[index],
            device_voltage=self.trace.device_voltage.reshape(count, samples)[index],
            state=self.trace.state.reshape(len(self.trace.variables), count, samples)[:, index],
            variables=self.trace.variables,
            steps=self.trace.steps,
        )
        name = f"{self._device} {index + 1}" if count > 1 else self._device
        return sweep_of(one, self._law, name, self._current_driven, self._limit)

    def __iter__(self) -> Iterator[DrivenSweep]:
        return (self[k] for k in range(len(self)))


def sweep_of(trace: Trace, law: str, device: str, current_driven: bool, limit: float | None) -> DrivenSweep:
    """The sweep of one device's `trace`."""
    voltage = trace.device_voltage if current_driven else trace.source
    return DrivenSweep(
        voltage=voltage.detach().numpy(),
        current=trace.current.detach().numpy(),
        time=trace.time.detach().numpy(),
        compliance_current=limit,
        device=device,
        provenance=Provenance(simulated_by=f"pinched.devices.{law}"),
        trace=trace,
    )
