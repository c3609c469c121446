"""Nb-doped SrTiO3 of tiotto2023models: Yakopcic's law with an LRS and an HRS branch per polarity."""

from pinched.devices.laws.characteristics import TwoBranchSinh
from pinched.devices.laws.windows import ExponentialEdges
from pinched.devices.laws.yakopcic import Yakopcic
from pinched.devices.presets.preset import Evidence, Preset

tiotto2023 = Preset(
    device=Yakopcic(
        v_p=0.5, v_n=0.5, a_p=90 / 844.36, a_n=10 / 844.36, eta=1.0, x_initial=0.0,
        # The source counts x_n from 0 and writes V_n with its sign.
        window=ExponentialEdges(x_p=0.1, x_n=1.0 - 0.242, alpha_p=1.0, alpha_n=1.0),
        characteristic=TwoBranchSinh(
            g_max_positive=9e-5, b_max_positive=4.96, g_min_positive=1.5e-5, b_min_positive=6.91,
            g_max_negative=1.7e-4, b_max_negative=3.23, g_min_negative=4.4e-7, b_min_negative=2.6,
        ),
    ),
    source="tiotto2023models",
    read_in="tiotto2023models",
    but={
        "eta": Evidence.ASSUMED,
        "x_initial": Evidence.ASSUMED,
        "v_n": Evidence.DERIVED,
        "window.x_n": Evidence.DERIVED,
    },
)  # fmt: skip
"""The fitted device, sweeps of seconds between 1 V and -2 V."""
