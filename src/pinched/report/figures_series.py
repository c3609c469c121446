"""`plot_autocorrelation`: does a series of cycles remember its past; takes axes, draws into them, returns them."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from pinched._errors import PinchedError
from pinched.extraction.series import autocorrelation, effective_size
from pinched.report.figures_sweeps import no_data
from pinched.report.style import Colour, note_title


def plot_autocorrelation(
    values: Float[np.ndarray, " cycle"], ax: Axes, *, colour: Colour = Colour.DATA, lags: int | None = None
) -> Axes:
    """Autocorrelation of `values` (in the order of cycles, any unit, NaN left out) against lag; returns `ax`.

    The band holds 95 % of the lags of a series without memory. The title says how many independent cycles the
    series is worth; a series too short for it says so instead.
    """
    ax.set_xlabel("Lag (cycles)")
    ax.set_ylabel("Autocorrelation (1)")
    try:
        found = autocorrelation(values, lags=lags)
    except PinchedError:
        return no_data(ax, "too few cycles, or no spread")
    ax.axhspan(-found.band, found.band, color=Colour.FAINT, linewidth=0, zorder=0)
    ax.axhline(0, color=Colour.MUTED, linewidth=0.6, zorder=1)
    ax.vlines(found.lag[1:], 0, found.value[1:], color=colour, linewidth=1.1, zorder=2)
    ax.plot(found.lag[1:], found.value[1:], "o", color=colour, markersize=2.8, markeredgewidth=0, zorder=3)
    reach = max(float(np.abs(found.value[1:]).max()), found.band)
    ax.set_ylim(
        min(-1.4 * found.band, 1.15 * float(found.value[1:].min())), max(1.15 * reach, 1.4 * found.band)
    )
    ax.set_xlim(0.3, found.lag[-1] + 0.7)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    chance = "< 0.001" if found.p_value < 1e-3 else f"= {found.p_value:.2g}"
    note_title(ax, f"n = {found.n}, worth {effective_size(values):.0f} independent; Ljung-Box p {chance}")
    return ax
