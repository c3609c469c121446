"""The lattice against its bands in closed form, and defects against the theorem on sublattices."""

import math

import numpy as np
import pytest

import pinched.physics.graphene as g
from pinched import constants
from pinched._errors import PinchedError
from pinched.physics.graphene.lattice import RECIPROCAL, bond_kinds

A, B = g.Sublattice.A, g.Sublattice.B
AT = g.Site(0, 0, A)
PLAIN = g.Hoppings(gamma_3=0.0, gamma_4=0.0)


def zeros(sample, tolerance=1e-9):
    return int((np.abs(np.linalg.eigvalsh(g.hamiltonian(sample).toarray())) < tolerance).sum())


def bands(sample, vectors):
    return np.linalg.eigvalsh(g.bloch_hamiltonian(sample, np.atleast_2d(vectors)))


def test_bands_of_a_sheet_with_second_neighbours_in_closed_form():
    # castroneto2009electronic, equation 6: E = +-t sqrt(3 + f) - t' f.
    hoppings = g.Hoppings(nearest=2.7, next_nearest=0.2)
    vectors = np.random.default_rng(0).uniform(-2e10, 2e10, (50, 2))
    kx, ky = (vectors * 0.246e-9).T
    f = 2 * np.cos(kx) + 4 * np.cos(kx / 2) * np.cos(math.sqrt(3) / 2 * ky)
    expected = np.stack([s * 2.7 * np.sqrt(3 + f) - 0.2 * f for s in (-1, 1)], axis=1)
    found = bands(g.supercell((1, 1), hoppings=hoppings), vectors)
    assert found == pytest.approx(np.sort(expected, axis=1), abs=1e-12)


@pytest.mark.parametrize("shape", [(1, 1), (1, 3), (2, 2), (3, 2)])
@pytest.mark.parametrize("stacking", list(g.Stacking))
def test_a_supercell_without_defects_has_the_folded_bands_of_the_cell(shape, stacking):
    hoppings = g.Hoppings(next_nearest=0.1)
    k = np.array([3e9, -5e9])
    shifts = [
        m * RECIPROCAL[0] / shape[0] + n * RECIPROCAL[1] / shape[1]
        for m in range(shape[0])
        for n in range(shape[1])
    ]
    cell = g.supercell((1, 1), stacking=stacking, hoppings=hoppings)
    folded = np.sort(bands(cell, k + np.array(shifts)).ravel())
    assert bands(g.supercell(shape, stacking=stacking, hoppings=hoppings), k)[0] == pytest.approx(
        folded, abs=1e-11
    )


def test_the_sparse_matrix_is_the_dense_one_at_zero_wave_vector():
    cell = g.supercell(
        (4, 5), stacking=g.Stacking.AB_BILAYER, hoppings=g.Hoppings(next_nearest=0.1),
        defects=[g.single_vacancy(rebonding=0.4).at(1, 1), g.interstitial(layer=1, energy=0.3).at(3, 3)],
    )  # fmt: skip
    dense = g.bloch_hamiltonian(cell, np.zeros((1, 2)))[0]
    assert g.hamiltonian(cell).toarray() == pytest.approx(dense, abs=1e-14)


def test_the_bilayer_is_that_of_mccann_and_koshino_at_the_dirac_point():
    # At K only the dimer is coupled: 0, 0, +-gamma_1 (mccann2013electronic).
    k = np.array([2.0 / 3.0, 1.0 / 3.0]) @ RECIPROCAL
    found = bands(g.supercell((1, 1), stacking=g.Stacking.AB_BILAYER), k)[0]
    gamma_1 = g.Hoppings().gamma_1
    assert found == pytest.approx([-gamma_1, 0.0, 0.0, gamma_1], abs=1e-12)


def test_the_bilayer_has_the_mass_of_its_closed_form():
    cell = g.supercell((1, 1), stacking=g.Stacking.AB_BILAYER, hoppings=PLAIN)
    corner = np.array([2.0 / 3.0, 1.0 / 3.0]) @ RECIPROCAL
    hbar = constants.H / (2 * math.pi)
    wrong = []
    for q in (2e7, 1e7):
        energy = bands(cell, corner + np.array([q, 0.0]))[0, 2] * constants.E
        wrong.append(abs(hbar**2 * q**2 / (2 * energy) / g.bilayer_mass(PLAIN) - 1))
    # The quadratic form is the limit: the error falls with the square of q (no warping here).
    assert wrong[1] < 2e-3
    assert wrong[1] < 0.55 * wrong[0]


