"""Draws figure 4 of roy2025quantum from what `roy2025_graphene.figure_4` found: two sheets, one row each."""

from __future__ import annotations

from matplotlib.figure import Figure

from pinched.papers.roy2025_graphene import Figure4
from pinched.report.figures_graphene import plot_density_of_states, plot_surface_charge, plot_unfolded_bands
from pinched.report.style import Width, new_figure, note_title, paper_style

_SPAN = (-2.0, 2.0)
"""Energies (eV) from the Fermi level that are shown."""


def draw_figure_4(found: Figure4) -> Figure:
    """Bands and density of the single vacancy and charge of every defect: monolayer above, bilayer below."""
    with paper_style():
        figure, axes = new_figure(Width.DOUBLE, 13.0, rows=2, columns=3)
        rows = (
            ("monolayer", found.monolayer_bands, found.monolayer, found.monolayer_charge),
            ("bilayer", found.bilayer_bands, found.bilayer, found.bilayer_charge),
        )
        for row, (sheet, bands, spectra, charges) in zip(axes, rows, strict=True):
            # The Fermi level of the first defect, the single vacancy, whose bands these are.
            plot_unfolded_bands(bands, row[0], span=_SPAN, fermi_level=charges[0].fermi_level)
            plot_density_of_states(spectra[1::-1], row[1], span=_SPAN)
            plot_surface_charge(charges, row[2])
            row[2].set_xlim(0.0, 1.0)
            inside = charges[0].potential <= 1.0
            top = max(-100.0 * float(one.charge[inside].min()) for one in charges)
            row[2].set_ylim(0.0, 1.35 * top)
            for ax in row:
                said = " ".join(ax.get_title("left").split())  # wrapped anew, with one word more
                note_title(ax, f"{sheet}, {said}")
        figure.draw_without_rendering()
    return figure
