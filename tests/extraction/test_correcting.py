"""A decision is checked against its file before it is written, and then counts in every reading of the study."""

import json

import numpy as np
import pytest

from pinched._errors import DataFileError, PinchedError
from pinched.data.corrections import FILE, CorrectionKind, read_corrections
from pinched.extraction.correcting import Change, correct, listed
from pinched.extraction.gathering import Source, gather
from pinched.extraction.inspecting import inspect_study, read_study_records
from pinched.extraction.table import Flag

EXCLUDED, SET, CURRENT = (
    CorrectionKind.EXCLUDED_CYCLE,
    CorrectionKind.SET_POINT,
    CorrectionKind.CURRENT_COLUMN,
)


def write_loops(path, cycles=2):
    """`cycles` loops with a SET at 1 V and a RESET at -0.8 V, and a second current of half the size."""
    up = np.arange(0, 61) * 0.025
    v = np.concatenate([up, up[-2::-1], -up[1:], -up[-2::-1]])
    n = np.arange(v.size)
    on = (n >= 40) & (n < 160)
    i = np.where(on, v / 1e3, v / 1e5) * (1 + 0.01 * np.sin(n))
    rows = [f"{a:.3f},{b:.6e},{b / 2:.6e}" for _ in range(cycles) for a, b in zip(v, i, strict=True)]
    path.write_text("V (V),I (A),I2 (A)\n" + "\n".join(rows) + "\n")
    return path


@pytest.fixture
def file(tmp_path):
    write_loops(tmp_path / "d1.csv")
    (tmp_path / "pinched.toml").write_text('[columns]\ncurrent = "I (A)"\n')
    return tmp_path / "d1.csv"


def test_an_excluded_cycle_leaves_every_reading(file):
    done = correct(file, Change(kind=EXCLUDED, cycle=2, reason="tip lifted", author="Ann"))
    assert (done.cycles, len(done.in_force)) == (2, 1)
    assert read_corrections(file.parent) == (done.written,)
    study = gather([file.parent], Source())
    assert (len(study.table), study.excluded) == (1, 1)
    assert any("50 % of the cycles dropped by hand (1 of 2): tip lifted" in line for line in study.said)
    (seen,) = inspect_study([file.parent], Source().reading).files
    assert [item.reason for item in seen.corrections] == ["tip lifted"]


def test_a_point_set_by_hand_is_flagged(file):
    correct(file, Change(kind=SET, cycle=1, value=1.05, reason="by eye"))
    table = gather([file], Source()).table
    assert table.v_set[0] == 1.05
    assert table.v_set_flag[0] is Flag.BY_HAND
    assert table.v_set_flag[1] is not Flag.BY_HAND
    assert "by hand" in table.to_csv()


def test_a_column_chosen_by_hand_is_read_by_everything(file):
    whole = gather([file], Source()).sweeps[0].current
    correct(file, Change(kind=CURRENT, value="I2 (A)", reason="the other meter saturates"))
    np.testing.assert_allclose(gather([file], Source()).sweeps[0].current, whole / 2, rtol=1e-5)
    (record,) = read_study_records([file], Source().reading).records
    np.testing.assert_allclose(record.current, whole / 2, rtol=1e-5)


def test_the_log_only_grows_and_the_last_word_counts(file):
    for k, value in enumerate((0.9, 1.0), 1):
        correct(file, Change(kind=SET, cycle=1, value=value, reason=f"try {k}"))
    done = correct(file, Change(kind=SET, cycle=1, reason="the rule was right", withdrawn=True))
    assert done.in_force == ()
    assert len((file.parent / FILE).read_text().splitlines()) == 3
    assert listed(file) == (str(file.parent / FILE), ())
    assert gather([file], Source()).table.v_set_flag[0] is not Flag.BY_HAND


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (Change(kind=EXCLUDED, cycle=3, reason="x"), r"has 2 cycle\(s\)"),
        (Change(kind=EXCLUDED, cycle=0, reason="x"), "counted from 1"),
        (Change(kind=EXCLUDED, cycle=1, reason=" "), "reason is empty"),
        (Change(kind=SET, cycle=1, value=float("nan"), reason="x"), "does not fit"),
        (Change(kind=CURRENT, value="nothing", reason="x"), "no column 'nothing'"),
        (Change(kind=EXCLUDED, cycle=1, reason="x", withdrawn=True), "in force to withdraw"),
    ],
)
def test_what_cannot_be_meant_is_refused_and_not_written(file, change, message):
    with pytest.raises(PinchedError, match=message):
        correct(file, change)
    assert not (file.parent / FILE).exists()


def test_a_folder_is_no_file(file):
    with pytest.raises(DataFileError, match="one file"):
        correct(file.parent, Change(kind=EXCLUDED, cycle=1, reason="x"))


def test_without_a_study_the_log_lies_beside_the_file(tmp_path):
    path = write_loops(tmp_path / "x.csv")
    done = correct(path, Change(kind=CURRENT, value=2, reason="the other is half of it"))
    assert done.log == str(tmp_path / FILE)
    assert json.loads((tmp_path / FILE).read_text())["value"] == 2
    elsewhere = tmp_path / "b"
    elsewhere.mkdir()
    assert correct(path, Change(kind=CURRENT, value=3, reason="or not"), folder=elsewhere).log == str(
        elsewhere / FILE
    )
