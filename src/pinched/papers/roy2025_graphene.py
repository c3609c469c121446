r"""Figure 4 of Roy et al. (roy2025quantum): states and surface charge of graphene with defects, by tight binding.

The paper computes them by density-functional theory (PBE, relaxed atoms, both spins alike as far as it says); here
one orbital per atom stands for them. The caption has a monolayer of 8 x 8 cells and a bilayer of 5 x 5, the methods
say 8 x 8 for both; the caption is followed. The paper's numbers are in a figure whose values are not printed; what
its text states is that $\sigma$ is highest for the single vacancy, falls as there are more defects, is linear at
small potentials and then saturates.

Names of defects are not defined in the paper either. Read here: SV one atom, DV a neighbouring pair, JDV two pairs
that touch, IV a carbon atom more on the bridge of a bond, LSV and LDV the same hole in both sheets, one
above the other. `variants` has the other readings, and what relaxation may do to the bonds; docs/graphene.md says
what follows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from pinched._params import require
from pinched._progress import Progress, Silent
from pinched.papers.comparison import Comparison
from pinched.physics.graphene.charge import SurfaceCharge, surface_charge
from pinched.physics.graphene.defects import (
    Defect,
    combine,
    double_vacancy,
    interstitial,
    joint_double_vacancy,
    single_vacancy,
)
from pinched.physics.graphene.lattice import Hoppings, Stacking, Sublattice
from pinched.physics.graphene.local import LocalDensity, local_density
from pinched.physics.graphene.sample import Sample, supercell
from pinched.physics.graphene.spectrum import Spectrum, diagonalise
from pinched.physics.graphene.unfolding import UnfoldedBands, unfold

MONOLAYER, BILAYER = (8, 8), (5, 5)
"""Supercells of figure 4."""

SMALL, LARGE = 0.1, 1.0
"""Potentials (V) at which defects are put in order: in the linear part of the paper's text, and beyond it."""

_MESH, _MESH_FAST = 24, 12


def monolayer_defects() -> tuple[Defect, ...]:
    """SV, DV, JDV, IV of figure 4c."""
    return single_vacancy(), double_vacancy(), joint_double_vacancy(), interstitial()


def bilayer_defects() -> tuple[Defect, ...]:
    """SV, DV, JDV, IV in the lower sheet and LSV, LDV in both, of figure 4d."""
    # B1 and A2 stand one above the other; so do the pairs A1 B1 and A2 B2 by a bond.
    layered = combine("LSV", single_vacancy(Sublattice.B), single_vacancy(Sublattice.A, layer=1))
    both = combine("LDV", double_vacancy(), double_vacancy(layer=1))
    return (*monolayer_defects(), layered, both)


def variants() -> dict[str, tuple[Defect, ...]]:
    """Other readings of the names, and other bonds, for the monolayer: what the order hangs on."""
    apart = single_vacancy(Sublattice.B).at(3, 3)
    same = single_vacancy().at(3, 3)
    single, pair, chain, more = monolayer_defects()
    joint = combine("JDV", double_vacancy())
    return {
        "DV two vacancies apart on A and B, JDV a pair": (single, combine("DV", single, apart), joint, more),
        "DV two vacancies apart on A, JDV a pair": (single, combine("DV", single, same), joint, more),
        "bonds close across the holes, half of t": (
            single_vacancy(rebonding=0.5), double_vacancy(rebonding=0.5), joint_double_vacancy(rebonding=0.5), more,
        ),
        "bonds close across the holes, all of t": (
            single_vacancy(rebonding=1.0), double_vacancy(rebonding=1.0), joint_double_vacancy(rebonding=1.0), more,
        ),
        "interstitial bound by half of t": (single, pair, chain, interstitial(share=0.5)),
        "interstitial bound by 1.5 t": (single, pair, chain, interstitial(share=1.5)),
    }  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Figure4:
    """What figure 4 shows, computed here."""

    mesh: int
    """Wave vectors along each direction of the supercell's zone."""
    monolayer: tuple[Spectrum, ...]
    """States of the pristine monolayer and of each defect in it."""
    bilayer: tuple[Spectrum, ...]
    """The same of the bilayer."""
    monolayer_charge: tuple[SurfaceCharge, ...]
    """Charge of each defect in the monolayer (figure 4c)."""
    bilayer_charge: tuple[SurfaceCharge, ...]
    """Charge of each defect in the bilayer (figure 4d)."""
    monolayer_bands: UnfoldedBands
    """Bands of the single vacancy in the monolayer (figure 4a)."""
    bilayer_bands: UnfoldedBands
    """Bands of the single vacancy in the bilayer (figure 4b)."""
    monolayer_local: LocalDensity
    """Where the states within 0.1 eV of the Fermi level of the single vacancy are."""
    variants: Mapping[str, tuple[SurfaceCharge, ...]]
    """Charge of the defects under other assumptions; empty in a fast run."""
    mesh_error: float
    """Largest relative change of a charge at `SMALL` and `LARGE` when the mesh is halved."""

    def values(self) -> dict[str, Any]:
        """The numbers, for JSON: `graphene.sigma_order` and what stands behind it; charges in C/m^2."""
        values: dict[str, Any] = {
            "graphene.sigma_order": order(self.monolayer_charge, SMALL),
            "graphene.sigma_order_bilayer": order(self.bilayer_charge, SMALL),
            f"graphene.sigma_order_{LARGE:g}V": order(self.monolayer_charge, LARGE),
            f"graphene.sigma_order_bilayer_{LARGE:g}V": order(self.bilayer_charge, LARGE),
            "graphene.sigma_order_paper": "SV first, then falling with the number of defects",
            "graphene.mesh_error": self.mesh_error,
        }
        for sheet, charges in (("monolayer", self.monolayer_charge), ("bilayer", self.bilayer_charge)):
            for one in charges:
                values[f"graphene.{sheet}.{one.name}"] = {
                    "sigma_small": charge_at(one, SMALL),
                    "sigma_large": charge_at(one, LARGE),
                    "capacitance_at_zero": one.capacitance_at_zero,
                    "fermi_level": one.fermi_level,
                    "linear_to": one.linear_to(),
                    "sigma_full_band": one.limits[0],
                }
        for name, charges in self.variants.items():
            values[f"graphene.variant.{name}"] = order(charges, SMALL)
        return values


