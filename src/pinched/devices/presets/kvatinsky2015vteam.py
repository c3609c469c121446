"""VTEAM of kvatinsky2015vteam with MemTorch's numbers; those of the paper's three fitted devices were not at hand."""

from pinched.devices.laws.vteam import Vteam
from pinched.devices.presets.preset import Evidence, Preset

kvatinsky2015vteam_memtorch = Preset(
    device=Vteam(
        r_on=50.0, r_off=1000.0, v_on=-0.2, v_off=0.02, k_on=-10.0, k_off=5e-4, alpha_on=3.0, alpha_off=1.0,
        w_on=0.0, w_off=3e-9, w_initial=3e-9,
    ),
    source="kvatinsky2015vteam",
    read_in="defaults of lammie2022memtorch; SET crosses the gap in 5 ps at -1 V, RESET begins at 20 mV",
    but={"w_on": Evidence.DERIVED, "w_initial": Evidence.ASSUMED},
)  # fmt: skip
"""MemTorch's default device."""
