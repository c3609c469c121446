"""Runs whose current is known in closed form: the formulas times a loop that opens with mobile vacancies."""

import numpy as np

from pinched.physics.dataset import draws
from pinched.physics.presets import zamankhani2024_ranges
from pinched.physics.presets.zamankhani2024 import Restriction
from pinched.surrogate.features import estimates
from pinched.surrogate.runs import Runs

SAMPLES = 40


def closed_form_runs(n: int, seed: int = 0, restriction: Restriction = Restriction.MEMRISTIVE) -> Runs:
    """`n` devices of the memristive window under triangles, with a loop that a network can learn."""
    ranges = zamankhani2024_ranges(restriction)
    values = draws(ranges, n, seed)
    units = tuple(item.unit for item in ranges.parameters)
    top = values[:, ranges.names.index("amplitude")][:, None]
    period = values[:, ranges.names.index("period")][:, None]
    tau = (np.arange(SAMPLES) + 0.5) / SAMPLES
    voltage = top * np.interp(tau, [0.0, 0.25, 0.75, 1.0], [0.0, 1.0, -1.0, 0.0])
    plain = Runs(
        parameters=values, names=ranges.names, units=units, elapsed=period * tau, voltage=voltage,
        current=np.zeros_like(voltage), common=ranges.common, source="closed form",
    )  # fmt: skip
    opening = 0.3 * np.tanh(np.log10(plain.column("vacancy_mobility")) + 13.0)[:, None]
    back = ((tau > 0.25) & (tau < 0.5)) | (tau > 0.75)
    current = estimates(plain).current(voltage) * 10.0 ** (opening * np.where(back, -1.0, 1.0))
    return Runs(
        parameters=values, names=ranges.names, units=units, elapsed=period * tau, voltage=voltage, current=current,
        common=ranges.common, source="closed form",
    )  # fmt: skip