def figure_4(*, fast: bool = False, progress: Progress | None = None) -> Figure4:
    """Everything of figure 4; `fast` takes a coarse mesh and leaves out the other assumptions.

    About 20 s of one core, 5 s with `fast`.
    """
    bar = progress or Silent()
    mesh, points = (_MESH_FAST, 60) if fast else (_MESH, 150)
    single = _cells(MONOLAYER, Stacking.MONOLAYER, monolayer_defects())
    double = _cells(BILAYER, Stacking.AB_BILAYER, bilayer_defects())
    work = [*single, *double]
    done = bar.track(work, "states of graphene with defects", len(work))
    spectra = [diagonalise(sample, mesh) for sample in done]
    coarse = [diagonalise(sample, mesh // 2) for sample in work[1 : 1 + len(monolayer_defects())]]
    potential = np.linspace(0.0, 3.0, 151)
    charges = [surface_charge(spectrum, potential) for spectrum in spectra]
    # The pristine supercell is not put in order: it is what the defects are compared with.
    ours, theirs = charges[1 : len(single)], charges[len(single) + 1 :]
    halved = [surface_charge(spectrum, np.array([SMALL, LARGE])).charge for spectrum in coarse]
    fine = [np.array([charge_at(one, SMALL), charge_at(one, LARGE)]) for one in ours]
    error = max(float(np.abs(a / b - 1.0).max()) for a, b in zip(halved, fine, strict=True))
    others: dict[str, tuple[SurfaceCharge, ...]] = {}
    if not fast:
        # Readings share most of their defects: each is solved once, whatever it is called.
        solved = {_content(d): charge for d, charge in zip(monolayer_defects(), ours, strict=True)}
        kinds = variants()
        wanted = {_content(defect): defect for group in kinds.values() for defect in group}
        missing = [defect for content, defect in wanted.items() if content not in solved]
        for defect in bar.track(missing, "other assumptions", len(missing)):
            cell = _cells(MONOLAYER, Stacking.MONOLAYER, (defect,))[1]
            solved[_content(defect)] = surface_charge(diagonalise(cell, mesh), potential)
        others = {
            name: tuple(replace(solved[_content(defect)], name=defect.name) for defect in group)
            for name, group in kinds.items()
        }
    level = ours[0].fermi_level
    return Figure4(
        mesh=mesh,
        monolayer=tuple(spectra[: len(single)]),
        bilayer=tuple(spectra[len(single) :]),
        monolayer_charge=tuple(ours),
        bilayer_charge=tuple(theirs),
        monolayer_bands=unfold(single[1], points=points),
        bilayer_bands=unfold(double[1], points=points),
        monolayer_local=local_density(single[1], mesh=max(2, mesh // 4), window=(level - 0.1, level + 0.1)),
        variants=others,
        mesh_error=error,
    )


def comparisons(found: Figure4) -> tuple[Comparison, ...]:
    """What the paper's text says of figure 4 beside what is found; `found` comes from `figure_4`."""
    one = {charge.name: charge for charge in found.monolayer_charge}
    pristine = found.monolayer[0].at_fermi()[0]
    peak = found.monolayer[1].at_fermi()[0]
    small, small_2 = order(found.monolayer_charge, SMALL), order(found.bilayer_charge, SMALL)
    same = sum(order(charges, SMALL)[0] == "SV" for charges in found.variants.values())
    linear = ", ".join(f"{name} {charge.linear_to():.2g}" for name, charge in one.items())
    return (
        Comparison(
            where="figure 4a",
            what="a single vacancy puts a peak of states at the Fermi level",
            paper="pronounced",
            ours=f"thermal density there {peak / pristine:.0f} times that of the pristine sheet",
            why="One atom less on A leaves one state at zero energy on B, whatever the size of the hoppings.",
        ),
        Comparison(
            where="figure 4c",
            what=f"order of the charge at {SMALL} V in the monolayer",
            paper="SV first, then falling with the number of defects",
            ours=" > ".join(small)
            + (f"; SV first in {same} of {len(found.variants)} variants" if found.variants else ""),
            why="SV first is agreed. DV and JDV take as many atoms from A as from B and leave no state at zero: they "
            "stay far below. IV is second because its odd electron lifts the Fermi level off the Dirac point; the "
            "paper says nothing of its place. Two vacancies on one sublattice, if that is the paper's DV, would "
            "exceed SV: two states at zero.",
        ),
        Comparison(
            where="figure 4d",
            what=f"order of the charge at {SMALL} V in the bilayer",
            paper="SV first, then falling with the number of defects",
            ours=" > ".join(small_2),
            why="LSV removes two atoms and leaves two states near zero, one in each sheet, which charge before "
            "anything else does. In the paper's calculation dangling bonds and relaxation, which one orbital per "
            "atom does not have, take charge and move these states.",
        ),
        Comparison(
            where="figure 4c",
            what=f"order at {LARGE:g} V in the monolayer",
            paper="the same, as far as the text says",
            ours=" > ".join(order(found.monolayer_charge, LARGE)),
            why="Beyond the states at zero the band itself is filled, which defects change little: SV, DV and JDV "
            "lie within a few percent there, and the order means little.",
        ),
        Comparison(
            where="figure 4c",
            what="linear at modest potentials",
            paper="yes, without a number",
            ours=f"to a tenth up to (V): {linear}",
            why="SV is linear to about kT/e only, since its state at zero is narrow; a sheet without states there "
            "answers with a charge that grows faster than the potential.",
        ),
        Comparison(
            where="figure 4c",
            what="saturation plateau",
            paper="at larger potentials, without a number",
            ours=f"SV: {-100 * charge_at(one['SV'], 0.2):.2g} µC/cm² at 0.2 V and "
            f"{-100 * charge_at(one['SV'], 0.3):.2g} at 0.3 V, one electron per vacancy; all: only at the top of the "
            f"band, {one['SV'].band[1]:.2g} V",
            why="A plateau in between is that of the defect's own states; the bands above fill next.",
        ),
    )


def order(charges: tuple[SurfaceCharge, ...], potential: float) -> list[str]:
    """Names of the defects by the size of their charge at `potential` (V), largest first."""
    return [one.name for one in sorted(charges, key=lambda one: -abs(charge_at(one, potential)))]


def charge_at(charge: SurfaceCharge, potential: float) -> float:
    """Charge (C/m^2) at one of the potentials (V) that it was computed at. Raises `PinchedError` for another."""
    found = np.flatnonzero(np.isclose(charge.potential, potential, rtol=0.0, atol=1e-9))
    require(
        Figure4,
        found.size > 0,
        f"the charge of {charge.name} was not computed at {potential} V. Ask for one of its potentials.",
    )
    return float(charge.charge[found[0]])


def _content(defect: Defect) -> tuple[object, ...]:
    return defect.removed, defect.closed, defect.added


def _cells(shape: tuple[int, int], stacking: Stacking, defects: tuple[Defect, ...]) -> list[Sample]:
    hoppings = Hoppings.density_functional()
    middle = (shape[0] // 2 - 1, shape[1] // 2 - 1)
    return [
        supercell(shape, stacking=stacking, hoppings=hoppings),
        *(
            supercell(shape, stacking=stacking, defects=[defect.at(*middle)], hoppings=hoppings)
            for defect in defects
        ),
    ]
