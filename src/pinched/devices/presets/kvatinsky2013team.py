"""TEAM and nonlinear ion drift as the group of kvatinsky2013team listed them (kvatinsky2011veriloga)."""

from pinched.devices.laws.characteristics import SinhDiode
from pinched.devices.laws.nonlinear_drift import NonlinearIonDrift
from pinched.devices.laws.team import Team
from pinched.devices.presets.preset import Evidence, Preset

kvatinsky2013team = Preset(
    device=Team(
        r_on=100.0, r_off=200e3, i_on=-8.9e-6, i_off=115e-6, k_on=-8e-13, k_off=8e-13, alpha_on=3.0, alpha_off=3.0,
        x_on=0.0, x_off=3e-9, x_initial=1.5e-9,
    ),
    source="kvatinsky2013team",
    read_in=(
        "listing of kvatinsky2011veriloga; it shares i_on = +8.9 uA with its Simmons law, by which the smallest "
        "current turns ON: the sign is put right here"
    ),
    but={
        "i_on": Evidence.DERIVED,
        "x_initial": Evidence.ASSUMED,
        "window.a_off": Evidence.ASSUMED,
        "window.a_on": Evidence.ASSUMED,
        "window.w_c": Evidence.ASSUMED,
    },
)  # fmt: skip
"""TEAM with the thresholds of the Simmons law and a linear resistance."""

kvatinsky2013team_nonlinear_drift = Preset(
    device=NonlinearIonDrift(
        a=4.0, m=13.0, characteristic=SinhDiode(alpha=2.0, beta=9.0, chi=0.01, gamma=4.0, n=14.0)
    ),
    source="kvatinsky2013team",
    read_in="listing of kvatinsky2011veriloga; its currents are amperes by the formula: beta = 9 A",
    but={"w_initial": Evidence.ASSUMED},
)
"""Nonlinear ion drift with the numbers of the listing, which give amperes."""
