"""Simmons tunnel barrier of pickett2009switching: Pt/TiO2/Pt, and the variant of the Technion listing."""

from pinched.devices.laws.simmons import Simmons
from pinched.devices.laws.tunnelling import LinearReadout, TunnelConduction
from pinched.devices.presets.preset import Evidence, Preset

SERIES_RESISTANCE = 215.0
"""Resistance (ohm) in series with the barrier; from memory of abdalla2011spice, not re-read."""

pickett2009 = Preset(
    device=Simmons(
        f_off=3.5e-6, i_off=115e-6, a_off=1.2e-9, f_on=40e-6, i_on=8.9e-6, a_on=1.8e-9, b=500e-6, w_c=107e-12,
        w_min=1.1e-9, w_max=1.9e-9, w_initial=1.5e-9,
        conduction=TunnelConduction(barrier_height=0.95, area=1e-14, permittivity=5.0),
    ),
    source="pickett2009switching",
    read_in="form and numbers in kvatinsky2011veriloga, which has a_on = 2.0 nm; the current of abdalla2011spice",
    but={
        "a_on": Evidence.FROM_MEMORY,
        "w_min": Evidence.FROM_MEMORY,
        "w_max": Evidence.FROM_MEMORY,
        "w_initial": Evidence.ASSUMED,
        "conduction.barrier_height": Evidence.FROM_MEMORY,
        "conduction.area": Evidence.FROM_MEMORY,
        "conduction.permittivity": Evidence.FROM_MEMORY,
        "conduction.barrier_tilt": Evidence.ASSUMED,
    },
)  # fmt: skip
"""The barrier with its tunnel current; drive it with `SERIES_RESISTANCE`."""

pickett2009_technion = Preset(
    device=Simmons(
        f_off=3.5e-6, i_off=115e-6, a_off=1.2e-9, f_on=40e-6, i_on=8.9e-6, a_on=2.0e-9, b=500e-6, w_c=107e-12,
        w_min=1.1e-9, w_max=1.9e-9, w_initial=1.5e-9,
        conduction=LinearReadout(r_on=100.0, r_off=200e3, w_on=1.1e-9, w_off=1.9e-9),
    ),
    source="pickett2009switching",
    read_in="listing of kvatinsky2011veriloga, which replaces the tunnel current by a resistance and says so",
    but={
        "w_min": Evidence.FROM_MEMORY,
        "w_max": Evidence.FROM_MEMORY,
        "w_initial": Evidence.ASSUMED,
        "conduction.w_on": Evidence.ASSUMED,
        "conduction.w_off": Evidence.ASSUMED,
    },
)  # fmt: skip
"""The rates of pickett2009switching with the linear resistance of the Technion listing."""
