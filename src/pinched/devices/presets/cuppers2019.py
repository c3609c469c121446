"""JART VCM v1b of cuppers2019exploiting: a HfO2 cell, the deterministic set; SET at negative voltage."""

from pinched.devices.laws.jart import JartVcm
from pinched.devices.presets.preset import Evidence, Preset

cuppers2019 = Preset(
    device=JartVcm(
        n_min=0.008e26, n_max=20e26, n_plug=20e26, n_initial=0.01e26, radius=45e-9, radius_nominal=45e-9,
        disc_length=0.4e-9, cell_length=3e-9, barrier=0.18, fermi_distance=0.1, permittivity=17.0,
        permittivity_image=5.5, mobility=4e-6, richardson=6.01e5, charge=2.0, hop=0.25e-9, attempt=2e13,
        activation=1.35, r_thermal=15.72e6, reset_scaling=0.27, r_tiox=650.0, r_line=719.2437,
        r_thermal_line=90471.47, alpha_line=3.92e-3, temperature=293.0,
    ),
    source="cuppers2019exploiting",
    read_in="open C++ and Verilog-A ports of the published model (ntinas2023simplified among them)",
    but={"n_initial": Evidence.ASSUMED},
)  # fmt: skip
"""The nominal cell; in `pinched.devices.laws.jart_variability` it varies."""
