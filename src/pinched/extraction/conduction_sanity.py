r"""Are the parameters of a fitted law possible? The film turns slopes into constants of its material.

A straight Schottky plot proves nothing while its slope asks for a refractive index that no solid has.
Each quantity is compared, with its interval, with the range that is possible; a law is impossible only
where an interval lies outside as a whole. Without a thickness most slopes cannot be judged, and the
verdict says so.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from pinched import constants
from pinched._params import quantity, require
from pinched.extraction.conduction_barriers import (
    FowlerNordheim,
    Hopping,
    PooleFrenkel,
    QuantumPointContact,
    Schottky,
)
from pinched.extraction.conduction_laws import Law, Ohmic, SpaceCharge

INDEX_MAX = 6.0
"""Largest refractive index of a solid, where the film's own is unknown: PbTe reaches 5.7 in the infrared."""

RICHARDSON = 4.0 * math.pi * constants.M_E * constants.E * constants.K_B**2 / constants.H**3
"""Richardson constant of free electrons, 1.2e6 A / (m^2 K^2): assumed where a barrier is computed."""

_BARRIER = (0.0, 6.0)  # eV: no electrode on no insulator has more
_HOP = (1e-10, 1e-8)  # m: from a bond to what a trap-to-trap hop can span
_MOBILITY_MAX = 1.0  # m^2/(V s): above the electrons of any film at room temperature


class Possible(StrEnum):
    """Whether a parameter or a law can be."""

    YES = "possible"
    NO = "impossible"
    CANNOT_TELL = "cannot tell"


