"""A second solver of the same equations, written to be plain: quasi-Fermi potentials, dense Newton, no elimination.

It shares nothing with the package but the numbers of the device: densities are computed forwards from potentials
(never inverted), the un-lowered potential of the image force is solved for as a field of its own, traps have a level
as an unknown, layers are seen edge by edge, and the derivatives are those of torch. The current is the average over
all edges with the linear test function, not the one at a contact. For small meshes and few steps.
"""

import numpy as np
import torch

from pinched.physics.device import BarrierLowering, OhmicContact

# CODATA 2022, typed here again.
Q, KB, H, EPS0, ME = 1.602176634e-19, 1.380649e-23, 6.62607015e-34, 8.8541878188e-12, 9.1093837139e-31


def half_integral(eta):
    """The closed form of the Fermi-Dirac integral that the specification states."""
    low = torch.log1p(torch.exp(torch.clamp(eta, max=40.0)))
    a = torch.clamp(eta, min=1e-3) ** 0.75
    high = torch.where(a > 30.0, a, torch.log1p(torch.exp(torch.clamp(a, max=30.0))))
    return torch.where(eta < 1.6107, low * (1 + 0.16 * low), 0.3258 - 0.0321 * high + 0.7523 * high**2)


def bernoulli(x):
    safe = torch.where(x.abs() < 1e-3, torch.ones_like(x), x)
    return torch.where(x.abs() < 1e-3, 1 - x / 2 + x**2 / 12 - x**4 / 720, safe / torch.expm1(safe))


