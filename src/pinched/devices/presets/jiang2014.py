"""Stanford-PKU: the published file (jiang2014stanford), the Stanford/ASU listing, and version 2.0 with two states."""

from pinched.devices.laws.stanford_pku import StanfordPku
from pinched.devices.laws.stanford_pku2 import StanfordPku2
from pinched.devices.presets.preset import Evidence, Preset

jiang2014 = Preset(
    device=StanfordPku(
        i_0=1e-3, g_0=0.25e-9, v_0=0.25, velocity=10.0, activation=0.6, hop=0.25e-9, gamma_set=16.0,
        gamma_reset=16.0, beta=0.8, field_min=1.4e9, thickness=12e-9, gap_min=0.2e-9, gap_max=1.7e-9,
        gap_initial=1.7e-9, r_thermal=2100.0, temperature=298.0,
    ),
    source="jiang2014stanford",
    read_in="the published file, version 1.0.0, its fluctuation of the gap left out",
    but={"gap_initial": Evidence.ASSUMED, "gate_width": Evidence.ASSUMED},
)  # fmt: skip
"""The defaults of the published file. It has no compliance: give the drive one."""

jiang2014_asu = Preset(
    device=StanfordPku(
        i_0=6.14e-5, g_0=2.7505e-10, v_0=0.43,
        # The listing subtracts two exponentials with barriers of 1.501 and 1.5 eV: twice a sinh behind their mean.
        velocity=300.0, activation=1.5005, hop=0.25e-9, gamma_set=16.5, gamma_reset=16.5, beta=1.25,
        field_min=1.0, thickness=5e-9, gap_min=0.1e-9, gap_max=1.7e-9, gap_initial=0.1e-9,
        r_thermal=2.3e-10 / 3.1825e-16, temperature=298.0,
    ),
    source="jiang2014stanford",
    read_in=(
        "the Stanford/ASU Verilog-A listing; its heat has a time constant of 0.23 ns, taken as none here, and its "
        "field no gate"
    ),
    but={
        "velocity": Evidence.DERIVED,
        "activation": Evidence.DERIVED,
        "gamma_reset": Evidence.DERIVED,
        "r_thermal": Evidence.DERIVED,
        "field_min": Evidence.DERIVED,
        "gate_width": Evidence.ASSUMED,
    },
)  # fmt: skip
"""The set of the Stanford/ASU listing: 5 nm of oxide, no gate of the field."""

jiang2014_v2 = Preset(
    device=StanfordPku2(
        length=3e-9, width_max=5e-9, gap_initial=3e-9, width_initial=0.5e-9, width_step=0.5e-9, hop=0.25e-9,
        attempt=1e13, activation=0.7, hop_barrier=1.12,
        release_barrier=0.82, release_factor=1.5, alpha=0.75e-9, alpha_hop=0.75e-9, decay=0.4e-9, v_t=0.4,
        current_density=1e13, resistivity=1.9635e-5, r_thermal=5e5, speed_max=100.0,
    ),
    source="li2014spice",
    read_in="the published file, version 2.0 beta, and its netlist for SET",
    but={
        "width_min": Evidence.ASSUMED,
        "charge": Evidence.ASSUMED,
        "hop": Evidence.ASSUMED,
        "temperature": Evidence.ASSUMED,
    },
)  # fmt: skip
"""Length of the gap and width of the filament as two states."""
