"""The numbers of `marraccini2025.reproduce` with a goal: mean and worst seed, float twin, trivial baseline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pinched.papers.comparison import Goal


def goals(found: Mapping[str, Any]) -> tuple[Goal, ...]:
    """The numbers with a goal; without MNIST those of the digits alone."""
    digits, mnist = found["digits"], found["mnist"]
    flips = digits["flips"]
    float_nets, chance = share(digits["float_perfect_fraction"]), share(digits["baseline"])
    plain = ("10 of 10 digits", float_nets, "0 %")
    rows = [
        _goal(digits, "qat3_perfect_fraction", "3 bits, trained for them: networks with", ">= 99.5 %", *plain),
        _goal(digits, "qat2_perfect_fraction", "2 bits, trained for them: networks with", ">= 98 %", *plain),
        _goal(digits, "paper3_perfect_fraction", "3 bits, paper's conversion: networks with", "37 +- 5 %", *plain),
        _goal(
            digits, "devices.fresh_mean", "3 bits, arrays written once:", "64.8 +- 2 %",
            "mean accuracy", share(digits["devices"]["accuracy_float"]), chance,
        ),
        _goal(
            digits, "devices.repaired_perfect_fraction", "3 bits, verified, two spares:", ">= 99.5 %",
            "perfect arrays", "100.0 %", "0 %",
        ),
        _goal(
            digits, "flips_mean", "3 bits, all 200 flips:", ">= 97 %",
            f"accuracy (ceiling {share(digits['flips_ceiling'])})", share(flips["aware_float"]), chance,
        ),
    ]  # fmt: skip
    if mnist["float"] is None:
        return tuple(rows)
    frequent = share(mnist["baseline"], 2)
    for key, reach in (
        ("qat4", 0.975),
        ("qat3", 0.973),
        ("qat2", 0.970),
        ("literal_qat4", 0.93),
        ("literal_qat3", 0.92),
    ):
        net = "784-10-10-10-10" if key.startswith("literal") else "784-128-64-32-10"
        twin = mnist["literal_float"] if key.startswith("literal") else mnist["float"]
        rows.append(
            _goal(
                mnist,
                key,
                f"MNIST, {net}, {key[-1]} bits:",
                f">= {share(reach)}",
                "accuracy",
                share(twin, 2),
                frequent,
            )
        )
    rows.append(
        Goal(
            what="MNIST, 4 bits, cells of 40 % yield, map and verification: points below clean",
            reach="<= 0.3",
            mean=_hundredths(mnist["devices_gap"]),
            worst=_hundredths(mnist["range"]["devices_gap"][1]),
            twin=share(mnist["float"], 2),
            baseline=frequent,
        )
    )
    return tuple(rows)


def _goal(
    part: Mapping[str, Any], key: str, before: str, reach: str, of: str, twin: str, baseline: str
) -> Goal:
    low, high = part["range"][key]
    seeds = part["seeds"][key]
    mean = sum(seeds) / len(seeds)
    # Where a number is to be met and not to be exceeded, the worst is the one farthest from it.
    if "+-" in reach:
        target = float(reach.split()[0]) / 100
        low = max((low, high), key=lambda value: abs(value - target))
    return Goal(
        what=f"{before} {of}",
        reach=reach,
        mean=share(mean, 2),
        worst=share(low, 2),
        twin=twin,
        baseline=baseline,
    )


def share(value: float | None, decimals: int = 1) -> str:
    """A share (0 to 1) in percent; "-" for None."""
    return "-" if value is None else f"{100 * value:.{decimals}f} %"


def points(value: float | None) -> str:
    """A difference of shares in percentage points; "-" for None."""
    return "-" if value is None else f"{_hundredths(value)} points"


def _hundredths(value: float) -> str:
    # Zero is added so that a difference below the last digit is no "-0.00".
    return f"{round(100 * value, 2) + 0.0:.2f}"
