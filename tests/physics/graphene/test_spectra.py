"""Densities and charge against closed forms, kernel polynomials against exact states, sum rules, bad input."""

import math

import numpy as np
import pytest
from scipy import integrate, special

import pinched.physics.graphene as g
from pinched import constants
from pinched._errors import PinchedError
from pinched.physics.graphene import moments as kpm
from pinched.physics.graphene.lattice import CELL_AREA
from pinched.physics.graphene.spectrum import thermal_energy

T = g.Hoppings().nearest
KT = thermal_energy(300.0)
SMALL = g.supercell((6, 6))
PLAIN = g.Hoppings(gamma_3=0.0, gamma_4=0.0)


@pytest.fixture(scope="module")
def sheet():
    """A sheet without defects on a mesh that resolves kT: 600 points along each direction of the zone."""
    return g.diagonalise(g.supercell((1, 1)), 600)


@pytest.fixture(scope="module")
def vacancy():
    return g.diagonalise(g.supercell((8, 8), defects=[g.single_vacancy().at(3, 3)]), 4)


@pytest.fixture(scope="module")
def disorder():
    kinds = [g.single_vacancy(), g.single_vacancy(g.Sublattice.B)]
    return g.disordered((24, 24), kinds=kinds, probability=0.03, seed=7)


def test_the_closed_form_holds_four_states_per_cell_and_is_the_cone_at_low_energy():
    parts = [
        integrate.quad(lambda e: float(g.pristine_density(np.array([e]))[0]), a, b, limit=400)[0]
        for a, b in ((0, T), (T, 3 * T))
    ]
    assert 2 * sum(parts) * CELL_AREA == pytest.approx(4.0, rel=1e-6)
    low = np.array([1e-4, 1e-3])
    assert g.pristine_density(low) == pytest.approx(g.dirac_density(low, g.Hoppings().velocity), rel=1e-6)
    assert g.pristine_density(np.array([3.001 * T, -9.9 * T])).tolist() == [0.0, 0.0]


def test_states_on_a_mesh_have_the_density_of_the_closed_form(sheet):
    # Away from the van Hove peaks, where 60 meV of broadening changes a smooth curve by its curvature only.
    energy = np.array([-8.0, -5.0, -2.0, -1.0, 0.5, 1.5, 2.5, 4.5, 7.0])
    density, error = sheet.density(energy, 0.06)
    assert density == pytest.approx(g.pristine_density(energy), rel=0.01)
    assert np.isnan(error).all()


def test_van_hove_peaks_stand_at_the_hopping(sheet):
    energy = np.linspace(0.5 * T, 1.5 * T, 801)
    for sign in (-1, 1):
        density, _ = sheet.density(sign * energy, 0.01)
        # Two broadenings: the peak is steeper on its inner side.
        assert energy[density.argmax()] == pytest.approx(T, abs=0.02)


def test_kernel_polynomials_have_the_density_of_the_closed_form_in_a_large_sample():
    found = g.kernel_polynomials(g.supercell((150, 150)), moments=512, vectors=8)
    energy = np.array([-7.0, -4.5, -2.0, 1.0, 1.5, 2.4, 5.0])
    density, error = found.density(energy, 0.05)
    assert np.all(error < 0.06 * density)
    # Kernel and Gaussian are 77 meV wide together; five standard errors and the curvature under that width.
    assert np.all(np.abs(density - g.pristine_density(energy)) < 5 * error + 0.01 * density)


def test_kernel_polynomials_agree_with_exact_states_of_the_same_sample(disorder):
    found = g.trace_moments(disorder, moments=400, vectors=32, seed=1)
    angle = np.arccos(np.linalg.eigvalsh(g.hamiltonian(disorder).toarray()) / found.scale)
    exact = np.cos(np.outer(np.arange(400), angle)).mean(axis=1)
    assert found.values[:, 0] == pytest.approx(np.ones(32), abs=1e-14)
    error = found.values.std(axis=0, ddof=1)[2:] / math.sqrt(32)
    z = (found.values.mean(axis=0)[2:] - exact[2:]) / error
    # Student's t of 31 degrees of freedom: variance 31 / 29; neighbouring moments hang together a little.
    assert 0.8 < (z**2).mean() < 1.5
    assert np.abs(z).max() < 5.0


