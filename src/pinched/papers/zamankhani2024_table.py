"""The page of `zamankhani2024.reproduce`: what the paper says, what is found here, what was to be reached."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pinched.papers.comparison import Comparison, Goal


def comparisons(found: Mapping[str, Any]) -> tuple[Comparison, ...]:
    """Statements of the paper beside what is found here."""
    hdinn, constant, paper = found["hdinn"], found["constant"], found["paper"]
    speed, e = found["detail"]["speed"], found["e"]
    width = found["detail"]["sets"]
    curve = found["detail"]["learning_curve"]
    lengths = found["detail"]["hdinn"][0]["u"]["by_length"]["mse"]
    return (
        Comparison(
            where="abstract, 6",
            what="MSE of the published network on held-back devices",
            paper=f"{paper['mse']} (no unit)",
            ours=f"{hdinn['mse_own']:.2g} of log conductance on 0 to 1; {hdinn['mse_global']:.2g} of the current on "
            f"0 to 1, where a constant has {constant['mse_global']:.2g}",
            why="The paper does not say in what. On one linear scale for devices whose currents span tens of decades "
            "the constant's own error is far below the stated number, so it is no error of that kind.",
        ),
        Comparison(
            where="abstract, 6",
            what="MAE of it",
            paper=f"{paper['mae']} (no unit)",
            ours=f"{hdinn['mae_own']:.2g} of log conductance on 0 to 1; {hdinn['mae_global']:.2g} of the current, "
            f"where a constant has {constant['mae_global']:.2g}",
            why="RMSE over MAE of the paper is 15: few points carry nearly all of its error.",
        ),
        Comparison(
            where="5",
            what="what it is tested on",
            paper="300 runs of table 1",
            ours=f"{width['u']['held_back']} devices of the resolved table, {width['e']['held_back']} of the "
            "memristive window",
            why="96 % of the resolved draws are plain diodes, resistors or open: figures on them say nothing of "
            "hysteresis.",
        ),
        Comparison(
            where="5",
            what="time to train on 700 runs",
            paper="less than 1 hour",
            ours=f"{hdinn['train_seconds']:.0f} s of CPU time; the best network on all runs "
            f"{found['train_seconds']:.0f} s",
            why="",
        ),
        Comparison(
            where="6",
            what="time of one simulated run",
            paper="about 4 hours",
            ours=f"{1e3 * speed['engine']:.0f} ms; the best network {1e6 * speed['best_batch']:.0f} us "
            f"({found['speedup_paper']:.1g} times the paper's)",
            why="Another solver of the same equations, on another mesh: two workflows, not two algorithms.",
        ),
        Comparison(
            where="figure 4a",
            what="MSE against the predicted length",
            paper="rises slightly",
            ours=f"{lengths[0]:.2g} over the first tenth of the samples, {lengths[4]:.2g} over half, "
            f"{lengths[-1]:.2g} over all",
            why="",
        ),
        Comparison(
            where="figure 4b",
            what="MSE against the number of runs",
            paper="falls",
            ours=f"HDiNN {curve['hdinn'][0]:.2g} with {curve['runs'][0]} runs, {curve['hdinn'][-1]:.2g} with "
            f"{curve['runs'][-1]}; the best network {curve['best'][0]:.2g} and {curve['best'][-1]:.2g}",
            why="Set E, one scale for both.",
        ),
        Comparison(
            where="-",
            what="devices that do hysterese: median NRMSE, loops wider than 5 %",
            paper="not shown",
            ours=f"{_percent(e['nrmse_median'])}, {_percent(e['loop_nrmse_median'])} of {e['loops']} loops",
            why="",
        ),
    )


def goals(found: Mapping[str, Any]) -> tuple[Goal, ...]:
    """The numbers that were to be reached, over seeds, beside the published network and a constant."""
    hdinn = found["detail"]["hdinn"]
    rows = []
    for name, title, reach in (
        ("u", "set U", ("0.9999", "0.005", "0.4 %", "0.8 %", "1.5 %")),
        ("e", "set E", ("0.9995", "0.008", "1 %", "-", "5 %")),
    ):
        twins = [one[name]["scores"] for one in hdinn]
        none = hdinn[0][name]["baselines"]["constant median"]
        kind = "log10 conductance (decades)"
        rows += [
            _goal(found, f"{name}.r2_log", f"{title}: R2 of log10 conductance", f">= {reach[0]}", _six, min,
                  [t["errors"][kind]["r2"] for t in twins], none["errors"][kind]["r2"]),
            _goal(found, f"{name}.mae_median", f"{title}: decades, median conducting run", f"<= {reach[1]}", _three,
                  max, [t["decades_conducting"]["median"] for t in twins], none["decades_conducting"]["median"]),
        ]  # fmt: skip
        for figure, text, goal in (
            ("median", "median", reach[2]), ("mean", "mean", reach[3]), ("p90", "90 %", reach[4])
        ):  # fmt: skip
            rows.append(
                _goal(
                    found, f"{name}.nrmse_{figure}", f"{title}: NRMSE, {text}", goal if goal == "-" else f"<= {goal}",
                    _percent, max, [t["nrmse"][figure] for t in twins], none["nrmse"][figure],
                )
            )  # fmt: skip
    twins = [one["e"]["scores"] for one in hdinn]
    none = hdinn[0]["e"]["baselines"]["constant median"]
    rows += [
        _goal(found, "e.loop_nrmse_median", "loops wider than 5 %: NRMSE, median", "<= 2 %", _percent, max,
              [t["nrmse_loops"]["median"] for t in twins], none["nrmse_loops"]["median"]),
        _goal(found, "e.loop_r2", "set E: R2 of the loop width", ">= 0.95", _three, min,
              [t["loop_width"]["r2"] for t in twins], none["loop_width"]["r2"]),
        _goal(found, "e.loop_error_median", "loops wider than 5 %: median error of the width", "<= 0.08", _three, max,
              [t["loop_width"]["relative_error"] for t in twins], none["loop_width"]["relative_error"]),
        _goal(found, "ratio_u", "set U: 1 - R2 of the published network over ours", ">= 700", _plain, min, [], None),
        _goal(found, "ratio_e", "set E: 1 - R2 of the published network over ours", ">= 80", _plain, min, [], None),
        _goal(found, "coverage90", "set E: share inside the 90 % intervals", "87 to 93 %", _percent, min, [], None),
        _goal(found, "coverage90_u", "set U: share inside the 90 % intervals", "87 to 93 %", _percent, min, [], None),
        Goal(
            what="set E under other waveforms (cycles, unequal branches, holds, pulses): NRMSE, median; one network",
            reach="<= 3 %", mean=_percent(found["any"]["others_nrmse_median"]), worst="-", twin="-",
            baseline=_percent(
                found["detail"]["any_waveform"]["others"]["baselines"]["constant median"]["nrmse"]["median"]
            ),
        ),
        _once("CPU time of the engine over the best network, per device of a batch", ">= 500",
              found["speedup_fixed"]),
        _once("the same for the network for any waveform", ">= 100", found["speedup_any"]),
    ]  # fmt: skip
    return tuple(rows)


def _goal(
    found: Mapping[str, Any], key: str, what: str, reach: str, shown: Callable[[float], str],
    worst: Callable[[list[float]], float], twins: list[Any], none: Any,
) -> Goal:  # fmt: skip
    values = [v for v in found["seeds"][key] if v is not None]
    known = [t for t in twins if t is not None]
    return Goal(
        what=what, reach=reach, mean=shown(sum(values) / len(values)) if values else "-",
        worst=shown(worst(values)) if values else "-",
        twin=shown(sum(known) / len(known)) if known else "-", baseline="-" if none is None else shown(none),
    )  # fmt: skip


def _once(what: str, reach: str, value: float) -> Goal:
    return Goal(what=what, reach=reach, mean=f"{value:.0f}", worst="-", twin="-", baseline="-")


def _six(value: float) -> str:
    return f"{value:.5f}"


def _three(value: float) -> str:
    return f"{value:.3g}"


def _plain(value: float) -> str:
    return f"{value:.0f}"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.3g} %"


def as_text(found: Mapping[str, Any]) -> str:
    """The page, as Markdown."""
    sets, seeds = found["detail"]["sets"], len(found["seeds"]["e.r2_log"])
    lines = [
        "# Zamankhani (2024): the hysteresis of simulated devices, learnt",
        "",
        "Every number is of SIMULATED devices. Set U is the published table where it is resolved, set E the "
        "window of it",
        f"in which devices are memristive. {sets['u']['training']} and {sets['e']['training']} runs trained, "
        f"{sets['u']['held_back']} and {sets['e']['held_back']} devices were never seen. Under other waveforms were "
        f"{sets['others']['training']} and {sets['others']['held_back']} devices of the window of E.",
        "",
        "| where | what | paper | here | why they differ |",
        "|---|---|---|---|---|",
        *(f"| {c.where} | {c.what} | {c.paper} | {c.ours} | {c.why} |" for c in comparisons(found)),
        "",
        f"## Over {seeds} seed{'s' if seeds != 1 else ''}",
        "",
        "| what | to be reached | mean | worst seed | HDiNN | constant |",
        "|---|---|---|---|---|---|",
        *(f"| {g.what} | {g.reach} | {g.mean} | {g.worst} | {g.twin} | {g.baseline} |" for g in goals(found)),
    ]
    refused = found["hdinn"]["refused"]
    if refused:
        lines += [
            "",
            "## Why figures of the published network are no headline",
            "",
            *(f"- {t}" for t in refused),
        ]
    lines += [
        "", "## Figures", "",
        "![deviation of each run](deviation.png)", "![curves of chosen devices](curves.png)",
        "![length and number of runs](lengths_and_sizes.png)",
    ]  # fmt: skip
    for head, notes in (("Shortened", found["shortened"]), ("Left out", found["left_out"])):
        if notes:
            lines += ["", f"## {head}", "", *(f"- {note}" for note in notes)]
    return "\n".join(lines) + "\n"
