"""The keys of numbers.json are a contract; the values are strict JSON, in SI and shares."""

import dataclasses
import json
import subprocess
import sys

import numpy as np
import pytest

from pinched._errors import PinchedError
from pinched.report.numbers import numbers, to_json
from pinched.report.record import RunRecord, collect_files, collect_guesses, describe_run, installed_versions
from pinched.report.references import bibliography, cited, parse_bibtex

TOP = [
    "sweeps", "cycles", "devices", "v_set", "v_reset", "resistance_lrs", "resistance_hrs", "on_off_ratio",
    "on_off_ratio_spread", "yield", "network", "baseline", "bit_error_rate", "checks", "provenance",
]  # fmt: skip
SPREAD = ["n", "median", "mean", "std", "sigma_log", "interval", "unit"]
NETWORK = [
    "name", "bits", "layers", "quantizer", "training", "images", "test_set", "accuracy_float", "loss_float",
    "accuracy_train", "accuracy_quantized", "accuracy_array", "baseline", "baseline_nearest_mean",
    "bit_error_rate", "bit_error_one", "bit_error_zero", "cells", "parameters", "write_voltage", "threshold",
    "storage", "cost", "bake", "sensitivity", "required",
]  # fmt: skip
PROVENANCE = [
    "command_line", "seed", "versions", "files", "started", "duration_s", "read_voltage", "simulated", "skipped",
    "passed_over", "guesses", "assumptions", "references",
]  # fmt: skip


def refuse(constant):
    raise AssertionError(f"{constant} is no JSON")


def strict(text: str):
    return json.loads(text, parse_constant=refuse)


def test_keys_are_the_contract(sweeps, table, fit, score, run):
    found = strict(to_json(numbers(sweeps, table, fit, score, run)))
    assert list(found) == TOP
    for name in ("v_set", "v_reset", "resistance_lrs", "resistance_hrs"):
        assert list(found[name]) == [*SPREAD, "flags", "fit"]
        assert list(found[name]["fit"]) == ["family", "sign", "parameters", "intervals", "aic", "ks_distance"]
        assert found[name]["fit"]["parameters"].keys() == found[name]["fit"]["intervals"].keys()
    assert list(found["on_off_ratio_spread"]) == SPREAD
    assert list(found["yield"]) == ["working", "tested", "interval", "used"]
    assert list(found["network"]) == NETWORK
    assert list(found["network"]["accuracy_array"]) == ["mean", "std", "min", "interval", "arrays", "values"]
    assert list(found["provenance"]) == PROVENANCE
    assert list(found["provenance"]["files"][0]) == ["path", "sha256", "sweeps"]
    assert list(found["provenance"]["references"][0]) == ["key", "text", "url"]


def test_values_are_those_of_the_table_and_the_score(sweeps, table, fit, score, run):
    found = strict(to_json(numbers(sweeps, table, fit, score, run)))
    assert (found["sweeps"], found["cycles"], found["devices"]) == (20, 40, 4)
    assert found["v_set"]["median"] == pytest.approx(np.nanmedian(table.v_set))
    assert found["v_set"]["flags"] == {"abrupt": 38, "gradual": 1, "none": 1}
    assert found["v_reset"]["median"] < 0
    assert found["v_reset"]["fit"]["sign"] == -1
    assert found["resistance_lrs"]["unit"] == "ohm"
    assert found["on_off_ratio"] == pytest.approx(np.nanmedian(table.on_off_ratio))
    assert found["network"]["accuracy_array"]["mean"] == pytest.approx(score.accuracy_array.mean())
    assert found["network"]["accuracy_array"]["interval"] == pytest.approx(score.interval)
    assert found["bit_error_rate"] == pytest.approx(score.bit_error_rate.mean())
    assert found["baseline"] == score.baseline
    assert found["provenance"]["simulated"] is True  # the sweeps say so, whatever the record says
    assert found["provenance"]["read_voltage"] == 0.1
    assert "The forming cycle is left out." in found["provenance"]["assumptions"]
    assert set(fit.assumptions) <= set(found["provenance"]["assumptions"])


def test_without_network_and_fit_the_numbers_are_null(sweeps, rng, make_table):
    table = make_table(1, 1, rng)
    found = strict(to_json(numbers(sweeps[:1], table, None, None, RunRecord(read_voltage=0.1))))
    assert found["network"] is None
    assert found["baseline"] is None
    assert found["v_set"]["fit"] is None
    assert found["v_set"]["std"] is None
    assert found["v_set"]["interval"] == [None, None]
    assert found["yield"]["working"] == 1
    assert found["provenance"]["duration_s"] is None


def test_one_array_has_no_interval(sweeps, table, fit, score, run):
    one = dataclasses.replace(score, accuracy_array=np.array([0.9]), bit_error_rate=np.array([np.nan]))
    found = strict(to_json(numbers(sweeps, table, fit, one, run)))
    assert found["network"]["accuracy_array"]["interval"] == [None, None]
    assert found["network"]["accuracy_array"]["std"] is None
    assert found["bit_error_rate"] is None


def test_numbers_need_neither_matplotlib_nor_torch():
    heavy = "('matplotlib', 'torch', 'jinja2')"
    code = f"import sys, pinched.report.numbers; print([m for m in {heavy} if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_files_and_guesses_are_collected_once(sweeps):
    files = collect_files(sweeps)
    assert [f.path for f in files] == [f"lab/D0{d}.csv" for d in (1, 2, 3, 4)]
    assert [f.sweeps for f in files] == [5, 5, 5, 5]
    assert collect_guesses(sweeps) == ("column 'V' is taken as the voltage (4 files)",)
    record = describe_run(sweeps, read_voltage=0.1)
    assert record.simulated
    assert record.files == files


def test_versions_name_what_the_numbers_depend_on():
    versions = installed_versions()
    assert next(iter(versions)) == "python"
    assert {"pinched", "numpy", "scipy", "torch"} <= versions.keys()


def test_references_are_those_of_what_was_used(fit, score):
    keys = [r.key for r in cited(fit, score)]
    assert keys == sorted(keys)
    assert {"marraccini2025fast", "akaike1974", "bengio2013ste", "kingma2015adam", "lecun1998mnist"} <= set(
        keys
    )
    assert "alpaydin1998digits" not in keys
    assert "akaike1974" not in [r.key for r in cited(None, None)]


UNLINKED = {"roy2025quantum", "zamankhani2024hysteresis", "owen1998scrambling", "farrell2017numerical"}
"""Texts whose address nobody here has seen: none is better than a guessed one."""


def test_every_entry_of_the_bibliography_is_whole():
    entries = bibliography()
    assert len(entries) >= 10
    for key, entry in entries.items():
        assert entry.url.startswith("https://") or key in UNLINKED, key
        assert not set("{}\\") & set(entry.text), entry.text
    ours = entries["marraccini2025fast"]
    assert ours.url == "https://doi.org/10.1039/d5nr02690c"
    assert ours.text.startswith("G. Marraccini, S. Strangio")
    assert "N. Léonard" in entries["bengio2013ste"].text


def test_a_broken_bibliography_is_refused():
    with pytest.raises(PinchedError, match="no year"):
        parse_bibtex("@misc{a,\n  author = {B, C},\n  title = {T},\n}\n")
    whole = "@misc{a,\n  author = {B, C},\n  title = {T},\n  year = {2000},\n}\n"
    with pytest.raises(PinchedError, match="twice"):
        parse_bibtex(whole + whole)