def test_moments_at_each_atom_are_those_of_the_matrix_and_odd_ones_vanish(disorder):
    # An odd power of the Hamiltonian leads from one sublattice to the other and never back.
    rows = np.arange(disorder.sites)
    found = g.site_moments(disorder, rows, moments=8)
    matrix = g.hamiltonian(disorder)
    power = [np.eye(disorder.sites)]
    scaled = matrix.toarray() / found.scale
    power += [scaled, 2 * scaled @ scaled - power[0]]
    power.append(2 * scaled @ power[2] - power[1])
    power.append(2 * scaled @ power[3] - power[2])
    for n, one in enumerate(power):
        assert found.values[:, n] == pytest.approx(np.diag(one), abs=1e-13)
    assert found.values[:, 1::2] == pytest.approx(np.zeros((disorder.sites, 4)), abs=1e-13)
    neighbours = np.diff(matrix.indptr)
    assert found.values[:, 2] == pytest.approx(2 * neighbours * (T / found.scale) ** 2 - 1, abs=1e-13)


def test_vectors_have_addresses_and_blocks_do_not_depend_on_their_number(disorder):
    few = g.trace_moments(disorder, moments=16, vectors=3, seed=2).values
    many = g.trace_moments(disorder, moments=16, vectors=20, seed=2, workers=2).values
    assert (few == many[:3]).all()
    odd = g.trace_moments(disorder, moments=15, vectors=3, seed=2).values
    assert (odd == few[:, :15]).all()
    assert (few != g.trace_moments(disorder, moments=16, vectors=3, seed=3).values)[:, 1:].all()


@pytest.mark.slow
def test_the_error_of_a_trace_falls_with_vectors_and_covers(disorder):
    exact = g.Spectrum(
        name="exact", energy=np.linalg.eigvalsh(g.hamiltonian(disorder).toarray()),
        weight=np.full((1, disorder.sites), 2.0 / disorder.area), electrons=disorder.sites / disorder.area,
        resolution=0.0,
    )  # fmt: skip
    energy = np.linspace(-6.0, 6.0, 25)
    # Broad against the kernel (25 meV with 1024 moments): both sides then have the same width to 1 %.
    truth = exact.density(energy, 0.3)[0]
    found, error = g.kernel_polynomials(disorder, moments=1024, vectors=32, seed=5).density(energy, 0.3)
    z = (found - truth) / error
    assert (np.abs(z) < 2.04).mean() >= 0.8
    assert np.abs(z).max() < 5.0
    more = g.kernel_polynomials(disorder, moments=1024, vectors=8, seed=5).density(energy, 0.3)[1]
    assert np.median(more / error) == pytest.approx(2.0, rel=0.4)


@pytest.mark.slow
def test_the_charge_from_kernel_polynomials_is_the_exact_one_within_its_error(disorder):
    exact = g.Spectrum(
        name="exact", energy=np.linalg.eigvalsh(g.hamiltonian(disorder).toarray()),
        weight=np.full((1, disorder.sites), 2.0 / disorder.area), electrons=disorder.sites / disorder.area,
        resolution=0.0,
    )  # fmt: skip
    potential = np.array([-0.3, 0.03, 0.1, 0.3, 1.0, 2.0])
    truth = g.surface_charge(exact, potential)
    found = g.surface_charge(
        g.kernel_polynomials(disorder, moments=g.moments_for(KT / 4, disorder), vectors=32, seed=9), potential
    )
    # A kernel of kT / 4 widens the Fermi function by (1/4)^2 / (pi^2 / 3) / 2, one per cent.
    off = np.abs(found.charge - truth.charge)
    assert np.all(off < 4 * found.error + 0.01 * np.abs(truth.charge))
    assert found.capacitance_at_zero == pytest.approx(
        truth.capacitance_at_zero, abs=4 * found.capacitance_error + 0.02 * truth.capacitance_at_zero
    )
    assert found.fermi_level == pytest.approx(truth.fermi_level, abs=KT / 4)
    assert np.all(found.error < 0.2 * np.abs(truth.charge))


