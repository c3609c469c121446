"""Dynamic memdiodes of aguirre2022spice: the set of the public netlists, and one with its own resistance."""

from pinched.devices.laws.memdiode import (
    DynamicMemdiode,
    MemdiodeStates,
    MemdiodeTransitions,
    QuasiStaticMemdiode,
    ResistiveMemdiode,
)
from pinched.devices.presets.preset import Evidence, Preset

SERIES_RESISTANCE = 1.0
"""Series resistance (ohm) of the first set."""

_STATES = MemdiodeStates(i_hrs=2e-6, i_lrs=2e-4, alpha_hrs=6.19, alpha_lrs=5.22, beta=0.5)

aguirre2022 = Preset(
    device=DynamicMemdiode(
        conduction=_STATES,
        transitions=MemdiodeTransitions(eta_set=15.0, v_set=0.8, eta_reset=4.0, v_reset=-1.3),
    ),
    source="aguirre2022spice",
    read_in="public netlists of the model; their snap-back (V_T = 0.1 V, gamma = 0.9) is left out",
    but={"lambda_initial": Evidence.ASSUMED, "transitions.gamma": Evidence.ASSUMED},
)
"""The set of the public netlists, without snap-back."""

aguirre2022_quasi_static = Preset(
    device=QuasiStaticMemdiode(conduction=_STATES, eta_set=15.0, v_set=0.8, eta_reset=4.0, v_reset=-1.3),
    source="aguirre2022spice",
    read_in="the same numbers in the quasi-static form of miranda2015compact",
    but={
        "lambda_initial": Evidence.ASSUMED,
        **dict.fromkeys(("eta_set", "v_set", "eta_reset", "v_reset"), Evidence.ASSUMED),
    },
)
"""The same device, where the rate of the sweep does not matter."""

aguirre2022_resistive = Preset(
    device=ResistiveMemdiode(
        conduction=MemdiodeStates(i_hrs=1.8e-6, i_lrs=1.23e-3, alpha_hrs=3.0, alpha_lrs=3.8, beta=0.308),
        # T_0s 1.796e6 s, V_0s 0.0899 V, T_0r 132 s, V_0r 0.1905 V.
        transitions=MemdiodeTransitions(
            eta_set=1 / 0.0899, v_set=1.2946564, eta_reset=1 / 0.1905, v_reset=-0.9301738
        ),
        r_hrs=117.0, r_lrs=256.0, lambda_initial=0.0,
    ),
    source="aguirre2022spice",
    read_in="public netlist, which states times T_0 and voltages V_0 of each transition",
    but=dict.fromkeys(
        ("transitions.eta_set", "transitions.v_set", "transitions.eta_reset", "transitions.v_reset"), Evidence.DERIVED
    ),
)  # fmt: skip
"""A device whose series resistance follows its state."""
