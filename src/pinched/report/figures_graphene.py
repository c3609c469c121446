"""Figures of a graphene electrode; each takes axes, draws one figure into them and returns them.

`plot_density_of_states` and `plot_surface_charge` lay several samples over each other, `plot_unfolded_bands` and
`plot_local_density` show one. All of them are of a model: tight binding, one orbital per atom.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.ticker import MaxNLocator

from pinched.physics.graphene.charge import SurfaceCharge
from pinched.physics.graphene.local import LocalDensity
from pinched.physics.graphene.spectrum import Spectrum
from pinched.physics.graphene.unfolding import UnfoldedBands
from pinched.report.style import (
    DEVICE_COLOURS,
    DEVICE_MARKERS,
    RASTER_MARKERS,
    Colour,
    headroom,
    legend_columns,
    note_title,
    plain_text,
)

_DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 1)), (0, (8, 2)), (0, (3, 1)))
"""One dash per sample beside its colour: a grey printer tells them apart."""

_NM2 = 1e-18
"""m^2 in a nm^2."""

_BROADENING = 0.05
"""Width (eV) of the Gaussians that exact states are drawn with."""


def plot_density_of_states(
    spectra: Sequence[Spectrum],
    ax: Axes,
    *,
    span: tuple[float, float] = (-3.0, 3.0),
    broadening: float = _BROADENING,
    temperature: float = 300.0,
) -> Axes:
    """Density of states (1/(eV nm^2)) of each of `spectra` against energy from its Fermi level (eV); returns `ax`.

    `span` (eV) is what is shown, `broadening` (eV) the width of each state, `temperature` (K) that of the neutral
    sample whose Fermi level is the zero. A band of two standard errors where there are random vectors.
    """
    ax.set_xlabel("$E - E_F$ (eV)")
    ax.set_ylabel("Density of states (1/(eV nm²))")
    ax.axvline(0.0, color=Colour.FAINT, linewidth=0.8, zorder=0)
    energy = np.linspace(*span, 601)
    for k, spectrum in enumerate(spectra):
        density, error = spectrum.density(energy + spectrum.fermi_level(temperature), broadening)
        colour = DEVICE_COLOURS[k % len(DEVICE_COLOURS)]
        ax.plot(
            energy, _NM2 * density, color=colour, linestyle=_DASHES[k % len(_DASHES)],
            label=plain_text(spectrum.name), zorder=2,
        )  # fmt: skip
        if np.isfinite(error).all():
            low, high = _NM2 * (density - 2.0 * error), _NM2 * (density + 2.0 * error)
            ax.fill_between(energy, low, high, color=colour, alpha=0.25, linewidth=0, zorder=1)
    ax.set_xlim(*span)
    ax.set_ylim(bottom=0.0)
    _legend(ax)
    note_title(ax, f"tight binding, states {1e3 * broadening:.3g} meV wide")
    return ax


def plot_unfolded_bands(
    bands: UnfoldedBands,
    ax: Axes,
    *,
    span: tuple[float, float] = (-3.0, 3.0),
    fermi_level: float = 0.0,
) -> Axes:
    """Energy from `fermi_level` (eV) along the path of `bands`, the larger a dot the more its state is such a wave.

    `span` (eV) is what is shown. Returns `ax`.
    """
    energy = bands.energy - fermi_level
    shown = (energy >= span[0]) & (energy <= span[1]) & (bands.weight > 1e-3)
    k, state = np.nonzero(shown)
    weight = bands.weight[k, state]
    # Heavy dots on light ones: the bands of the sheet stay visible among the states of the defect.
    order = np.argsort(weight, kind="stable")
    ax.scatter(
        bands.distance[k[order]], energy[k[order], state[order]], s=6.0 * weight[order] + 0.15,
        c=weight[order], cmap="cividis_r", vmin=0.0, vmax=1.0, linewidths=0, rasterized=weight.size > RASTER_MARKERS,
    )  # fmt: skip
    ax.axhline(0.0, color=Colour.MUTED, linewidth=0.5, linestyle=":")
    for place, _ in bands.ticks:
        ax.axvline(place, color=Colour.FAINT, linewidth=0.8, zorder=0)
    ax.set_xticks([place for place, _ in bands.ticks], [name for _, name in bands.ticks])
    ax.set_xlim(bands.distance[0], bands.distance[-1])
    ax.set_ylim(*span)
    ax.set_ylabel("$E - E_F$ (eV)")
    note_title(ax, f"{plain_text(bands.name)}: size and darkness of a dot are its spectral weight")
    return ax


def plot_local_density(local: LocalDensity, ax: Axes) -> Axes:
    """Every atom of a supercell, its area as large as its states, at its place (nm) from the largest; returns `ax`.

    Round for sublattice A, square for B, a triangle for an atom more; the upper sheet is drawn hollow. Names the
    largest, so that figures can be compared.
    """
    most = float(local.states.max(initial=0.0))
    places = 1e9 * _around_largest(local)
    x, y = places.T
    bonds = places[_short_pairs(places, local)]
    ax.add_collection(LineCollection(list(bonds), colors=Colour.FAINT, linewidths=0.6, zorder=0))
    size = 60.0 * local.states / most if most > 0 else np.zeros(local.states.size)
    for kind, name in enumerate(("A", "B", "atom more")):
        for layer in range(int(local.layer.max(initial=0)) + 1):
            mine = (local.sublattice == kind) & (local.layer == layer)
            if not mine.any():
                continue
            colour = DEVICE_COLOURS[kind]
            ax.scatter(
                x[mine], y[mine], s=size[mine] + 0.3, marker=DEVICE_MARKERS[kind],
                facecolors="none" if layer else colour, edgecolors=colour, linewidths=0.6 if layer else 0.0,
                label=f"{name}, {'upper' if layer else 'lower'} sheet" if local.layer.any() else name,
                zorder=2 + layer,
            )  # fmt: skip
    ax.set_aspect("equal")
    ax.set_xlabel("x (nm)")
    ax.set_ylabel("y (nm)")
    low, high = local.window
    note_title(
        ax,
        f"{plain_text(local.name)}, states from {low:.3g} to {high:.3g} eV: the largest area is {most:.2g} "
        "states per atom",
    )
    legend = ax.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), handletextpad=0.3)
    for handle in legend.legend_handles:
        if handle is not None and hasattr(handle, "set_sizes"):
            handle.set_sizes([14.0])  # type: ignore[attr-defined]
    return ax


def plot_surface_charge(charges: Sequence[SurfaceCharge], ax: Axes) -> Axes:
    """Excess charge -sigma (µC/cm^2) of each of `charges` against potential (V); returns `ax`.

    What lies beyond the band of the model is drawn faint. A band of two standard errors where there are any.
    """
    ax.set_xlabel(r"Potential $\phi$ (V)")
    ax.set_ylabel(r"Excess charge $-\sigma$ (µC/cm²)")
    for k, one in enumerate(charges):
        colour = DEVICE_COLOURS[k % len(DEVICE_COLOURS)]
        order = np.argsort(one.potential, kind="stable")
        # 1 C/m^2 is 100 µC/cm^2.
        volts, charge = one.potential[order], -100.0 * one.charge[order]
        beyond = one.beyond_band[order]
        dash = _DASHES[k % len(_DASHES)]
        ax.plot(volts, charge, color=colour, linestyle=dash, alpha=0.35 if beyond.any() else 1.0, zorder=1,
                label=None if beyond.any() else plain_text(one.name))  # fmt: skip
        if beyond.any():
            inside = np.where(beyond, np.nan, charge)
            ax.plot(volts, inside, color=colour, linestyle=dash, label=plain_text(one.name), zorder=2)
        if np.isfinite(one.error).all():
            width = 200.0 * one.error[order]
            ax.fill_between(volts, charge - width, charge + width, color=colour, alpha=0.25, linewidth=0)
    ax.margins(x=0)
    ax.yaxis.set_major_locator(MaxNLocator(5))
    _legend(ax)
    kelvin = {one.temperature for one in charges}
    note_title(ax, "tight binding, " + ", ".join(f"{t:g} K" for t in sorted(kelvin)))
    return ax


def _around_largest(local: LocalDensity) -> np.ndarray:
    """Places (m) of the images closest to the atom with most states: a defect cut by an edge is whole again."""
    away = local.places - local.places[int(np.argmax(local.states))]
    images = np.stack(np.meshgrid([-1, 0, 1], [-1, 0, 1], indexing="ij"), axis=2).reshape(-1, 2)
    moved = (
        away[:, None] - np.round(away @ np.linalg.inv(local.cell))[:, None] @ local.cell + images @ local.cell
    )
    # Rounded, so that of images that are equally far the same one is taken on every machine.
    distance = np.round(1e12 * np.linalg.norm(moved, axis=2))
    return np.take_along_axis(moved, distance.argmin(axis=1)[:, None, None], axis=1)[:, 0]


def _short_pairs(places: np.ndarray, local: LocalDensity) -> np.ndarray:
    """Pairs (n, 2) of lattice atoms of one sheet that are a bond apart at `places` (nm)."""
    distance = np.linalg.norm(places[:, None] - places[None, :], axis=2)
    near = (distance < 0.15) & (local.layer[:, None] == local.layer[None, :])
    near &= (local.sublattice[:, None] < 2) & (local.sublattice[None, :] < 2)
    return np.argwhere(np.triu(near, 1))


def _legend(ax: Axes) -> None:
    headroom(ax, 0.16)
    ax.legend(loc="upper left", ncols=legend_columns(ax), columnspacing=0.9)