def test_trigonal_warping_puts_a_cone_of_velocity_v3_at_the_corner():
    # mccann2013electronic: E = v_3 p below the Lifshitz energy, v_3 = sqrt(3) a gamma_3 / (2 hbar).
    hoppings = g.Hoppings(gamma_4=0.0)
    cell = g.supercell((1, 1), stacking=g.Stacking.AB_BILAYER, hoppings=hoppings)
    corner = np.array([2.0 / 3.0, 1.0 / 3.0]) @ RECIPROCAL
    q = 1e5
    slope = bands(cell, corner + np.array([q, 0.0]))[0, 2] / q
    assert slope == pytest.approx(math.sqrt(3) / 2 * 0.246e-9 * hoppings.gamma_3, rel=5e-3)


@pytest.mark.parametrize("stacking", list(g.Stacking))
def test_electron_and_hole_are_alike_where_hoppings_join_two_sublattices_only(stacking):
    def symmetric(hoppings):
        cell = g.supercell(
            (4, 4), stacking=stacking, hoppings=hoppings, defects=[g.joint_double_vacancy().at(1, 1)]
        )
        energy = bands(cell, [4e8, 7e8])[0]
        return np.allclose(energy, -energy[::-1], atol=1e-11)

    assert symmetric(g.Hoppings(gamma_4=0.0))
    assert not symmetric(g.Hoppings(gamma_4=0.0, next_nearest=0.1))
    if stacking is g.Stacking.AB_BILAYER:
        assert not symmetric(g.Hoppings())


@pytest.mark.parametrize(
    ("defects", "states"),
    [
        # Lieb: N_A - N_B of them at least; with the cell's corners off the zone's centre there are no others.
        ([], 0),
        ([g.single_vacancy()], 1),
        ([g.single_vacancy(B)], 1),
        ([g.double_vacancy()], 0),
        ([g.joint_double_vacancy()], 0),
        ([g.single_vacancy(), g.single_vacancy().at(2, 3)], 2),
        ([g.single_vacancy(), g.single_vacancy(B).at(2, 3)], 0),
        ([g.single_vacancy(), g.single_vacancy().at(2, 0), g.single_vacancy().at(1, 3)], 3),
    ],
)
def test_imbalance_of_sublattices_leaves_states_at_zero(defects, states):
    cell = g.supercell((5, 5), defects=[d.at(1, 1) for d in defects])
    assert abs(cell.imbalance) == states == abs(sum(d.imbalance for d in defects))
    found = np.abs(bands(cell, np.array([0.3, 0.2]) @ RECIPROCAL / 5)[0])
    assert int((found < 1e-10).sum()) == states


def test_layers_have_their_own_imbalance():
    hoppings = g.Hoppings(gamma_4=0.0)
    two = g.combine("LSV", g.single_vacancy(B), g.single_vacancy(A, layer=1))
    cell = g.supercell((5, 5), stacking=g.Stacking.AB_BILAYER, defects=[two.at(2, 2)], hoppings=hoppings)
    assert cell.imbalance == 0
    same = g.combine("two", g.single_vacancy(A), g.single_vacancy(A, layer=1))
    cell = g.supercell((5, 5), stacking=g.Stacking.AB_BILAYER, defects=[same.at(2, 2)], hoppings=hoppings)
    assert abs(cell.imbalance) == 2
    assert int((np.abs(bands(cell, np.array([0.3, 0.2]) @ RECIPROCAL / 5)[0]) < 1e-10).sum()) == 2


@pytest.mark.parametrize(
    "defect", [g.single_vacancy(), g.single_vacancy(B), g.double_vacancy(), g.joint_double_vacancy()]
)
def test_bonds_close_between_atoms_that_lost_a_neighbour(defect):
    make = {"SV": g.single_vacancy, "DV": g.double_vacancy, "JDV": g.joint_double_vacancy}[defect.name]
    closed = (
        make(defect.removed[0].sublattice, rebonding=1.0) if defect.name == "SV" else make(rebonding=1.0)
    ).at(3, 3)
    cut = g.supercell((8, 8), defects=[defect.at(3, 3)])
    ends = [cut.row(site) for bond in closed.closed for site in bond[:2]]
    neighbours = np.diff(g.hamiltonian(cut).indptr)
    assert len(set(ends)) == len(ends)
    assert set(neighbours[ends]) == {2}
    # Two atoms of one sublattice, sqrt(3) bonds apart, that had the missing atom between them.
    apart = [
        np.linalg.norm(cut.places[a] - cut.places[b]) for a, b in zip(ends[::2], ends[1::2], strict=True)
    ]
    assert apart == pytest.approx([0.246e-9] * len(apart))
    filled = g.supercell((8, 8), defects=[closed])
    assert set(np.diff(g.hamiltonian(filled).indptr)[ends]) == {3}


