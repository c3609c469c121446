"""The log of corrections: append-only, every damaged line named, the last word about a target counts."""

import dataclasses
import json
import math
import os
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pinched._errors import PinchedError
from pinched.data.corrections import (
    FILE,
    Correction,
    CorrectionKind,
    append_correction,
    corrected_options,
    in_force,
    read_corrections,
)
from pinched.data.options import Columns, ReadOptions

SHA = "ab" * 32
NOW = datetime(2025, 3, 1, 12, 30, tzinfo=UTC)


def correction(kind=CorrectionKind.EXCLUDED_CYCLE, **more):
    values = {"sha256": SHA, "reason": "probe slipped", "time": NOW, **more}
    if kind not in (
        CorrectionKind.VOLTAGE_COLUMN, CorrectionKind.CURRENT_COLUMN, CorrectionKind.TIME_COLUMN
    ):  # fmt: skip
        values.setdefault("cycle", 1)
    return Correction(kind=kind, **values)


def columns():
    return st.sampled_from(
        [CorrectionKind.VOLTAGE_COLUMN, CorrectionKind.CURRENT_COLUMN, CorrectionKind.TIME_COLUMN]
    )


TEXT = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=30)
COMMON = {
    "sha256": st.sampled_from(["0" * 64, SHA, "f" * 64]),
    "reason": TEXT.filter(str.strip),
    "author": TEXT | st.just(""),
    "time": st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=2))])),
}
VOLTS = st.floats(-100, 100).filter(bool)
ANY = st.one_of(
    st.builds(Correction, kind=columns(), value=TEXT | st.integers(1, 99), **COMMON),
    st.builds(
        Correction,
        kind=st.sampled_from([CorrectionKind.SET_POINT, CorrectionKind.RESET_POINT]),
        cycle=st.integers(1, 5),
        value=VOLTS | st.none(),
        **COMMON,
    ),
    st.builds(
        Correction,
        kind=st.just(CorrectionKind.EXCLUDED_CYCLE),
        cycle=st.integers(1, 5),
        withdrawn=st.booleans(),
        **COMMON,
    ),
)


@settings(max_examples=25)  # each appends and waits for the disk
@given(st.lists(ANY, max_size=8))
def test_what_is_appended_is_read_back_in_order(tmp_path_factory, entries):
    folder = tmp_path_factory.mktemp("log")
    for entry in entries:
        append_correction(folder, entry)
    assert read_corrections(folder) == tuple(entries)
    if entries:
        assert (folder / FILE).read_bytes().count(b"\n") == len(entries)


@given(st.lists(ANY, max_size=20))
def test_the_last_word_about_a_target_counts(entries):
    found = in_force(entries)
    for target, entry in found.items():
        assert entry.target == target
        assert not entry.withdrawn
        later = entries[max(k for k, e in enumerate(entries) if e is entry) + 1 :]
        assert all(e.target != target for e in later)
    withdrawn = {e.target for e in entries} - set(found)
    for target in withdrawn:
        assert [e for e in entries if e.target == target][-1].withdrawn


