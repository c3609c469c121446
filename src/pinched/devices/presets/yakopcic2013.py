"""Yakopcic's default set (yakopcic2013generalized); that it is Ag-chalcogenide is from memory, not re-read."""

from pinched.devices.laws.characteristics import SinhCurrent
from pinched.devices.laws.windows import ExponentialEdges
from pinched.devices.laws.yakopcic import Yakopcic
from pinched.devices.presets.preset import Preset

yakopcic2013 = Preset(
    device=Yakopcic(
        v_p=0.16, v_n=0.15, a_p=4000.0, a_n=4000.0, eta=1.0, x_initial=0.11,
        window=ExponentialEdges(x_p=0.3, x_n=0.5, alpha_p=1.0, alpha_n=5.0),
        characteristic=SinhCurrent(a_positive=0.17, a_negative=0.17, b=0.05),
    ),
    source="yakopcic2013generalized",
    read_in="tiotto2023models; its LTspice copy has other thresholds and a state that never moves",
)  # fmt: skip
"""The default set, made for a sinusoid of about 0.45 V at 100 Hz."""
