"""Any network of resistances by sparse nodal analysis: exact, slower than the solvers of whole arrays.

Use it for what those do not take: short-circuited cells and wires, broken wires, islands that nothing holds, devices
whose slope depends on two voltages (transistors). `Network` holds branches between nodes; `Network.factored` says
once which nodes are one (short circuits) and which float, and factors the matrix; its `solve` takes any currents and
terminal voltages.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array, csc_array, csr_array
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import SuperLU, splu

from pinched._errors import PinchedError
from pinched.crossbar.wires.solution import relative


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Network:
    """`count` nodes joined by branches; `held` are the nodes whose voltage is given."""

    count: int
    start: np.ndarray
    """Node at which each branch starts."""
    end: np.ndarray
    """Node at which each branch ends."""
    conductance: np.ndarray
    """Of each branch (S); infinite for a short circuit, 0 for a break."""
    held: np.ndarray
    """Nodes whose voltage is given."""

    def factored(self, skew: np.ndarray | None = None, *, solvable: bool = True) -> Factored:
        """The network made ready to be solved.

        `skew` (S): branch current is conductance (v_start - v_end) + skew v_end, for transistors. Without
        `solvable` only the matrix is made. Raises `PinchedError` where a short circuit joins two terminals.
        """
        shorted = np.isinf(self.conductance)
        one = np.ones(int(shorted.sum()))
        joined = coo_array((one, (self.start[shorted], self.end[shorted])), shape=(self.count, self.count))
        merged, node = connected_components(joined, directed=False)
        held = node[self.held]
        if np.unique(held).size < held.size:
            raise PinchedError(
                "a chain of short circuits (resistance 0) joins two terminals, whose currents are then undefined. "
                "Give the lines or their drivers a resistance."
            )
        live = ~shorted & (self.conductance != 0)
        a, b, g = node[self.start[live]], node[self.end[live]], self.conductance[live]
        tie = coo_array((np.ones(g.size), (a, b)), shape=(merged, merged))
        _, island = connected_components(tie, directed=False)
        # An island without a terminal has no voltage of its own; nothing flows in it.
        anchored = np.zeros(island.max() + 1, dtype=bool)
        anchored[island[held]] = True
        free = anchored[island]
        free[held] = False
        place = np.full(merged, -1)
        place[free] = np.arange(int(free.sum()))
        down = -g if skew is None else -g + skew[live]
        rows = np.concatenate([a, a, b, b])
        columns = np.concatenate([a, b, a, b])
        full = coo_array(
            (np.concatenate([g, down, -g, -down]), (rows, columns)), shape=(merged, merged)
        ).tocsr()
        inner = full[free]
        return Factored(
            network=self,
            node=node,
            place=place,
            floating=~anchored[island],
            merged=merged,
            matrix=full,
            coupling=inner[:, held],
            # The matrix is a Laplacian: no pivoting, and the ordering of symmetric matrices.
            lu=splu(
                csc_array(inner[:, free]),
                permc_spec="MMD_AT_PLUS_A",
                diag_pivot_thresh=0.0 if skew is None else 0.1,
                options={"SymmetricMode": skew is None},
            )
            if solvable and free.any()
            else None,
        )


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Factored:
    """A network whose matrix is factored."""

    network: Network
    node: np.ndarray
    """Which merged node each node is."""
    place: np.ndarray
    """Unknown of each merged node, -1 for none."""
    floating: np.ndarray
    """Merged nodes that no terminal reaches."""
    merged: int
    matrix: csr_array
    coupling: csr_array
    lu: SuperLU | None

    def solve(
        self, held: np.ndarray, injected: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray, float]:
        """(voltages (node, input) in V, currents (A) out of the held nodes into the network, residual).

        `held` (terminal, input) in V, `injected` currents (node, input) in A. A node that floats free of every
        terminal is NaN. The residual is the largest violation of Kirchhoff's current law over the largest current.
        """
        right = np.zeros((self.merged, held.shape[1]))
        if injected is not None:
            np.add.at(right, self.node, injected)
        free = self.place >= 0
        voltage = np.zeros((self.merged, held.shape[1]))
        terminals = self.node[self.network.held]
        voltage[terminals] = held
        if self.lu is not None:
            wanted = right[free] - self.coupling @ held
            found = self.lu.solve(wanted)
            # One step of refinement: it costs little and takes the error to rounding.
            inner = self.matrix[free][:, free]
            found += self.lu.solve(wanted - inner @ found)
            voltage[free] = found
        flow = self.matrix @ voltage - right
        current = flow[terminals]
        wires = self.network.conductance
        residual = relative(
            float(np.abs(flow[free]).max(initial=0.0)), (current,), float(np.abs(voltage).max(initial=0.0)),
            float(wires[np.isfinite(wires)].max(initial=0.0)),
        )  # fmt: skip
        voltage[self.floating] = np.nan
        return voltage[self.node], current, residual