@pytest.mark.parametrize("stacking", list(g.Stacking))
def test_states_add_up_to_orbitals(stacking):
    cell = g.supercell(
        (5, 5), stacking=stacking, defects=[g.double_vacancy().at(2, 2), g.interstitial().at(0, 0)]
    )
    spectrum = g.diagonalise(cell, 3)
    assert spectrum.states * cell.area == pytest.approx(2 * cell.sites, rel=1e-12)
    assert spectrum.electrons * cell.area == pytest.approx(cell.sites)
    level = spectrum.fermi_level()
    filled = spectrum.summed(lambda e: special.expit((level - e) / KT)[:, None])[0, 0]
    assert filled * cell.area == pytest.approx(cell.sites, rel=1e-9)
    everywhere = np.linspace(spectrum.band[0] - 0.5, spectrum.band[1] + 0.5, 4000)
    assert np.trapezoid(spectrum.density(everywhere, 0.05)[0], everywhere) == pytest.approx(
        spectrum.states, rel=1e-4
    )


def test_half_a_mesh_is_the_whole_one():
    cell = g.supercell((2, 3), hoppings=g.Hoppings(next_nearest=0.1), defects=[g.single_vacancy()])
    for mesh in (3, 4):
        grid = (np.arange(mesh) + 0.5) / mesh
        u, v = np.meshgrid(grid, grid)
        vectors = np.stack([u.ravel(), v.ravel()], axis=1) @ (
            2 * np.pi * np.linalg.inv(g.local_density(cell, mesh=1, window=(-1.0, 1.0)).cell).T
        )
        whole = np.sort(np.linalg.eigvalsh(g.bloch_hamiltonian(cell, vectors)).ravel())
        half = g.diagonalise(cell, mesh)
        edges = np.linspace(-9.5, 9.5, 40)
        counted = np.histogram(half.energy, edges, weights=half.weight[0])[0] * cell.area / 2 * mesh**2
        assert counted == pytest.approx(np.histogram(whole, edges)[0], abs=1e-9)


def test_small_potentials_see_the_exact_quantum_capacitance(sheet):
    potential = np.linspace(-0.12, 0.12, 13)
    found = g.surface_charge(sheet, potential)
    # The cone is the limit: its band bends, by (e phi / t)^2 and (kT / t)^2, below 0.2 % here.
    exact = g.dirac_capacitance(potential, g.Hoppings().velocity)
    assert found.capacitance == pytest.approx(exact, rel=2e-3)
    assert found.capacitance_at_zero == pytest.approx(
        g.dirac_capacitance(np.zeros(1), g.Hoppings().velocity)[0], rel=5e-4
    )
    integral = integrate.cumulative_simpson(exact, x=potential, initial=0)
    assert found.charge[6] == pytest.approx(0.0, abs=1e-12)
    assert found.charge == pytest.approx(integral[6] - integral, rel=3e-3, abs=1e-9)
    assert found.notes == ()


def test_the_capacitance_has_the_number_of_the_formula_by_hand():
    # fang2007carrier with numbers put in: 2 e^2 kT / (pi (hbar v)^2) ln 4 at v = 1e6 m/s and 300 K.
    hbar = constants.H / (2 * math.pi)
    kt = constants.K_B * 300
    by_hand = 2 * constants.E**2 * kt / (math.pi * (hbar * 1e6) ** 2) * math.log(4)
    assert g.dirac_capacitance(np.zeros(1), 1e6)[0] == pytest.approx(by_hand, rel=1e-12)
    assert by_hand == pytest.approx(0.0084, rel=0.02)  # 0.84 µF/cm^2
    # Far from the Dirac point at no temperature: e^2 times the density of states there.
    far = g.dirac_capacitance(np.array([1.0]), 1e6)
    assert far == pytest.approx(constants.E * g.dirac_density(np.array([1.0]), 1e6), rel=1e-12)