def test_a_place_in_the_cell_changes_nothing():
    vector = np.array([1e8, -3e8])
    found = [
        bands(
            g.supercell(
                (5, 6),
                defects=[
                    g.single_vacancy(rebonding=0.5).at(*at),
                    g.interstitial().at((at[0] + 2) % 5, at[1]),
                ],
            ),
            vector,
        )
        for at in ((1, 1), (2, 4), (0, 0), (4, 5))
    ]
    for other in found[1:]:
        assert other == pytest.approx(found[0], abs=1e-11)


def test_an_interstitial_that_is_not_bound_is_an_orbital_of_its_own():
    loose = g.interstitial(share=0.0, energy=0.7).at(1, 1)
    energy = bands(g.supercell((4, 4), defects=[loose]), [1e8, 2e8])[0]
    plain = bands(g.supercell((4, 4)), [1e8, 2e8])[0]
    assert energy == pytest.approx(np.sort([*plain, 0.7]), abs=1e-11)


def test_every_kind_of_bond_stands_once():
    for stacking in g.Stacking:
        kinds = bond_kinds(stacking, g.Hoppings(next_nearest=0.1))
        keys = {k[:4] for k in kinds}
        back = {(k.second, k.first, -k.step_1, -k.step_2) for k in kinds}
        assert len(keys) == len(kinds)
        assert not keys & back


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: g.supercell((8, 8), defects=[g.single_vacancy().at(9, 0)]), "outside the supercell of 8 x 8"),
        (lambda: g.supercell((8, 8), defects=[g.single_vacancy(), g.single_vacancy()]), "overlap at A1"),
        (lambda: g.supercell((8, 8), defects=[g.single_vacancy(), g.double_vacancy()]), "overlap"),
        (lambda: g.supercell((8, 8), defects=[g.single_vacancy(layer=1)]), "AB_BILAYER"),
        (lambda: g.supercell((1, 1), defects=[g.joint_double_vacancy()]), "periodic image"),
        (lambda: g.supercell((0, 8)), "no cells"),
        (lambda: g.combine("X", g.single_vacancy(), g.single_vacancy()), "touch the same atom"),
        (lambda: g.Defect(name="X", removed=(g.Site(0, 0, A), g.Site(0, 0, A))), "overlap"),
        (lambda: g.Defect(name="X", removed=(AT,), added=(g.Adatom(bonds=(AT,)),)), "it removes"),
        (lambda: g.Adatom(bonds=()), "without bonds"),
        (lambda: g.single_vacancy(rebonding=-1.0), "rebonding"),
        (lambda: g.Hoppings(nearest=4.3e-19), "eV, not in J"),
        (lambda: g.Hoppings(nearest=0.3, gamma_1=2.7), "gamma_1"),
        (lambda: g.supercell((8, 8), defects=[g.single_vacancy()]).row(g.Site(0, 0, A)), "no atom"),
        (lambda: g.disordered((8, 8), kinds=[], probability=0.1, seed=0), "no kinds"),
        (lambda: g.disordered((8, 8), kinds=[g.single_vacancy()], probability=1.5, seed=0), "share of"),
        (lambda: g.bloch_hamiltonian(g.supercell((60, 60)), np.zeros((1, 2))), "kernel_polynomials"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_with_its_cure(make, says):
    with pytest.raises(PinchedError, match=says):
        make()


def test_draws_belong_to_cells():
    kinds = [g.single_vacancy(), g.single_vacancy(B), g.double_vacancy()]

    def gone(shape, seed=4):
        return ~g.disordered(shape, kinds=kinds, probability=0.1, seed=seed).present

    small, large = gone((20, 24)), gone((50, 40))
    # The edge apart, where the small sample meets its own image.
    assert (small[2:-2, 2:-2] == large[2:18, 2:22]).all()
    assert (gone((20, 24)) == small).all()
    assert (gone((20, 24), seed=5) != small).any()
    assert (small != large[-20:, -24:]).any()


def test_disorder_has_the_share_that_was_asked_for():
    sample = g.disordered(
        (300, 300), kinds=[g.single_vacancy(), g.single_vacancy(B)], probability=0.02, seed=1
    )
    expected = 0.02 * 300**2
    # Binomial: three and a half standard deviations; single vacancies of one cell per draw never overlap.
    assert abs(sample.placed - expected) < 3.5 * math.sqrt(expected)
    assert sample.sites == 2 * 300**2 - sample.placed
    lost = [int((~sample.present[..., s]).sum()) for s in (0, 1)]
    assert abs(lost[0] - lost[1]) < 3.5 * math.sqrt(expected)


def test_crowded_defects_leave_no_atom_without_its_hole():
    sample = g.disordered((30, 30), kinds=[g.joint_double_vacancy()], probability=0.3, seed=2)
    assert 0 < sample.placed < 0.3 * 900
    assert int((~sample.present).sum()) == 4 * sample.placed
