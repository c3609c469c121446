"""Results of a solved array as files: every voltage and current, numbers, figures, a netlist."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from pinched._files import write_text
from pinched.crossbar.wires.solution import ArraySolution
from pinched.report.figure_files import write_figure
from pinched.report.figures_crossbar import Lines, plot_currents, plot_ir_drop, plot_node_voltages
from pinched.report.style import Width, new_figure, paper_style

MARK = "array.json"
"""A folder that holds this file is a solved array's and may be replaced."""


def array_record(
    solution: ArraySolution, ideal: np.ndarray, applied: np.ndarray, about: Mapping[str, Any]
) -> dict[str, Any]:
    """The solution as plain data, SI with the unit in each key; `about` comes first.

    `ideal` are the currents (A) of the bit lines without wires, `applied` what `applied_voltage` gives; NaN is null.
    """
    lost = np.abs(applied) - np.abs(solution.device_voltage)
    return {
        **about,
        "simulated": True,
        "method": solution.method.value,
        "iterations": solution.iterations,
        "residual": solution.residual,
        "word_line_current_A": solution.word_line_current.tolist(),
        "bit_line_current_A": solution.bit_line_current.tolist(),
        "bit_line_current_without_wires_A": _plain(ideal),
        "largest_ir_drop_V": None if np.isnan(lost).all() else float(np.nanmax(lost)),
    }


def _plain(values: np.ndarray) -> list[float | None]:
    return [float(v) if np.isfinite(v) else None for v in values]


def write_array(
    folder: Path,
    solution: ArraySolution,
    applied: np.ndarray,
    record: Mapping[str, Any],
    texts: Mapping[str, str],
) -> None:
    """Write array.json, solution.npz (all voltages and currents), maps (PDF, SVG, PNG), and `texts` by file name."""
    names = (
        "word_line_current", "bit_line_current", "word_voltage", "bit_voltage", "device_voltage", "device_current",
    )  # fmt: skip
    np.savez_compressed(folder / "solution.npz", **{name: getattr(solution, name) for name in names})
    for name, text in texts.items():
        write_text(folder / name, text)
    with paper_style():
        figure, axes = new_figure(Width.DOUBLE, 12.0, rows=2, columns=2)
        plot_node_voltages(solution, axes[0, 0], lines=Lines.WORD)
        plot_node_voltages(solution, axes[0, 1], lines=Lines.BIT)
        plot_ir_drop(solution, axes[1, 0], applied=applied)
        plot_currents(solution, axes[1, 1])
        write_figure(folder, "maps", figure)
    write_text(folder / MARK, json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
