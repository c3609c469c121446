"""The threshold device of pershin2012spice, as the example that ngspice ships has it."""

from pinched.devices.laws.pershin import PershinDiVentra
from pinched.devices.presets.preset import Evidence, Preset

pershin2012 = Preset(
    device=PershinDiVentra(r_on=1e3, r_off=10e3, alpha=0.0, beta=2e5, v_t=1.6, r_initial=5.5e3),
    source="pershin2012spice",
    read_in="example of ngspice; beta there is fitted to a drive of its own",
    but={"beta": Evidence.ASSUMED, "r_initial": Evidence.ASSUMED},
)
"""1 kohm to 10 kohm beyond 1.6 V."""