@dataclass(frozen=True, kw_only=True, slots=True)
class Film:
    """What is known of the film between the electrodes; None where it is not known."""

    thickness: float | None = quantity(None, "m", "d", "length over which the voltage drops")
    area: float | None = quantity(None, "m^2", "A", "area through which the current flows")
    temperature: float = quantity(300.0, "K", "T", "temperature of the device")
    static_permittivity: float | None = quantity(
        None, "1", r"\epsilon_s", "relative permittivity at low frequency"
    )
    effective_mass: float = quantity(1.0, "1", "m^*", "tunnelling mass over the mass of the electron")

    def __post_init__(self) -> None:
        for name in ("thickness", "area", "temperature", "static_permittivity", "effective_mass"):
            value = getattr(self, name)
            require(self, value is None or value > 0, f"{name} is {value}; it must be above zero (SI units).")
        epsilon = self.static_permittivity
        require(
            self, epsilon is None or epsilon >= 1, f"static_permittivity is {epsilon}; a film has 1 or more."
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Derived:
    """A constant of the material that a fit implies."""

    name: str
    value: float
    interval: tuple[float, float]
    """95 % interval from the interval of the parameter behind it."""
    unit: str
    """SI, except eV for barriers; "1" for none."""
    allowed: tuple[float, float]
    """The range that is possible."""

    @property
    def possible(self) -> Possible:
        """NO where the whole interval lies outside the range."""
        low, high = self.interval
        if math.isnan(low) or math.isnan(high):
            low = high = self.value
        return Possible.NO if high < self.allowed[0] or low > self.allowed[1] else Possible.YES


@dataclass(frozen=True, kw_only=True, slots=True)
class Sanity:
    """The physical verdict on a fitted law."""

    verdict: Possible
    reason: str
    """One sentence: which quantity decides, or what is missing."""
    derived: tuple[Derived, ...] = ()


def check_law(law: Law, interval: dict[str, tuple[float, float]], film: Film, v_max: float) -> Sanity:
    """The verdict on `law`, its parameters known to `interval` (95 %), fitted up to `v_max` (V) on `film`."""
    match law:
        case Schottky() | PooleFrenkel():
            return _image_force(law, interval, film)
        case FowlerNordheim():
            return _tunnelling(law, interval, film, v_max)
        case Hopping():
            return _hopping(law, interval, film)
        case QuantumPointContact():
            return _contact(law, interval, film)
        case SpaceCharge():
            return _space_charge(law, interval, film)
        case Ohmic():
            # Not a channel count: many partial channels have any conductance.
            quanta = law.conductance / constants.G_0
            return Sanity(
                verdict=Possible.YES, reason=f"any conductance is possible; this is {quanta:.3g} G_0"
            )
        case _:
            return Sanity(verdict=Possible.CANNOT_TELL, reason="the exponent of the traps has no bound")


def permittivity(slope: float, thickness: float, temperature: float, *, lowering: float) -> float:
    """Relative optical permittivity from the slope b (V^-1/2) of a film of `thickness` (m) at `temperature` (K).

    b = (q / kT) sqrt(q / (pi epsilon_0 epsilon_r d)) / `lowering`: 2 for Schottky, r from 1 to 2 for
    Poole-Frenkel (1 without compensation).
    """
    energy = lowering * constants.K_B * temperature * slope
    return constants.E**3 / (math.pi * constants.EPSILON_0 * thickness * energy**2)


def _judged(derived: tuple[Derived, ...], *, any_of: bool = False) -> Sanity:
    wrong = [d for d in derived if d.possible is Possible.NO]
    if (len(wrong) == len(derived)) if any_of else wrong:
        d = wrong[0]
        reason = (
            f"{d.name} {d.value:.3g} {d.unit.replace('1', '').strip()}".rstrip()
            + f" lies outside {d.allowed[0]:.3g} to {d.allowed[1]:.3g}"
        )
        return Sanity(verdict=Possible.NO, reason=reason, derived=derived)
    return Sanity(verdict=Possible.YES, reason="every derived quantity is possible", derived=derived)


def _missing(what: str) -> Sanity:
    return Sanity(verdict=Possible.CANNOT_TELL, reason=f"{what} is unknown: give it in Film")


def _image_force(
    law: Schottky | PooleFrenkel, interval: dict[str, tuple[float, float]], film: Film
) -> Sanity:
    if film.thickness is None:
        return _missing("the thickness")
    if law.slope <= 0:
        return Sanity(verdict=Possible.NO, reason="the slope is zero: no field lowers a barrier")
    thickness = film.thickness
    static = film.static_permittivity
    allowed = (1.0, INDEX_MAX if static is None else math.sqrt(static))

    def index(slope: float, lowering: float) -> float:
        if not slope > 0:
            return float("inf")
        return math.sqrt(permittivity(slope, thickness, film.temperature, lowering=lowering))

    low, high = interval["slope"]
    cases = ((2.0, ""),) if isinstance(law, Schottky) else ((1.0, " (r = 1)"), (2.0, " (r = 2)"))
    derived = tuple(
        Derived(
            name=f"refractive index{case}", value=index(law.slope, r), interval=(index(high, r), index(low, r)),
            unit="1", allowed=allowed,
        )
        for r, case in cases
    )  # fmt: skip
    sanity = _judged(derived, any_of=True)
    if film.area is None or sanity.verdict is Possible.NO or not isinstance(law, Schottky):
        return sanity
    full = math.log(RICHARDSON * film.temperature**2 * film.area)
    volt = constants.K_B * film.temperature / constants.E
    a, b = interval["intercept"]
    barrier = Derived(
        name="barrier (free-electron Richardson constant)", value=volt * (full - law.intercept),
        interval=(volt * (full - b), volt * (full - a)), unit="eV", allowed=_BARRIER,
    )  # fmt: skip
    return _judged((*derived, barrier))


def _tunnelling(
    law: FowlerNordheim, interval: dict[str, tuple[float, float]], film: Film, v_max: float
) -> Sanity:
    if film.thickness is None:
        return _missing("the thickness")
    thickness = film.thickness

    def barrier(slope: float) -> float:
        mass = math.sqrt(2.0 * film.effective_mass * constants.M_E)
        power = 3.0 * constants.H * constants.E * max(-slope, 0.0) / (8.0 * math.pi * mass * thickness)
        return power ** (2.0 / 3.0) / constants.E

    low, high = interval["slope"]
    # The barrier is a triangle only where the voltage exceeds it; below, electrons see the whole thickness.
    derived = Derived(
        name="barrier", value=barrier(law.slope), interval=(barrier(high), barrier(low)), unit="eV",
        allowed=(0.05, min(_BARRIER[1], v_max)),
    )  # fmt: skip
    return _judged((derived,))


def _hopping(law: Hopping, interval: dict[str, tuple[float, float]], film: Film) -> Sanity:
    if film.thickness is None:
        return _missing("the thickness")
    scale = 2.0 * constants.K_B * film.temperature * film.thickness / constants.E
    low, high = interval["scale"]
    derived = Derived(
        name="hopping distance", value=scale / law.scale,
        interval=(scale / high, scale / low if low > 0 else math.inf), unit="m",
        allowed=(_HOP[0], min(_HOP[1], film.thickness)),
    )  # fmt: skip
    return _judged((derived,))


def _contact(law: QuantumPointContact, interval: dict[str, tuple[float, float]], film: Film) -> Sanity:
    if law.barrier <= 0:
        return Sanity(verdict=Possible.YES, reason="the channel is open: no barrier to judge")

    def width(alpha: float) -> float:
        root = math.sqrt(law.barrier * constants.E / (2.0 * film.effective_mass * constants.M_E))
        return max(alpha, 0.0) / constants.E * constants.H / math.pi**2 * root

    low, high = interval["alpha"]
    most = 1e-8 if film.thickness is None else film.thickness
    derived = (
        Derived(name="barrier", value=law.barrier, interval=interval["barrier"], unit="eV", allowed=_BARRIER),
        Derived(
            name="barrier width", value=width(law.alpha), interval=(width(low), width(high)), unit="m",
            allowed=(5e-11, most),
        ),
    )  # fmt: skip
    return _judged(derived)


def _space_charge(law: SpaceCharge, interval: dict[str, tuple[float, float]], film: Film) -> Sanity:
    if film.thickness is None or film.area is None or film.static_permittivity is None:
        return _missing("the thickness, the area or the static permittivity")
    scale = 8.0 * film.thickness**3 / (
        9.0 * constants.EPSILON_0 * film.static_permittivity * film.area
    )  # fmt: skip
    low, high = interval["coefficient"]
    derived = Derived(
        name="mobility times free share", value=scale * law.coefficient, interval=(scale * low, scale * high),
        unit="m^2/(V s)", allowed=(0.0, _MOBILITY_MAX),
    )  # fmt: skip
    return _judged((derived,))
