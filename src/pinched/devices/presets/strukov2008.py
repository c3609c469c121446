"""Linear ion drift of strukov2008missing in TiO2, in the four sets that circulate; the paper prints none of them.

They differ by a factor of 20 in R_off and of 50 in the mobility: name the one you used.
"""

from pinched.devices.laws.linear_drift import LinearIonDrift
from pinched.devices.laws.windows import Biolek, Joglekar
from pinched.devices.presets.preset import Evidence, Preset

strukov2008_memtorch = Preset(
    device=LinearIonDrift(r_on=100.0, r_off=16e3, thickness=10e-9, mobility=1e-14, x_initial=0.1),
    source="strukov2008missing",
    read_in="defaults of lammie2022memtorch, which adds a write threshold of 0.55 V that is not in the paper",
    but={"x_initial": Evidence.ASSUMED},
)
"""The usual set: 100 ohm, 16 kohm, 10 nm, 1e-14 m^2/(V s), no window."""

strukov2008_knowm_joglekar = Preset(
    device=LinearIonDrift(
        r_on=100.0, r_off=10e3, thickness=12e-9, mobility=5e-14, x_initial=0.56, window=Joglekar(p=7.0)
    ),
    source="strukov2008missing",
    read_in="knowm2016models, with the window of joglekar2009elusive",
)
"""Knowm's set for the window of Joglekar and Wolf."""

strukov2008_knowm_biolek = Preset(
    device=LinearIonDrift(
        r_on=100.0, r_off=1e3, thickness=16e-9, mobility=4e-14, x_initial=0.076, window=Biolek(p=7.0)
    ),
    source="strukov2008missing",
    read_in="knowm2016models, with the window of biolek2009spice",
)
"""Knowm's set for the window of Biolek."""

strukov2008_technion = Preset(
    device=LinearIonDrift(r_on=100.0, r_off=200e3, thickness=3e-9, mobility=1e-15, x_initial=0.5),
    source="strukov2008missing",
    read_in="listing of kvatinsky2011veriloga, whose resistances all its laws share",
    but={"x_initial": Evidence.ASSUMED},
)
"""The set of the Technion listing: 200 kohm and 3 nm."""