def test_charge_is_the_integral_of_the_closed_form(sheet):
    potential = np.array([0.2, 0.6, 1.5, 2.5])
    energy = np.linspace(-1.0, T - 1e-4, 100_001)
    density = g.pristine_density(energy)
    window = special.expit(-energy[:, None] / KT) - special.expit((potential - energy[:, None]) / KT)
    expected = constants.E * np.trapezoid(density[:, None] * window, energy, axis=0)
    # The integral stops short of the van Hove peak, 25 kT above the highest Fermi level.
    assert g.surface_charge(sheet, potential).charge == pytest.approx(expected, rel=4e-3)


def test_charge_is_odd_and_bounded_and_saturates_with_the_band(vacancy):
    potential = np.linspace(-12.0, 12.0, 241)
    found = g.surface_charge(vacancy, potential)
    # Electron and hole are alike: sigma(-phi) = -sigma(phi).
    assert found.charge == pytest.approx(-found.charge[::-1], abs=1e-9)
    assert (np.diff(found.charge) <= 1e-12).all()
    assert (found.capacitance >= 0).all()
    area = 64 * CELL_AREA
    assert found.limits[0] == pytest.approx(-constants.E * 127 / area)
    assert found.charge[-1] == pytest.approx(found.limits[0], rel=1e-12)
    assert found.charge[0] == pytest.approx(found.limits[1], rel=1e-12)
    assert found.saturated_share[-1] == pytest.approx(1.0)
    assert found.beyond_band.tolist() == (np.abs(potential) > found.band[1]).tolist()
    assert "beyond the p_z band" in found.notes[0]
    # The capacitance is the slope: it integrates to the charge of the whole band.
    total = np.trapezoid(found.capacitance, potential)
    assert total == pytest.approx(found.limits[1] - found.limits[0], rel=2e-2)


def test_a_vacancy_answers_a_small_potential_by_its_state_at_zero(vacancy):
    # One state per cell and spin at zero energy, alone in a gap: 2 e^2 / (4 kT) per cell.
    expected = 2 * constants.E / (4 * KT) / (64 * CELL_AREA)
    found = g.surface_charge(vacancy, np.array([0.001, 0.002, 0.01, 0.2]))
    assert found.capacitance_at_zero == pytest.approx(expected, rel=2e-3)
    # tanh(e phi / 2 kT) of one electron per cell: linear below kT, full at several kT.
    electron = constants.E / (64 * CELL_AREA)
    assert found.charge[:3] == pytest.approx(-electron * np.tanh(found.potential[:3] / (2 * KT)), rel=3e-3)
    assert found.linear_to(0.05) == 0.01


def test_the_bilayer_has_a_constant_density_at_low_energy():
    spectrum = g.diagonalise(g.supercell((1, 1), stacking=g.Stacking.AB_BILAYER, hoppings=PLAIN), 500)
    found = spectrum.density(np.array([0.0, 0.05]), 0.02)[0]
    # 2 m / (pi hbar^2) with spins and valleys; nonparabolic by E / gamma_1 each way, which adds |E| 2 / gamma_1.
    hbar = constants.H / (2 * math.pi)
    flat = 2 * g.bilayer_mass(PLAIN) * constants.E / (math.pi * hbar**2)
    mean_size = np.array([0.02 * math.sqrt(2 / math.pi), 0.05])
    assert found == pytest.approx(flat * (1 + 2 * mean_size / PLAIN.gamma_1), rel=0.02)


