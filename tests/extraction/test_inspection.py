"""What an inspection finds: columns and how they are known, numbers of the sweeps, everything that looks wrong."""

import dataclasses
import json
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pinched._errors import PinchedError
from pinched.data.corrections import Correction, CorrectionKind
from pinched.data.kinds import DataKind, Use
from pinched.data.names import NamePattern
from pinched.data.options import Columns, ReadOptions
from pinched.data.settings import Origin
from pinched.extraction.inspected import Basis, plain
from pinched.extraction.inspection import inspect_paths
from pinched.extraction.suspicions import Doubt


def loop(peak=1.0, points=100):
    up = np.linspace(0, peak, points, endpoint=False)
    return np.concatenate([up, up[::-1], -up[1:], -up[::-1]])


def current(voltage, scale=1e-6):
    # Odd in V, without round numbers, without a plateau, with an open loop.
    half = np.arange(voltage.size) % (voltage.size // 2) < voltage.size // 4
    return scale * (voltage + 0.3 * voltage**3) * np.where(half, 0.1, 1.0) * 1.0123456789


def write(path, heads, *columns, preamble=(), end=""):
    rows = [",".join(f"{value:.7g}" for value in row) + end for row in zip(*columns, strict=True)]
    lines = [*preamble, *([",".join(heads) + end] if heads else []), *rows]
    path.write_text("\n".join(lines) + "\n")
    return path


def doubts(path, **options):
    (file,) = inspect_paths(path, ReadOptions(**options)).files
    return {item.doubt for item in file.suspicions}


def test_a_clean_file_raises_no_doubt(tmp_path):
    v = loop()
    path = write(
        tmp_path / "clean.csv", ["time (s)", "V (V)", "I (uA)"], np.arange(v.size) * 0.02, v, current(v, 1.0),
        preamble=["# compliance_current: 100 uA", "# temperature: 300 K"],
    )  # fmt: skip
    found = inspect_paths(path)
    (file,) = found.files
    assert file.suspicions == ()
    assert (file.kind, file.problem) == (DataKind.SWEEP, "")
    assert (file.sweeps, file.cycles, file.records) == (1, 1, 0)
    assert file.devices == ("clean",)
    assert file.sampling.points == (v.size, v.size)
    assert file.sampling.voltage_range == pytest.approx((v.min(), v.max()))
    assert file.sampling.voltage_step == pytest.approx(0.01, rel=1e-3)
    assert file.sampling.rate == pytest.approx(0.5, rel=1e-3)
    assert file.sampling.duration == pytest.approx(0.02 * (v.size - 1))
    assert file.compliance.stated == pytest.approx((1e-4,))
    assert file.compliance.origin is Origin.FILE
    assert file.compliance.detected is None
    assert len(file.sha256) == 64
    assert {item.name for item in file.settings} >= {"temperature"}
    assert [(c.use, c.unit, c.factor, c.unit_basis) for c in file.columns] == [
        (Use.TIME, "s", 1.0, Basis.HEAD), (Use.VOLTAGE, "V", 1.0, Basis.HEAD), (Use.CURRENT, "A", 1e-6, Basis.HEAD),
    ]  # fmt: skip
    assert all(c.used for c in file.columns)
    assert found.proposal is None


def test_how_columns_are_known(tmp_path):
    v = loop()
    bare = write(tmp_path / "bare.csv", [], v, current(v))
    (file,) = inspect_paths(bare).files
    assert {(c.use, c.use_basis, c.unit_basis) for c in file.columns} == {
        (Use.VOLTAGE, Basis.NUMBERS, Basis.ASSUMED), (Use.CURRENT, Basis.NUMBERS, Basis.ASSUMED),
    }  # fmt: skip
    said = ReadOptions(columns=Columns(voltage=1, current=2), current_unit="mA", compliance_current="1 mA")
    (file,) = inspect_paths(bare, said).files
    assert {(c.use, c.use_basis) for c in file.columns} == {
        (Use.VOLTAGE, Basis.USER), (Use.CURRENT, Basis.USER),
    }  # fmt: skip
    assert (file.columns[1].factor, file.columns[1].unit_basis) == (1e-3, Basis.USER)
    assert file.compliance.origin is Origin.USER


def test_each_doubt_is_found(tmp_path):
    v, path = loop(), tmp_path / "x.csv"
    i = current(v)
    heads = ["V (V)", "I (A)"]
    assert doubts(write(path, heads, v, i)) == set()
    assert doubts(write(path, heads, v, np.abs(i) + 1e-12)) == {Doubt.ABSOLUTE_CURRENT}
    assert doubts(write(path, ["V (V)", "I (mA)"], v, i)) == {Doubt.IMPLAUSIBLE_UNIT}
    assert doubts(write(path, heads, v, i * 1e8)) == {Doubt.IMPLAUSIBLE_UNIT}
    assert doubts(write(path, heads, v, i * 1e-9)) == {Doubt.IMPLAUSIBLE_UNIT}
    assert doubts(write(path, heads, v * 1e5, i)) == {Doubt.IMPLAUSIBLE_UNIT}
    assert doubts(write(path, [*heads, "absI (A)"], v, i, np.abs(i))) == {Doubt.MULTIPLE_COLUMNS}
    assert doubts(write(path, [*heads, "x"], v, i, v * 2.5)) == {Doubt.MULTIPLE_COLUMNS}
    time = np.arange(v.size) * 0.1
    time[50] = 0
    assert doubts(write(path, ["t (s)", *heads], time, v, i)) == {Doubt.TIME_BACKWARDS}
    assert doubts(write(path, heads, v, i, end=",")) == {Doubt.TRAILING_COLUMN}
    rounded = np.array([float(f"{x:.1e}") for x in i])
    assert Doubt.ROUNDED_VALUES in doubts(write(path, heads, v, rounded))
    some = np.where(np.arange(i.size) % 10 == 3, rounded, i)
    assert doubts(write(path, heads, v, some)) == {Doubt.ROUNDED_VALUES}
    assert doubts(write(path, heads, np.tile(v, 2), np.tile(i, 2))) == {Doubt.DUPLICATE_ROWS}
    assert doubts(write(path, heads, v, np.clip(i, -1, 4e-7))) == {Doubt.CLIPPED_CURRENT}
    assert doubts(write(path, heads, np.clip(v, -0.95, 0.95), i)) == {Doubt.SATURATED_VOLTAGE}
    assert doubts(write(path, heads, v, i + 1e-7 * i.max() / 1e-6)) == {Doubt.OFFSET_AT_ZERO}


def test_a_stated_compliance_explains_a_flat_top(tmp_path):
    v = loop()
    path = write(tmp_path / "x.csv", ["V (V)", "I (A)"], v, np.clip(current(v), -1, 4e-7))
    assert doubts(path, compliance_current="400 nA") == set()
    assert doubts(path, compliance_current="1 mA") == {Doubt.CLIPPED_CURRENT}


def test_small_numbers_with_fixed_decimals_are_not_called_typed(tmp_path):
    v = loop()
    path = tmp_path / "x.csv"
    lines = [f"{a:.3f},{b:.5f}" for a, b in zip(v, current(v, 30.0), strict=True)]
    path.write_text("\n".join(["V (V),I (uA)", *lines]) + "\n")
    assert Doubt.ROUNDED_VALUES not in doubts(path)


def test_many_suspicions_of_one_kind_are_told_together(tmp_path):
    v = loop()
    columns = [current(v) * k for k in range(1, 9)]
    path = write(tmp_path / "x.csv", ["V (V)", *(f"I_exp{k} (A)" for k in range(1, 9))], v, *columns)
    (file,) = inspect_paths(path).files
    assert [item.doubt for item in file.suspicions] == [Doubt.MULTIPLE_COLUMNS] * 4
    assert file.suspicions[-1].text == "the same 4 more times"


def test_what_cannot_be_used_is_described(tmp_path):
    (tmp_path / "junk.csv").write_bytes(bytes(range(256)) * 20)
    (tmp_path / "empty.csv").write_bytes(b"")
    (tmp_path / "broken.csv").write_text("V (V),I (A)\n0.1,1e-6\n0.2,oops\n0.3,3e-6\n")
    found = {f.file.rpartition("/")[2]: f for f in inspect_paths(tmp_path).files}
    assert "line 3" in found["broken.csv"].problem
    assert found["broken.csv"].columns
    assert "empty" in found["empty.csv"].problem
    assert found["junk.csv"].kind is DataKind.UNKNOWN
    assert found["junk.csv"].problem
    with pytest.raises(PinchedError, match="no such"):
        inspect_paths(tmp_path / "nothing.csv")


def test_names_are_read_or_proposed(tmp_path):
    v = loop()
    for device in ("a", "b"):
        (tmp_path / device).mkdir()
        for cycle in (1, 2):
            write(
                tmp_path / device / f"2V_{cycle}.csv", ["V (V)", "I (A)"], v, current(v) * (1 + 0.1 * cycle)
            )
    found = inspect_paths(tmp_path)
    assert found.proposal.pattern.text == "{device}/{stop}V_{cycle}"
    (tmp_path / "b" / "odd.csv").write_text((tmp_path / "b" / "2V_2.csv").read_text())
    named = inspect_paths(tmp_path, pattern=found.proposal.pattern)
    assert named.proposal is None
    assert [f.devices for f in named.files[:4]] == [("a",), ("a",), ("b",), ("b",)]
    assert named.files[0].name.get("stop") == 2.0
    assert {i.doubt for i in named.files[4].suspicions} == {Doubt.NAME_MISFIT}
    below = inspect_paths(
        tmp_path / "a" / "2V_1.csv", pattern=NamePattern("{device}/{stop}V_{cycle}"), folder=tmp_path
    )
    assert below.files[0].name.device == "a"


def test_columns_chosen_by_hand_are_honoured(tmp_path):
    v = loop()
    path = write(tmp_path / "x.csv", ["V (V)", "I (A)", "I leak (A)"], v, current(v), current(v, 3e-7) * v)
    digest = inspect_paths(path).files[0].sha256
    chosen = Correction(
        kind=CorrectionKind.CURRENT_COLUMN, sha256=digest, value=3, reason="swapped", time=datetime.now(UTC)
    )
    other = dataclasses.replace(chosen, sha256="0" * 64)
    (file,) = inspect_paths(path, corrections=[chosen, other]).files
    assert [c.number for c in file.columns if c.use is Use.CURRENT and c.used] == [3]
    assert file.corrections == (chosen,)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(Doubt),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
        max_leaves=10,
    )
)
def test_plain_values_are_json(value):
    made = plain(value)
    text = json.dumps(made, allow_nan=False)
    # Read again it is the same: nothing was turned into text of its own on the way.
    assert json.dumps(json.loads(text)) == json.dumps(made)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.lists(st.floats(-10, 10) | st.just(float("nan")), min_size=2, max_size=4), min_size=1, max_size=20
    )
)
def test_any_table_is_inspected_or_refused(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("any") / "x.csv"
    path.write_text("\n".join(",".join(map(repr, row)) for row in rows) + "\n")
    record = inspect_paths(path).record()
    text = json.dumps(record, allow_nan=False)
    assert json.loads(text)
    assert path.name in text


def test_the_real_files(measurements):
    nbsto, knowm = "nbsto_tiotto/imported_data/data/", "knowm_sdc_tariq/main/"
    names = [
        "siox_bianchi2023/siox_exp001-055.csv", nbsto + "Radius 10 um/-4V_1.csv", nbsto + "Radius 10 um/-4V_2.csv",
        nbsto + "large/-1V_9.csv", nbsto + "Radius 100 um/-3V_0.csv", knowm + "IV_Curve_Fitting/File1IV.txt",
        knowm + "GaussianFiTConductance/M5/conductance_values1L.txt",
        "tio2_drift_elgeresy2024/data/drift/d67_sa20_10/11_22_proc.csv",
        "mos2_lee_metrics/data/derived/df6_enriched.csv",
    ]  # fmt: skip
    found = inspect_paths([measurements / name for name in names])
    by_name = {file.file.removeprefix(str(measurements) + "/"): file for file in found.files}
    json.dumps(found.record(), allow_nan=False)

    def seen(name):
        return {item.doubt for item in by_name[name].suspicions}

    siox = by_name["siox_bianchi2023/siox_exp001-055.csv"]
    assert (siox.sweeps, siox.cycles, len(siox.columns)) == (55, 55, 56)
    assert seen("siox_bianchi2023/siox_exp001-055.csv") == {Doubt.ABSOLUTE_CURRENT}
    assert Doubt.TRAILING_COLUMN in seen(nbsto + "Radius 10 um/-4V_1.csv")
    assert Doubt.MULTIPLE_COLUMNS in seen(nbsto + "large/-1V_9.csv")
    assert Doubt.CLIPPED_CURRENT in seen(nbsto + "Radius 100 um/-3V_0.csv")
    assert by_name[nbsto + "Radius 10 um/-4V_2.csv"].kind is DataKind.UNKNOWN
    assert Doubt.IMPLAUSIBLE_UNIT in seen(knowm + "IV_Curve_Fitting/File1IV.txt")
    assert Doubt.ROUNDED_VALUES in seen(knowm + "GaussianFiTConductance/M5/conductance_values1L.txt")
    assert by_name["tio2_drift_elgeresy2024/data/drift/d67_sa20_10/11_22_proc.csv"].kind is DataKind.RETENTION
    assert by_name["mos2_lee_metrics/data/derived/df6_enriched.csv"].kind is DataKind.RESULTS
    # With the unit that the set's README calls right, the doubt is gone.
    (file,) = inspect_paths(
        measurements / knowm / "IV_Curve_Fitting/File1IV.txt", ReadOptions(current_unit="uA")
    ).files
    assert Doubt.IMPLAUSIBLE_UNIT not in {item.doubt for item in file.suspicions}
