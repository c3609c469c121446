"""Metastable switches of nugent2014ahah: Knowm's default, and the devices that its authors matched by hand.

The authors' program is under a licence for non-commercial academic use: numbers only are taken from it.
"""

from pinched.devices.laws.metastable_switch import MetastableSwitch, StochasticMetastableSwitch
from pinched.devices.presets.preset import Evidence, Preset

_START = {"x_initial": Evidence.ASSUMED}
_READ_IN = "program of nugent2014ahah (AHaH), which states conductances"
_RESISTANCES = {"r_on": Evidence.DERIVED, "r_off": Evidence.DERIVED}

nugent2014 = Preset(
    device=MetastableSwitch(
        r_on=500.0, r_off=1500.0, v_on=0.27, v_off=0.27, tau=1e-4, temperature=298.5, ohmic_share=0.8,
        alpha_forward=8e-4, beta_forward=4.0, alpha_reverse=8e-4, beta_reverse=4.0, x_initial=0.0,
    ),
    source="nugent2014ahah",
    read_in="knowm2016models, the mean metastable switch",
    but=_START,
)  # fmt: skip
"""Knowm's default device."""

nugent2014_gst = Preset(
    device=StochasticMetastableSwitch(
        r_on=1 / 1.2e-3, r_off=1 / 1.2e-4, v_on=0.6, v_off=0.9, tau=0.42e-3, temperature=298.0, ohmic_share=0.7,
        alpha_forward=5e-5, beta_forward=3.0, alpha_reverse=5e-5, beta_reverse=3.0, x_initial=0.0, switches=1e6,
    ),
    source="nugent2014ahah",
    read_in=_READ_IN + "; there positive voltage turns this one OFF (0.9 V): its waveforms are turned round here",
    but=_START | _RESISTANCES | {"v_on": Evidence.DERIVED, "v_off": Evidence.DERIVED},
)  # fmt: skip
"""A GST device (germanium, antimony, tellurium)."""

nugent2014_wo3 = Preset(
    device=StochasticMetastableSwitch(
        r_on=1 / 2.5e-5, r_off=1 / 4e-6, v_on=0.8, v_off=1.0, tau=0.8e-3, temperature=298.0, ohmic_share=0.55,
        alpha_forward=1e-9, beta_forward=8.5, alpha_reverse=22e-9, beta_reverse=6.2, x_initial=0.0, switches=1e6,
    ),
    source="nugent2014ahah",
    read_in=_READ_IN,
    but=_START | _RESISTANCES,
)  # fmt: skip
"""Pd/WO3/W."""

nugent2014_ag_chalcogenide = Preset(
    device=StochasticMetastableSwitch(
        r_on=1 / 8.7e-3, r_off=1 / 9.1e-4, v_on=0.17, v_off=0.22, tau=0.32e-3, temperature=298.0, ohmic_share=1.0,
        alpha_forward=0.0, beta_forward=0.0, alpha_reverse=0.0, beta_reverse=0.0, x_initial=0.0, switches=1e6,
    ),
    source="nugent2014ahah",
    read_in=_READ_IN,
    but=_START | _RESISTANCES,
)  # fmt: skip
"""The silver-chalcogenide device of Boise State University."""

nugent2014_ag_chalcogenide2 = Preset(
    device=StochasticMetastableSwitch(
        r_on=1 / 8.7e-3, r_off=1 / 9.1e-4, v_on=0.17, v_off=0.22, tau=3.2e-3, temperature=298.0, ohmic_share=1.0,
        alpha_forward=5e-5, beta_forward=3.0, alpha_reverse=5e-5, beta_reverse=3.0, x_initial=0.0, switches=1e6,
    ),
    source="nugent2014ahah",
    read_in=_READ_IN + ", where it is called similar on purpose but different",
    but=_START | _RESISTANCES,
)  # fmt: skip
"""Ten times slower; its diode is listed and carries nothing."""

nugent2014_ag_in_sb_te = Preset(
    device=StochasticMetastableSwitch(
        r_on=1 / 4e-2, r_off=1 / 1e-2, v_on=0.23, v_off=0.25, tau=0.15e-3, temperature=298.0, ohmic_share=1.0,
        alpha_forward=0.0, beta_forward=0.0, alpha_reverse=0.0, beta_reverse=0.0, x_initial=0.0, switches=1e6,
    ),
    source="nugent2014ahah",
    read_in=_READ_IN,
    but=_START | _RESISTANCES,
)  # fmt: skip
"""AgInSbTe."""