@pytest.mark.slow
def test_site_densities_are_the_exact_ones_and_add_up(disorder):
    energy, vector = np.linalg.eigh(g.hamiltonian(disorder).toarray())
    rows = np.array([3, 500])
    whole = 9.527 * np.sin(np.linspace(-np.pi / 2, np.pi / 2, 4002)[1:-1])
    found = g.site_density(disorder, rows, whole, moments=200)
    assert np.trapezoid(found, whole, axis=1) == pytest.approx([2.0, 2.0], rel=1e-3)
    moments = g.site_moments(disorder, rows, moments=60)
    exact = np.stack(
        [
            (vector[r] ** 2 * np.cos(np.outer(np.arange(60), np.arccos(energy / moments.scale)))).sum(axis=1)
            for r in rows
        ]
    )
    assert moments.values == pytest.approx(exact, abs=1e-11)


def test_jackson_keeps_the_density_positive_and_as_wide_as_it_says(disorder):
    node, share = g.trace_moments(disorder, moments=128, vectors=8).shares()
    assert share.min() > 0
    assert share.sum(axis=1) == pytest.approx(np.ones(8))
    # A state alone at zero: an orbital that nothing is joined to.
    alone = g.supercell((6, 6), defects=[g.interstitial(share=0.0).at(2, 2)])
    found = g.site_moments(alone, np.array([72]), moments=256)
    node, share = found.shares()
    assert math.sqrt(float((share[0] * node**2).sum())) == pytest.approx(found.resolution, rel=0.02)


def test_the_band_of_a_kernel_ends_where_that_of_the_states_does(vacancy):
    sample = g.supercell((40, 40))
    low, high = g.kernel_polynomials(sample, moments=1024, vectors=8).band
    # The kernel is narrower at the edges; a tenth of an electronvolt is two of its widths in the middle.
    assert (low, high) == pytest.approx((-3 * T, 3 * T), abs=0.1)
    assert vacancy.band == (vacancy.energy[0], vacancy.energy[-1])


def test_many_interstitials_are_placed_in_reasonable_time_and_add_their_orbitals():
    sample = g.disordered((200, 200), kinds=[g.interstitial()], probability=0.1, seed=3)
    matrix = g.hamiltonian(sample)
    assert matrix.shape[0] == 2 * 200**2 + sample.placed
    assert np.diff(matrix.indptr)[-sample.placed :].tolist() == [2] * sample.placed


def test_spectra_of_samples_average_with_their_spread():
    scale = 3.02 * T
    kinds = [g.single_vacancy()]
    many = [
        g.kernel_polynomials(
            g.disordered((20, 20), kinds=kinds, probability=0.03, seed=k), moments=128, vectors=2, scale=scale
        )
        for k in range(4)
    ]
    together = g.averaged(many, "four samples")
    assert together.weight.shape[0] == 8
    assert together.states == pytest.approx(np.mean([one.states for one in many]))
    with pytest.raises(PinchedError, match="different energies"):
        g.averaged([many[0], g.kernel_polynomials(g.supercell((20, 20)), moments=64, vectors=1)])


def test_unfolded_bands_of_a_perfect_supercell_are_the_bands_of_the_cell():
    hoppings = g.Hoppings(next_nearest=0.1)
    for stacking in g.Stacking:
        large = g.unfold(g.supercell((3, 4), stacking=stacking, hoppings=hoppings), points=12)
        small = g.unfold(g.supercell((1, 1), stacking=stacking, hoppings=hoppings), points=12)
        assert small.weight == pytest.approx(np.ones_like(small.weight))
        for k in range(large.distance.size):
            for e in np.unique(np.round(small.energy[k], 9)):
                there = np.isclose(large.energy[k], e, atol=1e-7)
                expected = np.isclose(small.energy[k], e, atol=1e-7).sum()
                assert large.weight[k, there].sum() == pytest.approx(expected, abs=1e-9)


