r"""Multilayer graphene / BiFeO3 / FTO of roy2025quantum: steps of half a G_0 in both directions.

The paper states conductances and not a law: `roy2025` is the `QuantumFilament` whose mean comes out at what is
stated.

- Stated, and used: about 1 G_0 at 1 mA and 20 at 5 mA; 6 G_0 at 1.5 V and 12 at 2.3 V; 18 G_0 after 2 to 4 pulses and
  25 after 10; pulses of 20 ms; integer and half-integer steps up to 25 G_0; SET near 1 V; 30 pulses of -1.5 V and
  5 ms take back what 30 of 1.5 V gave.
- Derived: `slowing_set` and, with the thresholds, `scale_set` and `rate_set` in closed form
  (`QuantumFilament.expected`); `capacity_onset` and `capacity_current` from the two compliances; `rate_reset` from
  the 30 pulses back.
- Assumed, since it is stated nowhere: how many pulses Fig. 5b shows (3), the amplitude of Fig. 5d (3.12 V, what
  the law asks for) and of Fig. 5a (0.5 V to 3.5 V in steps of 0.25 V), the compliance of both (5 mA, 10 mA), the
  thresholds, RESET as steep as SET, one event in twenty against the drive, scatter and leakage.
- Not met: 500 pulses of 1.5 V and 5 ms in Fig. 6 narrow the filament slowly, while the 30 of Fig. 7b empty it; one
  rate cannot do both. `roy2025_slow_reset` breaks twenty times slower and has the first. Neither has the
  nonlinearity that is stated for Fig. 7b: that is `roy2025_update`.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from pinched.constants import G_0
from pinched.devices.laws.quantum_filament import QuantumFilament
from pinched.devices.presets.preset import Evidence, Preset
from pinched.devices.updates.neurosim import NeuroSimUpdate

_SOURCE = "roy2025quantum"
_ASSUMED: tuple[str, ...] = (
    "threshold_set", "threshold_reset", "scale_reset", "slowing_reset", "backward", "highest",
    "conductance_hrs", "scatter",
)  # fmt: skip
_DERIVED: tuple[str, ...] = (
    "rate_set",
    "scale_set",
    "slowing_set",
    "rate_reset",
    "capacity_onset",
    "capacity_current",
)
_EVIDENCE: dict[str, Evidence] = {
    **dict.fromkeys(_ASSUMED, Evidence.ASSUMED),
    **dict.fromkeys(_DERIVED, Evidence.DERIVED),
}

_FILAMENT = QuantumFilament(
    quantum=0.5, rate_set=130.38, threshold_set=0.75, scale_set=0.83102, slowing_set=5.98963, rate_reset=24.56,
    threshold_reset=0.75, scale_reset=0.83102, slowing_reset=5.98963, backward=0.05, capacity_onset=0.789474e-3,
    capacity_current=0.210526e-3, highest=40.0, conductance_hrs=1e-6, scatter=0.03,
)  # fmt: skip

roy2025 = Preset(
    device=_FILAMENT,
    source=_SOURCE,
    read_in="text and captions of the paper; its supplement, where the waveforms are, was not at hand",
    but=_EVIDENCE,
)
"""The filament of Figs. 5 and 7b."""

roy2025_slow_reset = Preset(
    device=dataclasses.replace(_FILAMENT, rate_reset=24.56 / 20.0),
    source=_SOURCE,
    read_in="as roy2025, with a RESET slow enough for the 500 pulses of Fig. 6",
    but=_EVIDENCE | {"rate_reset": Evidence.ASSUMED},
)
"""The filament of Fig. 6."""

roy2025_update = Preset(
    device=NeuroSimUpdate(
        g_min=0.5 * G_0, g_max=25.0 * G_0, pulses_up=30.0, pulses_down=30.0, label_up=5.08, label_down=-4.85
    ),
    source=_SOURCE,
    read_in="Fig. 7b and the text beside it, which does not say what its nonlinearity is: read as NeuroSim's label "
    "(as A in pulses it would be a label of 5.38 and 5.51)",
    but={"g_min": Evidence.ASSUMED, "g_max": Evidence.ASSUMED},
)
"""Potentiation and depression by 30 pulses each, as an update law for networks."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PulseSeries:
    """Pulses of one of the paper's figures."""

    figure: str
    amplitudes: tuple[float, ...]
    """Amplitude (V) of each pulse."""
    width: float
    """Width (s)."""
    compliance_current: float
    """Limit (A) of SET."""
    stated: tuple[tuple[int, float], ...]
    """Conductances (G_0) that the paper states, each with the number of pulses after which."""


ROY2025_SERIES = (
    PulseSeries(
        figure="5a, 1 mA", amplitudes=tuple(0.5 + 0.25 * k for k in range(13)), width=20e-3, compliance_current=1e-3,
        stated=((13, 1.0),),
    ),
    PulseSeries(
        figure="5a, 5 mA", amplitudes=tuple(0.5 + 0.25 * k for k in range(13)), width=20e-3, compliance_current=5e-3,
        stated=((13, 20.0),),
    ),
    PulseSeries(
        figure="5b, 1.5 V", amplitudes=(1.5,) * 3, width=20e-3, compliance_current=5e-3, stated=((3, 6.0),)
    ),
    PulseSeries(
        figure="5b, 2.3 V", amplitudes=(2.3,) * 3, width=20e-3, compliance_current=5e-3, stated=((3, 12.0),)
    ),
    PulseSeries(
        figure="5d", amplitudes=(3.12,) * 10, width=20e-3, compliance_current=10e-3, stated=((3, 18.0), (10, 25.0))
    ),
)  # fmt: skip
"""What Fig. 5 states; amplitudes and limits that the paper leaves to its supplement are assumed (see above)."""
