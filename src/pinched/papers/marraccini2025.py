"""marraccini2025fast: Ag/MoS2/Au memristors as binary memory for the weights of a network.

The paper's measured files are not public in full; what it states are the distributions of 47 devices.
`write_simulated_sweeps` makes sweeps from them, labelled as simulated, for the demonstration;
`reproduce_fresh_write` stores networks in arrays of such devices and says what is left of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pinched._files import output_folder, write_text
from pinched._progress import Progress, Silent
from pinched.devices.presets.marraccini2025 import SENSE_THRESHOLD, WRITE_VOLTAGE, marraccini2025
from pinched.devices.simulated import draw_devices, simulate_sweep
from pinched.networks.convert import TwosComplement, convert
from pinched.networks.datasets import digits5x4
from pinched.networks.evaluation import evaluate
from pinched.networks.mlp import mlp
from pinched.networks.quantization import ClipQuantizer, PaperQuantizer
from pinched.networks.score import Score
from pinched.networks.training import train

NOTE = "README_SIMULATED.md"
"""Name of the file that says that a folder of sweeps is simulated."""


def write_simulated_sweeps(folder: Path, *, devices: int = 47, seed: int = 0) -> Path:
    """Write one CSV file per device, drawn from the published distributions; returns `folder`.

    Every file says in its first line that it is simulated, and its name begins with "simulated".
    """
    drawn = draw_devices(marraccini2025(), devices, seed=seed)
    with output_folder(folder, mark=NOTE) as aside:
        write_text(
            aside / NOTE,
            "The sweeps in this folder are SIMULATED: no instrument measured them.\n"
            f"{devices} devices were drawn (seed {seed}) from the distributions of V_SET, V_RESET, LRS and HRS that\n"
            "Marraccini et al. published (doi 10.1039/d5nr02690c), by pinched.papers.marraccini2025.\n",
        )
        for k, device in enumerate(drawn, start=1):
            name = f"simulated_{k:03d}"
            sweep = simulate_sweep(device, name=name, seed=seed)
            write_text(aside / f"{name}.csv", sweep.to_csv())
    return folder


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class FreshWrite:
    """What is left of the 20-20-20-10 digits network after one unverified write; all over many arrays."""

    paper_rule: Score
    """3 bits, the paper's quantizer: written with +-5 V."""
    overlap_only: Score
    """The same words, every write succeeding: what the overlap of the two states alone costs."""
    quantization_aware: Score
    """3 bits, quantization-aware training, written with +-5 V."""


def reproduce_fresh_write(
    *, arrays: int = 4000, seed: int = 0, progress: Progress | None = None
) -> FreshWrite:
    """Train the paper's digits network, store it in `arrays` arrays of its devices, read it back.

    The paper reports 100 % for its 3-bit network in software and never reads it from its cells.
    """
    tracker, data, device = progress or Silent(), digits5x4(), marraccini2025()
    float_model = train(mlp((20, 20, 20, 10), seed=seed), data, seed=seed, progress=tracker)
    paper, clip = PaperQuantizer(3), ClipQuantizer(3)
    aware = train(float_model, data, quantizer=clip, seed=seed, progress=tracker)

    def stored(model, quantizer, write_voltage: float, training: str) -> Score:
        chip = convert(
            model,
            device=device,
            mapping=TwosComplement(quantizer),
            write_voltage=write_voltage,
            threshold=SENSE_THRESHOLD,
            seed=seed,
        )
        return evaluate(
            chip,
            data,
            arrays=arrays,
            training_data=data,
            float_model=float_model,
            training=training,
            progress=tracker,
        )

    # Far above any drawn V_SET: every write succeeds.
    certain = float(np.exp(12.0))
    return FreshWrite(
        paper_rule=stored(float_model, paper, WRITE_VOLTAGE, "float, then the paper's rule"),
        overlap_only=stored(float_model, paper, certain, "float, then the paper's rule"),
        quantization_aware=stored(aware, clip, WRITE_VOLTAGE, "quantization-aware"),
    )
