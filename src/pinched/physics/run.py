"""What `solve` returns: the sweep, how good it is, and what went on inside the device.

`TransportRun` is an `IVSweep`; `Quality` says what the run is worth, `Profiles` holds potential and densities.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from pinched._params import quantity, require
from pinched.data.sweep import IVSweep
from pinched.physics.device import TransportDevice


class TransportWarning(UserWarning):
    """A run that did not finish, or whose mesh does not resolve what it should."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Quality:
    """What a run is worth. Nothing of it is a judgement: `passes` is."""

    current_mismatch: float = quantity(
        0.0, "1", r"\delta I", "largest |I_left - I_right| over max(|I|, I_max/100): zero in exact arithmetic"
    )
    vacancy_balance: float = quantity(
        0.0,
        "1",
        r"\delta N_x",
        "largest relative change of the number of vacancies: zero in exact arithmetic",
    )
    vacancy_density: float = quantity(0.0, "1/m^3", r"\bar n_x", "mean density of vacancies at the start")
    current_error: float = quantity(
        float("nan"), "1", r"\delta I/I", "largest difference of the extrapolated current to that of the halved "
        "steps, over max(|I|, I_max/100): what the time steps leave; NaN where nothing was extrapolated"
    )  # fmt: skip
    steepest_cell: float = quantity(
        0.0, "kT/q", r"\Delta\psi", "largest drop of the equilibrium potential over one cell; above 2 a layer at a "
        "contact is thinner than the mesh"
    )  # fmt: skip
    nodes: int = 0
    """Nodes of the mesh."""
    steps: int = 0
    """Steps taken, of the run with whole steps."""
    newton_iterations: int = 0
    """Newton iterations of all steps, of both runs where there are two."""
    rejected_steps: int = 0
    """Steps that were repeated with a shorter one."""
    warnings: tuple[str, ...] = ()
    """What a reader must know, one sentence each."""

    def passes(self, *, mismatch: float = 1e-2, balance: float = 1e-3, counted_above: float = 1e14) -> bool:
        """True when the currents agree to `mismatch` and the vacancies are kept to `balance`.

        Below a mean density of `counted_above` (1/m^3), less than a vacancy per device, a relative drift is rounding
        on nothing and is not looked at.
        """
        kept = self.vacancy_balance < balance or self.vacancy_density < counted_above
        return bool(self.current_mismatch < mismatch and kept)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Profiles:
    """What is inside a device, against time and position; energies in eV as potentials in V times minus one."""

    time: Float[np.ndarray, " time"] = quantity(dataclasses.MISSING, "s", "t", "moments")
    voltage: Float[np.ndarray, " time"] = quantity(dataclasses.MISSING, "V", "U", "voltage at these moments")
    position: Float[np.ndarray, " node"] = quantity(
        dataclasses.MISSING, "m", "x", "nodes, from the left contact"
    )
    potential: Float[np.ndarray, "time node"] = quantity(
        dataclasses.MISSING, "V", r"\psi", "electrostatic potential"
    )
    electron_density: Float[np.ndarray, "time node"] = quantity(
        dataclasses.MISSING, "1/m^3", "n", "electrons"
    )
    hole_density: Float[np.ndarray, "time node"] = quantity(dataclasses.MISSING, "1/m^3", "p", "holes")
    vacancy_density: Float[np.ndarray, "time node"] = quantity(
        dataclasses.MISSING, "1/m^3", "n_x", "vacancies"
    )
    trap_occupation: Float[np.ndarray, "time node"] = quantity(
        dataclasses.MISSING, "1", "f", "share of the traps that are filled; NaN where there are none"
    )
    conduction_band: Float[np.ndarray, "time node"] = quantity(
        dataclasses.MISSING, "eV", r"E_c - q\psi", "conduction band edge"
    )
    valence_band: Float[np.ndarray, "time node"] = quantity(
        dataclasses.MISSING, "eV", r"E_v - q\psi", "valence band edge"
    )
    electron_fermi: Float[np.ndarray, "time node"] = quantity(
        dataclasses.MISSING,
        "V",
        r"\varphi_n",
        "quasi-Fermi potential of electrons; its energy is minus q times it",
    )
    hole_fermi: Float[np.ndarray, "time node"] = quantity(
        dataclasses.MISSING, "V", r"\varphi_p", "quasi-Fermi potential of holes"
    )
    vacancy_fermi: Float[np.ndarray, "time node"] = quantity(
        dataclasses.MISSING, "V", r"\varphi_x", "quasi-Fermi potential of vacancies; NaN where there are none"
    )
    temperature: Float[np.ndarray, " time"] = quantity(dataclasses.MISSING, "K", "T", "temperature")
    lowering: Float[np.ndarray, " contact"] = quantity(
        dataclasses.MISSING, "V", r"\Delta", "equilibrium image-force lowering at the left and right contact"
    )

    def __len__(self) -> int:
        return self.time.size


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class TransportRun(IVSweep):
    """The sweep of one device under one waveform, from the equations of charge transport.

    Samples are the time steps. A run that did not finish keeps what was computed, says why in `why`, and may then
    have fewer than two samples.
    """

    transport_device: TransportDevice = TransportDevice()  # noqa: RUF009 - frozen
    """The device that was solved."""
    quality: Quality = Quality()
    """What the run is worth."""
    profiles: Profiles | None = None
    """What is inside the device, where it was asked for."""
    temperature: Float[np.ndarray, " sample"] | None = quantity(
        None, "K", "T", "temperature of the device at every sample; None where nothing heats it"
    )
    current_left: Float[np.ndarray, " sample"] | None = quantity(
        None, "A", "I_L", "current through the left contact, by the halved steps where there are"
    )
    current_right: Float[np.ndarray, " sample"] | None = quantity(
        None, "A", "I_R", "current through the right contact"
    )
    why: str = ""
    """Why the run did not finish; "" when it did."""

    def __post_init__(self) -> None:
        if np.size(self.voltage) >= 2:
            IVSweep.__post_init__(self)
            return
        require(self, bool(self.why), "a run that finished has at least 2 samples.")
        for name in ("voltage", "current", "time"):
            array = np.array(getattr(self, name), dtype=np.float64)
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    @property
    def finished(self) -> bool:
        """True when the run reached the end of its waveform."""
        return not self.why
