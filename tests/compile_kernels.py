"""Compile the numba kernels before the tests, which would do so in each of their processes.

    python tests/compile_kernels.py

Two processes at once: the time loop of the devices in one, charge transport and the wires of arrays in the other.
Where all of it lies compiled beside the source already, this takes as long as the imports.
"""

import multiprocessing

import numpy as np
import torch

import pinched as pi


def devices() -> None:
    """Runs of a law, without and with gradients, and the draws of cells."""
    wave = pi.triangle("1 V", period="1 s")
    pi.drive(pi.Vteam(), wave, points=20)
    r_off = torch.tensor(1e5, dtype=torch.float64, requires_grad=True)
    pi.drive(pi.Vteam(r_off=r_off), wave, points=20)
    memory = pi.ReramMemory(pi.presets.marraccini2025(), shape=(4, 4), seed=0)
    memory.program(torch.ones(4, 4, dtype=torch.bool))


def transport_and_wires() -> None:
    """A loop of charge transport, and arrays with wires of linear and nonlinear cells."""
    accuracy = pi.Accuracy.fast
    device, wave = pi.presets.spetzler2023(), pi.triangle("1 V", period="1 s")
    pi.solve(device, wave, accuracy=accuracy)
    pi.solve_batch([device, device], wave, accuracy=accuracy)
    pi.Crossbar(np.full((8, 4), 1e-4), wire_resistance="1 ohm").solve(np.full(8, 0.2))
    cells = pi.DeviceCells(law=pi.OhmicConduction(conductance=1e-4))
    array = pi.NonlinearCrossbar(cells=cells, shape=(4, 4), wire_resistance="1 ohm")
    pi.read_cell(array, 1, 1, voltage="0.6 V", scheme=pi.Scheme.FLOATING)


if __name__ == "__main__":
    torch.set_num_threads(1)
    other = multiprocessing.get_context("spawn").Process(target=devices)
    other.start()
    transport_and_wires()
    other.join()
    raise SystemExit(other.exitcode)
