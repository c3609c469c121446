"""States and charge of a graphene electrode with missing atoms: a supercell, and a large sample with disorder.

python examples/09_graphene_electrode.py
"""

import numpy as np

import pinched as pi
from pinched import graphene
from pinched.report import Width, new_figure

potential = np.linspace(0.0, 1.0, 201)
defects = [graphene.single_vacancy(), graphene.double_vacancy(), graphene.interstitial()]
cells = [graphene.supercell((8, 8), defects=[defect.at(3, 3)]) for defect in defects]
spectra = [graphene.diagonalise(cell, 8) for cell in cells]
charges = [graphene.surface_charge(spectrum, potential) for spectrum in spectra]
for one in charges:
    print(
        f"{one.name}: {100 * one.capacitance_at_zero:.3g} µF/cm² at 0 V, "
        f"{-100 * one.charge[20]:.3g} µC/cm² at {potential[20]:.1f} V"
    )

# The same share of missing atoms at random places: 45 000 atoms, too many for exact states.
kinds = [graphene.single_vacancy(), graphene.single_vacancy(graphene.Sublattice.B)]
sample = graphene.disordered((150, 150), kinds=kinds, probability=1 / 64, seed=0, name="SV at random")
random = graphene.kernel_polynomials(sample, moments=graphene.moments_for(0.025, sample), vectors=8)
value, error = random.at_fermi()
print(
    f"{sample.placed} vacancies among {sample.sites + sample.placed} atoms: "
    f"{1e-18 * value:.2f} ± {1e-18 * error:.2f} states per eV and nm² at the Fermi level"
)

with pi.paper_style():
    figure, axes = new_figure(Width.DOUBLE, 13.0, rows=2, columns=2)
    pi.plot_density_of_states([*spectra, random], axes[0, 0], span=(-1.5, 1.5))
    pi.plot_unfolded_bands(graphene.unfold(cells[0], points=90), axes[0, 1])
    pi.plot_local_density(graphene.local_density(cells[0], mesh=3, window=(-0.1, 0.1)), axes[1, 0])
    pi.plot_surface_charge([*charges, graphene.surface_charge(random, potential)], axes[1, 1])
    figure.savefig("graphene.pdf")
print("graphene.pdf: states, bands, where the states are, charge")
