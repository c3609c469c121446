"""zamankhani2024: the keys, what stands beside them, that a stopped run goes on, and that lints speak."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from pinched.cli import app
from pinched.papers import zamankhani2024 as paper
from pinched.papers import zamankhani2024_figures as figures
from pinched.papers import zamankhani2024_parts as computed
from pinched.papers.zamankhani2024_parts import Plan
from pinched.papers.zamankhani2024_table import comparisons, goals
from pinched.physics.presets.zamankhani2024 import Restriction
from surrogate_cases import closed_form_runs

KEYS = (
    "hdinn.mse_global", "hdinn.mae_global", "constant.mse_global", "constant.mae_global", "hdinn.r2_log", "u.r2_log",
    "u.mae_median", "u.nrmse_median", "e.r2_log", "e.mae_median", "e.nrmse_median", "e.nrmse_p90",
    "e.loop_nrmse_median", "e.loop_r2", "ratio_u", "ratio_e", "speedup_fixed", "speedup_any", "coverage90", "runs",
    "train_seconds",
)  # fmt: skip

TINY = Plan(
    uniform=90, memristive=150, others=60, judged=40, hdinn_seeds=2, seeds=1, members=2, hdinn_epochs=3,
    best_epochs=12, any_epochs=2, sizes=(30,), curve_epochs=4, timed_runs=1, timed_batch=20,
)  # fmt: skip


def value(found, key):
    for part in key.split("."):
        found = found[part]
    return found


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """All parts on currents of a closed form: everything but the engine's runs and the figures."""
    out = tmp_path_factory.mktemp("run")
    data = computed.divided(
        closed_form_runs(TINY.uniform, 1, Restriction.RESOLVED),
        closed_form_runs(TINY.memristive, 2),
        closed_form_runs(TINY.others, 3),
        TINY,
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(figures, "write_figures", never_drawn)
        return paper.measured(data, TINY, out), data, out


def never_drawn(_found, _folder):
    """In the place of figures that another test looks at."""


def test_every_number_is_there_and_in_its_place(finished):
    found, data, out = finished
    assert found == json.loads((out / "numbers.json").read_text(encoding="utf-8"))
    for key in KEYS:
        assert np.isfinite(value(found, key)), key
    assert found["runs"] == TINY.uniform + TINY.memristive + TINY.others
    assert found["any"]["others_nrmse_median"] > 0.0
    assert len(found["seeds"]["hdinn.r2_log"]) == 2
    assert found["hdinn"]["r2_log"] == pytest.approx(np.mean(found["seeds"]["hdinn.r2_log"]))
    # The constant's error does not hang on any network: the same from the runs alone.
    held, known = data.uniform_test.current, data.uniform.current
    scale = np.ptp(known)
    seen = found["detail"]["hdinn"][0]["u"]["baselines"]["constant mean"]["errors"]["global linear min-max"]
    assert 0.3 < seen["mse"] / np.mean(((held - known.mean()) / scale) ** 2) < 3.0
    left = 1.0 - found["detail"]["best"][0]["e"]["r2_on_the_samples_of_hdinn"]
    first = found["detail"]["hdinn"][0]["e"]["scores"]["errors"]["log10 conductance (decades)"]["r2"]
    assert found["seeds"]["ratio_e"][0] == pytest.approx((1.0 - first) / left)
    assert found["ratio_e"] > 1.0


def test_the_page_puts_the_paper_beside_ours_and_says_what_is_missing(finished):
    found, _, out = finished
    page = (out / "table.md").read_text(encoding="utf-8")
    assert all(
        line.count("|") == 6 for line in page.splitlines() if line.startswith(("| abstract", "| figure"))
    )
    assert "0.002 (no unit)" in page
    assert "SIMULATED" in page
    assert "150 runs of the memristive window instead of 60000" in page
    assert "not public" in page
    assert len(comparisons(found)) == 8
    rows = goals(found)
    assert len(rows) == 20
    assert all(row.mean != "-" for row in rows)


def test_a_stopped_run_goes_on_from_its_parts(finished, monkeypatch):
    found, data, out = finished

    def never(*_args, **_kwargs):
        raise AssertionError("computed again")

    for name in ("hdinn", "best", "learning_curve", "speeds"):
        monkeypatch.setattr(computed, name, never)
    monkeypatch.setattr(figures, "write_figures", never_drawn)
    assert paper.measured(data, TINY, out) == found


@pytest.mark.slow
def test_figures_are_drawn_from_the_numbers_alone(finished, tmp_path):
    found, *_ = finished
    figures.write_figures(json.loads(json.dumps(found)), tmp_path)
    for kind in ("png", "pdf", "svg"):
        assert {path.stem for path in tmp_path.glob(f"*.{kind}")} == {
            "curves",
            "deviation",
            "lengths_and_sizes",
        }
        assert all(path.stat().st_size > 2000 for path in tmp_path.glob(f"*.{kind}"))


def test_errors_of_all_lengths_end_at_the_whole(finished):
    found, *_ = finished
    one = found["detail"]["best"][0]["u"]
    assert one["by_length"]["mse"][-1] == pytest.approx(np.mean(one["per_run"]))
    assert one["by_length"]["share"] == pytest.approx(np.arange(1, 11) / 10)


@pytest.mark.slow
def test_the_command_simulates_and_says_what_it_shortened(tmp_path, monkeypatch):
    pytest.importorskip("zarr")
    tiny = Plan(
        uniform=32, memristive=32, others=32, judged=10, hdinn_seeds=1, seeds=1, members=1, hdinn_epochs=1,
        best_epochs=1, any_epochs=1, sizes=(18,), curve_epochs=1, timed_runs=2, timed_batch=10,
    )  # fmt: skip
    monkeypatch.setattr(paper, "FAST", tiny)
    arguments = ["reproduce", "zamankhani2024", "--fast", "--json", "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(app, arguments, env={"NO_COLOR": "1"})
    assert done.exit_code == 0, done.stderr
    found = json.loads(done.stdout)
    assert 85 <= found["runs"] <= 96
    assert found["fast"]
    assert found["data_seconds"] > 0
    shown = CliRunner().invoke(app, [a for a in arguments if a != "--json"], env={"NO_COLOR": "1"})
    assert shown.exit_code == 0, shown.stderr
    assert "Shortened:" in shown.stdout