def test_unfolded_weights_add_up_to_the_atoms_of_a_cell():
    cell = g.supercell((4, 4), defects=[g.single_vacancy().at(1, 1), g.interstitial().at(3, 3)])
    bands = g.unfold(cell, points=9)
    assert bands.weight.sum(axis=1) == pytest.approx(np.full(bands.distance.size, 31 / 16))
    assert [name for _, name in bands.ticks] == ["Γ", "K", "M", "Γ"]
    # Gamma-K is 4 pi / 3a long, K-M half of it.
    at = np.array([place for place, _ in bands.ticks])
    assert at[1] == pytest.approx(4 * math.pi / (3 * 0.246e-9))
    assert at[2] - at[1] == pytest.approx(at[1] / 2)
    assert np.isin(at, bands.distance).all()


def test_the_state_of_a_vacancy_lives_on_the_other_sublattice():
    cell = g.supercell((8, 8), defects=[g.single_vacancy().at(3, 3)])
    local = g.local_density(cell, mesh=2, window=(-1e-6, 1e-6))
    assert local.states.sum() == pytest.approx(2.0)
    assert local.states[local.sublattice == 0].max() < 1e-20
    gone = np.array([3.0, 3.0]) @ (local.cell / 8)
    near = np.linalg.norm(local.places - gone, axis=1) < 0.15e-9
    assert near.sum() == 3
    # The mesh lacks the lattice's threefold axis, so that the three are not equal.
    assert local.states[near].min() > 4 * np.median(local.states[local.sublattice == 1])
    everything = g.local_density(cell, mesh=2, window=(-10.0, 10.0))
    assert everything.states == pytest.approx(np.full(127, 2.0))


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda _: g.surface_charge(g.kernel_polynomials(SMALL, moments=64), np.zeros(1)), r"Take 18 times"),
        (lambda s: g.surface_charge(s, np.array([0.1, np.nan])), "finite numbers of volts"),
        (lambda s: g.surface_charge(s, np.array([0.1]), temperature=0.0), "300 for room temperature"),
        (lambda _: g.diagonalise(g.supercell((1, 1)), 0), "mesh is 0"),
        (lambda s: s.density(np.zeros(1), 0.0), "broadening"),
        (lambda _: g.kernel_polynomials(g.supercell((6, 6)), moments=1), "at least 2"),
        (lambda _: g.kernel_polynomials(g.supercell((6, 6)), vectors=0), "at least one random vector"),
        (lambda _: g.kernel_polynomials(g.supercell((30, 30)), moments=64, vectors=1, scale=5.0), "beyond the scale"),
        (lambda _: g.site_moments(g.supercell((6, 6)), np.array([72]), moments=8), "rows run outside"),
        (lambda _: g.site_density(g.supercell((6, 6)), np.array([0]), np.array([20.0]), moments=8), "Stay inside"),
        (lambda _: g.moments_for(0.0, g.supercell((6, 6))), "width"),
        (lambda _: g.unfold(g.supercell((2, 2)), corners=("Γ", "X")), "cannot be walked"),
        (lambda _: g.local_density(g.supercell((2, 2)), mesh=2, window=(0.1, -0.1)), "is empty"),
        (lambda _: g.pristine_density(np.zeros(1), g.Hoppings(next_nearest=0.1)), "closed form"),
        (lambda _: g.dirac_capacitance(np.zeros(1), 0.0), "velocity"),
        (lambda _: g.averaged([]), "nothing to average"),
    ],
)  # fmt: skip
def test_what_cannot_be_computed_is_refused_with_its_cure(make, says, vacancy):
    with pytest.raises(PinchedError, match=says):
        make(vacancy)


def test_the_number_of_moments_that_is_asked_for_is_enough():
    sample = g.supercell((6, 6))
    moments = g.moments_for(KT, sample)
    found = g.kernel_polynomials(sample, moments=moments, vectors=1)
    assert (
        found.resolution
        <= KT
        < kpm.Moments(values=np.ones((1, moments - 1)), scale=kpm.half_band(g.hamiltonian(sample))).resolution
    )
    g.surface_charge(found, np.array([0.1]))