class SlowTransport:
    """The equations of `device` on nodes `x`, with the layer of every edge."""

    def __init__(self, device, x, edge_layer, half_cell):
        self.device, self.half_cell = device, half_cell
        self.x = torch.tensor(x)
        self.h = torch.diff(self.x)
        self.n = len(x)
        self.vt = KB * device.temperature / Q
        materials = [layer.material for layer in device.stack]
        on_edges = lambda f: torch.tensor([float(f(materials[j])) for j in edge_layer], dtype=torch.float64)  # noqa: E731
        states = lambda mass: 2 * (2 * np.pi * mass * ME * KB * device.temperature / H**2) ** 1.5  # noqa: E731
        self.eps = on_edges(lambda m: m.permittivity) * EPS0
        self.scale = [
            on_edges(lambda m: states(m.electron_mass)),
            on_edges(lambda m: states(m.hole_mass)),
            on_edges(lambda m: m.vacancy_limit),
        ]
        self.mobility = [
            on_edges(lambda m: m.electron_mobility),
            on_edges(lambda m: m.hole_mobility),
            on_edges(lambda m: m.vacancy_mobility),
        ]
        self.energy = [
            on_edges(lambda m: -m.electron_affinity),
            on_edges(lambda m: -m.electron_affinity - m.band_gap),
            on_edges(lambda m: -m.electron_affinity - m.vacancy_level),
        ]
        self.z = (-1.0, 1.0, 2.0)
        self.doping = on_edges(lambda m: m.doping)
        self.traps = on_edges(lambda m: 0.0 if m.traps is None else m.traps.density)
        depth = on_edges(lambda m: 0.0 if m.traps is None else m.traps.depth)
        self.trap_energy = self.energy[0] - depth
        self.capture = on_edges(
            lambda m: (
                0.0
                if m.traps is None
                else m.traps.cross_section * np.sqrt(3 * KB * device.temperature / (m.electron_mass * ME))
            )
        )
        self.mass = [
            (materials[j].electron_mass, materials[j].hole_mass) for j in (edge_layer[0], edge_layer[-1])
        ]
        self.image = [materials[j].image_permittivity for j in (edge_layer[0], edge_layer[-1])]
        self.at_rest = None

    def split(self, u):
        """psi, psi of the image force, phi_n, phi_p, phi_x, phi_t."""
        return u.reshape(6, self.n)

    def level(self, c, u):
        """Reduced levels of carrier c on both ends of every edge, in the edge's own layer."""
        psi, phi = self.split(u)[0], self.split(u)[2 + c]
        z, e = self.z[c], self.energy[c]
        at = lambda s: z * ((phi[s] - psi[s]) + e) / self.vt  # noqa: E731
        return at(slice(None, -1)), at(slice(1, None))

    def fraction(self, c, eta):
        return torch.sigmoid(eta) if c == 2 else half_integral(eta)

    def store(self, u):
        """Numbers per area at every node: electrons, holes, vacancies, trapped electrons; and the charge."""
        v = 0.5 * self.h
        out = []
        for c in range(3):
            left, right = self.level(c, u)
            cells = torch.zeros(self.n, dtype=torch.float64)
            cells = cells.index_add(0, torch.arange(self.n - 1), v * self.scale[c] * self.fraction(c, left))
            out.append(
                cells.index_add(0, torch.arange(1, self.n), v * self.scale[c] * self.fraction(c, right))
            )
        psi, trap = self.split(u)[0], self.split(u)[5]
        # Traps: filled with the Fermi function of their own level.
        fill = [
            torch.sigmoid((psi[s] - trap[s] - self.trap_energy) / self.vt)
            for s in (slice(None, -1), slice(1, None))
        ]
        cells = torch.zeros(self.n, dtype=torch.float64)
        cells = cells.index_add(0, torch.arange(self.n - 1), v * self.traps * fill[0])
        out.append(cells.index_add(0, torch.arange(1, self.n), v * self.traps * fill[1]))
        fixed = torch.zeros(self.n, dtype=torch.float64)
        fixed = fixed.index_add(0, torch.arange(self.n - 1), v * self.doping)
        fixed = fixed.index_add(0, torch.arange(1, self.n), v * self.doping)
        return out, fixed + out[1] - out[0] + 2 * out[2] - out[3]

    def capture_rate(self, u):
        """Electrons that traps take at every node (1/m^2/s), by the law of the specification."""
        v = 0.5 * self.h
        psi, trap = self.split(u)[0], self.split(u)[5]
        total = torch.zeros(self.n, dtype=torch.float64)
        for s, first in ((slice(None, -1), 0), (slice(1, None), 1)):
            eta = self.level(0, u)[first]
            n = self.scale[0] * half_integral(eta)
            f = torch.sigmoid((psi[s] - trap[s] - self.trap_energy) / self.vt)
            emission = torch.exp(-(self.energy[0] - self.trap_energy) / self.vt - eta)
            rate = v * self.traps * self.capture * n * ((1 - f) - f * emission)
            total = total.index_add(0, torch.arange(first, self.n - 1 + first), rate)
        return total

    def flux(self, c, u):
        """Particle flux over every edge (1/m^2/s)."""
        psi = self.split(u)[0]
        left, right = self.level(c, u)
        fl, fr = self.fraction(c, left), self.fraction(c, right)
        excess = lambda eta, f: eta - torch.log(f)  # noqa: E731
        q = self.z[c] * torch.diff(psi) / self.vt + excess(right, fr) - excess(left, fl)
        return self.mobility[c] * self.vt / self.h * self.scale[c] * (bernoulli(q) * fl - bernoulli(-q) * fr)

    def contact(self, s):
        return self.device.left if s == 0 else self.device.right

    def wall(self, s):
        """Potential (V) of contact s at rest without image force."""
        contact, e = self.contact(s), (0 if s == 0 else -1)
        if isinstance(contact, OhmicContact):
            return self.neutral[s]
        return float(self.energy[0][e]) - contact.barrier

    def pull(self, s, u):
        """Lowering (V) of contact s by the field of the un-lowered potential."""
        if self.device.lowering is BarrierLowering.NONE or isinstance(self.contact(s), OhmicContact):
            return torch.zeros((), dtype=torch.float64)
        image = self.split(u)[1]
        edge = 0 if s == 0 else -1
        field = (image[1] - image[0]) / self.h[0] if s == 0 else (image[-2] - image[-1]) / self.h[-1]
        if self.half_cell:
            field = field + Q * self.store(u)[1][edge] / self.eps[edge]
        rooted = torch.sqrt(Q * torch.clamp(field, min=1e-3) / (4 * np.pi * self.image[s] * EPS0))
        return torch.where(field > 0, rooted, torch.zeros_like(rooted))

    def potentials(self, u, volts):
        """Rows of both Poisson equations."""
        psi, image = self.split(u)[0], self.split(u)[1]
        charge = Q * self.store(u)[1]
        rows = []
        for field, lowered in ((psi, True), (image, False)):
            flow = self.eps * torch.diff(field) / self.h
            inside = (torch.diff(flow) + charge[1:-1]) / (self.eps[1:] / self.h[1:])
            ends = [
                field[0] - self.wall(0) - (self.pull(0, u) if lowered else 0.0),
                field[-1] - self.wall(1) - volts - (self.pull(1, u) if lowered else 0.0),
            ]
            rows.append(torch.cat([ends[0][None], inside, ends[1][None]]))
        return rows

    def equilibrium(self):
        """The state at rest."""
        self.neutral = [self.neutral_level(0), self.neutral_level(-1)]
        psi = torch.linspace(self.wall(0), self.wall(1), self.n, dtype=torch.float64)
        middle = 0.5 * (self.neutral_level(0) + self.neutral_level(-1))
        psi[1:-1] = middle
        u = torch.cat([psi, psi, torch.zeros(4 * self.n, dtype=torch.float64)])
        rows = lambda v: torch.cat([*self.potentials(v, 0.0), v[2 * self.n :]])  # noqa: E731
        self.at_rest = newton(rows, u)
        return self.at_rest

    def neutral_level(self, edge):
        """Potential at which the layer of an edge is neutral, by bisection."""
        low, high = -20.0, 10.0
        for _ in range(100):
            psi = 0.5 * (low + high)
            charge = float(self.doping[edge])
            for c, sign in ((0, -1), (1, 1), (2, 2)):
                eta = torch.tensor(
                    self.z[c] * (float(self.energy[c][edge]) - psi) / self.vt, dtype=torch.float64
                )
                charge += sign * float(self.scale[c][edge] * self.fraction(c, eta))
            fill = 1 / (1 + np.exp(min((float(self.trap_energy[edge]) - psi) / self.vt, 700)))
            charge -= float(self.traps[edge]) * fill
            low, high = (psi, high) if charge > 0 else (low, psi)
        return 0.5 * (low + high)

    def outward(self, c, s, u):
        """Electrons (c = 0) or holes that contact s takes (1/m^2/s)."""
        edge = 0 if s == 0 else -1
        speed = np.sqrt(KB * self.device.temperature / (2 * np.pi * self.mass[s][c] * ME))
        now = self.scale[c][edge] * half_integral(self.level(c, u)[-edge][edge])
        rest = self.at_rest
        if self.device.lowering is BarrierLowering.FOLLOWING:
            gap = float(self.energy[0][edge] - self.energy[1][edge])
            barrier = self.contact(s).barrier
            eta = (-barrier + self.pull(s, u)) if c == 0 else (-(gap - barrier) - self.pull(s, u))
            balance = self.scale[c][edge] * half_integral(eta / self.vt)
        else:
            balance = self.scale[c][edge] * half_integral(self.level(c, rest)[-edge][edge])
        return speed * (now - balance)

    def step(self, before, dt, volts):
        """The state after a step of implicit Euler."""
        old = [part.detach() for part in self.store(before)[0]]

        def rows(u):
            now = self.store(u)[0]
            out = self.potentials(u, volts)
            caught = self.capture_rate(u)
            for c in range(3):
                flux = self.flux(c, u)
                row = (
                    (now[c] - old[c]) / dt
                    + torch.cat([flux, torch.zeros(1)])
                    - torch.cat([torch.zeros(1), flux])
                )
                if c == 0:
                    row = row + caught
                phi = self.split(u)[2 + c]
                if c < 2:
                    for s in range(2):
                        at = torch.zeros(self.n, dtype=torch.float64)
                        at[0 if s == 0 else -1] = 1.0
                        if isinstance(self.contact(s), OhmicContact):
                            row = row * (1 - at) + at * (phi - (0.0 if s == 0 else volts))
                        else:
                            row = row + at * self.outward(c, s, u)
                # A row by its size in the guess, so that the dense solver sees numbers near one.
                out.append(row)
            # A node without traps has no level of them to solve for.
            zero = torch.zeros(1, dtype=torch.float64)
            there = torch.cat([self.traps, zero]) + torch.cat([zero, self.traps]) > 0
            out.append(torch.where(there, (now[3] - old[3]) / dt - caught, self.split(u)[5]))
            return torch.cat(out)

        guess = before.clone()
        return newton(rows, guess)

    def current(self, before, now, dt):
        """Terminal current (A): the mean over all edges, with the linear test function."""
        total = Q * sum(self.z[c] * self.flux(c, now) for c in range(3))
        field = lambda u: -self.eps * torch.diff(self.split(u)[0]) / self.h  # noqa: E731
        total = total + (field(now) - field(before)) / dt
        weight = self.h / self.h.sum()
        return -self.device.geometry.area * float((weight * total).sum())


def newton(rows, u):
    """Dense Newton with limited steps; stops when a full step changes no potential by 1e-12 V."""
    least = np.inf
    for _ in range(60):
        value = rows(u)
        jacobian = torch.autograd.functional.jacobian(rows, u, vectorize=True)
        size = jacobian.abs().amax(dim=1, keepdim=True)
        change = torch.linalg.solve(jacobian / size, -(value / size[:, 0]))
        top = float(change.abs().max())
        u = u + change * min(1.0, 0.1 / top)
        # Quadratic convergence until rounding stops it.
        if top < 1e-11 or (top < 1e-8 and top > 0.3 * least):
            return u
        least = min(least, top)
    raise AssertionError(f"the slow solver did not converge: last change {top} V")
