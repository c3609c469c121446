"""Volatile WOx of chang2011short, with the numbers of the model file that goes with it."""

from pinched.devices.laws.wox import SinhDrift, Wox
from pinched.devices.presets.preset import Evidence, Preset

chang2011 = Preset(
    device=Wox(
        alpha=1e-6, beta=0.5, gamma=8e-5, delta=1.7, rate=1.0, tau=300.0, w_initial=0.0,
        drift=SinhDrift(eta1=0.006, eta2=12.5),
    ),
    source="chang2011short",
    read_in="a public .sub file of the model; copies of it multiply the decay by a further 0.4",
    but={"w_initial": Evidence.ASSUMED},
)  # fmt: skip
"""The set of the file, time in its own units (s)."""
