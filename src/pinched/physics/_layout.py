"""Names of the numbers that the compiled loops are given: one device as arrays.

Of the compiled functions only those that Python calls are cached: a function that comes from the cache is not inlined
where it is called, which makes the loop slower.

`Scaled` is a device at one temperature in reduced units: potentials in kT/q, densities as fractions of their scale,
contents as numbers per area. Carriers are numbered: 0 electrons, 1 holes, 2 vacancies.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

# Columns of the matrix of layers.
PERMITTIVITY, IMAGE, MASS_N, MASS_P, MU_N, MU_P, MU_X, GAP, AFFINITY, LEVEL, LIMIT, DOPING = range(12)
TRAPS, TRAP_DEPTH, TRAP_SECTION, LAYER_COLUMNS = 12, 13, 14, 15

# Columns of the matrix of contacts (left, right).
KIND, BARRIER, CONTACT_COLUMNS = 0, 1, 2
SCHOTTKY, OHMIC = 0.0, 1.0

# How the barrier answers to the image force.
NO_LOWERING, FROZEN, FOLLOWING = 0, 1, 2

# Columns of the numbers at each contact in reduced units.
PSI, GAIN, SPREAD, V_N, V_P, EQ_N, EQ_P, LEVEL_N, LEVEL_P, DELTA_0, IS_OHMIC, END_COLUMNS = range(12)

# How a run ended.
DONE, FULL, NO_EQUILIBRIUM, NO_STEP, TOO_MANY = 0, 1, 2, 3, 4


class Scaled(NamedTuple):
    """A device at one temperature. Arrays over edges have one entry fewer than those over nodes."""

    h: np.ndarray
    """Lengths of the cells (m)."""
    lam: np.ndarray
    """Permittivity of an edge over its length, as charges per area and kT/q."""
    k: np.ndarray
    """(carrier, edge) mobility times kT/q times scale over length (1/m^2/s)."""
    wl: np.ndarray
    """(carrier, node) content of the half cell on the left at fraction 1 (1/m^2)."""
    wr: np.ndarray
    """(carrier, node) the same on the right."""
    sl: np.ndarray
    """(carrier, node) what the level gains from the node's own layer to the layer on its left."""
    sr: np.ndarray
    """(carrier, node) the same to the layer on its right."""
    face: np.ndarray
    """Number of the face at a node between two layers, else -1."""
    faces: np.ndarray
    """Nodes between two layers."""
    fixed: np.ndarray
    """Immobile positive charges of the cells (1/m^2)."""
    traps: bool
    """Whether any layer has traps."""
    tn: np.ndarray
    """(side, node) traps of the half cells (1/m^2)."""
    ta: np.ndarray
    """(side, node) capture rate at fraction 1 (1/s)."""
    tb: np.ndarray
    """(side, node) emission over capture at fraction 1 without excess."""
    ends: np.ndarray
    """(contact, column) numbers of the contacts, see the names above."""


class Work(NamedTuple):
    """What one Newton iteration computes of a state. The carrier comes first, so that loops over nodes run along
    memory."""

    y: np.ndarray
    """(carrier, node) fraction; at a face that on its left side."""
    dy: np.ndarray
    """(carrier, node) slope of the fraction by the unknown."""
    g: np.ndarray
    """(carrier, node) excess of the level."""
    dg: np.ndarray
    """(carrier, node) slope of the excess by the unknown."""
    beyond: np.ndarray
    """(face, carrier, 4) the same four on the right side of a face."""
    q: np.ndarray
    """(carrier, edge) argument of the Bernoulli function."""
    b: np.ndarray
    """(carrier, edge) its value."""
    db: np.ndarray
    """(carrier, edge) its slope."""
    flux: np.ndarray
    """(carrier, edge) particle flux to the right (1/m^2/s)."""
    by_drop: np.ndarray
    """(carrier, edge) its slope by the drop of the potential, right less left."""
    by_left: np.ndarray
    """(carrier, edge) its slope by the unknown on the left."""
    by_right: np.ndarray
    """(carrier, edge) its slope by the unknown on the right."""
    content: np.ndarray
    """(carrier, or 3 for traps, and node) particles of the cell of a node (1/m^2)."""
    slope: np.ndarray
    """(carrier, or 3 for traps, and node) slope of the content by the unknown."""
    x: np.ndarray
    """(unknown, node) change of the unknowns."""
    block: np.ndarray
    """(node, unknown, 8) what the elimination leaves: four coefficients of the next node, four right-hand sides."""