@settings(max_examples=40)
@given(st.lists(ANY, min_size=1, max_size=3), st.data())
def test_a_damaged_line_is_named_or_still_says_the_same_kind_of_thing(tmp_path_factory, entries, data):
    folder = tmp_path_factory.mktemp("log")
    for entry in entries:
        append_correction(folder, entry)
    content = bytearray((folder / FILE).read_bytes())
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] = data.draw(st.integers(0, 255))
    (folder / FILE).write_bytes(content)
    try:
        found = read_corrections(folder)
    except PinchedError as error:
        assert f"{FILE}, line " in str(error)  # noqa: PT017
    else:
        assert all(isinstance(entry, Correction) for entry in found)


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("{", "no JSON"),
        ("[]", "no JSON object"),
        ("3", "no JSON object"),
        ("[" * 5000, "no JSON"),
        (json.dumps({"kind": "SET point"}), "lacks 'time'"),
        (json.dumps({"extra": 1}), "unknown key 'extra'"),
        (json.dumps({"cycle": True}), "True"),
        (json.dumps({"reason": None}), "None"),
        (json.dumps({"time": "x", "kind": "SET point", "sha256": SHA, "reason": "r"}), "isoformat"),
        (json.dumps({"time": NOW.isoformat(), "kind": "magic", "sha256": SHA, "reason": "r"}), "magic"),
        (json.dumps({"time": "2025-01-01", "kind": "SET point", "sha256": SHA, "reason": "r", "cycle": 1}), "zone"),
        ('{"value": ' + "1" * 200_000 + "}", "bytes long"),
        ('{"value": NaN}', "lacks"),
    ],
)  # fmt: skip
def test_damaged_lines_are_named(tmp_path, line, word):
    append_correction(tmp_path, correction())
    with (tmp_path / FILE).open("a", encoding="utf-8") as stream:
        stream.write("\n" + line + "\n")
    with pytest.raises(PinchedError, match="line 3") as error:
        read_corrections(tmp_path)
    assert word in str(error.value)


def test_no_file_is_no_correction_and_windows_lines_are_read(tmp_path):
    assert read_corrections(tmp_path) == ()
    append_correction(tmp_path, correction())
    path = tmp_path / FILE
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert read_corrections(tmp_path) == (correction(),)


def test_nothing_is_appended_to_half_a_line(tmp_path):
    append_correction(tmp_path, correction())
    path = tmp_path / FILE
    half = path.read_bytes()[:-10]
    path.write_bytes(half)
    with pytest.raises(PinchedError, match="cut off"):
        append_correction(tmp_path, correction(cycle=2))
    assert path.read_bytes() == half


def test_many_writers_lose_nothing(tmp_path):
    append_correction(tmp_path, correction(cycle=100))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda k: append_correction(tmp_path, correction(cycle=k)), range(1, 41)))
    assert sorted(entry.cycle for entry in read_corrections(tmp_path)) == [*range(1, 41), 100]


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="rights do not bind this user")
def test_a_file_without_rights_is_an_error(tmp_path):
    append_correction(tmp_path, correction())
    (tmp_path / FILE).chmod(0)
    with pytest.raises(PinchedError, match="rights"):
        read_corrections(tmp_path)


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"sha256": "abc"}, "sha256"),
        ({"sha256": SHA.upper()}, "sha256"),
        ({"reason": "  "}, "reason"),
        ({"time": datetime(2025, 1, 1)}, "time zone"),
        ({"cycle": None}, "cycle"),
        ({"cycle": 0}, "cycle"),
        ({"value": 1.0}, "value"),
        ({"kind": CorrectionKind.SET_POINT, "value": math.nan}, "value"),
        ({"kind": CorrectionKind.SET_POINT, "value": "high"}, "value"),
        ({"kind": CorrectionKind.SET_POINT, "value": 1.0, "withdrawn": True}, "value"),
        ({"kind": CorrectionKind.VOLTAGE_COLUMN, "value": 0}, "value"),
        ({"kind": CorrectionKind.VOLTAGE_COLUMN, "value": 1, "cycle": 1}, "whole file"),
    ],
)
def test_corrections_that_say_too_little_are_refused(values, word):
    with pytest.raises(PinchedError, match=word):
        correction(**values)


def test_chosen_columns_reach_the_reader():
    log = [
        correction(CorrectionKind.VOLTAGE_COLUMN, value="V1"),
        correction(CorrectionKind.VOLTAGE_COLUMN, value="V2"),
        correction(CorrectionKind.CURRENT_COLUMN, value=3),
        correction(CorrectionKind.CURRENT_COLUMN, withdrawn=True),
        correction(CorrectionKind.TIME_COLUMN, value=1, sha256="0" * 64),
    ]
    start = ReadOptions(columns=Columns(current="I"), flip=True)
    found = corrected_options(start, log, SHA)
    assert found == dataclasses.replace(start, columns=Columns(voltage="V2", current="I"))
    assert corrected_options(start, log, "f" * 64) is start
