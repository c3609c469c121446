"""Every bad input is refused with path, place, what was found and what to do; nothing else is ever raised."""

import gzip
import io
import os
import re
import zipfile

import numpy as np
import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.limits import within
from pinched._errors import DataFileError, PinchedError
from pinched.data.read import Columns, ReadOptions, read_folder, read_sweeps

GOOD = "V,I\n" + "".join(
    f"{k / 10:.1f},{k * 1.5e-6:.3e}\n" for k in [*range(10), *range(10, -10, -1), *range(-10, 1)]
)


def refuse(path, content, options=None):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataFileError) as caught:
        read_sweeps(path, options)
    error = caught.value
    assert error.path == str(path)
    assert error.found
    assert error.cure.strip().endswith((".", ")"))
    return error


@pytest.mark.parametrize(
    ("content", "place", "found"),
    [
        ("", "", "empty"),
        (" \n\n ", "", "blanks"),
        ("V,I\n", "", "no line of numbers"),
        ("V,I\n1.0,1e-6\n", "V, I", "single sample"),
        ("hello world\nthis is a letter\n", "", "no line of numbers"),
        (GOOD + "abc,1e-6\n1.0,2e-6\n", "line 43", "'abc' stands in column 1 'V'"),
        (GOOD + "1.0,1e-\n", "line 43", "'1e-' stands in column 2 'I'"),
        (GOOD + "1.0\n", "line 43", "1 cells where the other rows have 2"),
        (GOOD + "1.0,2e-6,3\n", "line 43", "3 cells where the other rows have 2"),
        (GOOD + "1.0,\n0.9,1e-6\n", "line 43", "column 2 'I' is empty"),
        (GOOD + "abc,def\n1.0,2e-6\n", "line 43", "'abc'"),
        (GOOD + "1.0,NaN\n0.9,1e-6\n", "line 43", "NaN"),
        (GOOD + "1.0,nan\n", "line 43", "NaN"),
        (GOOD + "1.0,--\n", "line 43", "'--'"),
        (GOOD + "1.0,9.91e37\n1.1,9.9e37\n", "line 43", "overflow"),
        (GOOD + "1.0,1e38\n", "line 43", "overflow"),
        (GOOD + "1.0,-inf\n", "line 43", "overflow"),
        (GOOD + "1.0,inf\n", "line 43", "overflow"),
        ("V;I\n950;1e-6\n1,000;2e-6\n1,050;3e-6\n900;4e-6\n", "line 2", "thousands grouped"),
        ("V,I\n0,1,1,5\n0,2,2,5\n", "line 1", "2 heads stand over 4 columns"),
        ("V,I\n1,0.1,1e-6\n2,0.2,2e-6\n", "line 1", "2 heads stand over 3 columns"),
        ("1,5\n2,5\n3,5\n", "line 1", "decimal comma"),
        ("t,V\n" + "".join(f"{k},{k % 7}\n" for k in range(30)), "t, V", "a voltage but no current"),
        ("t,r\n0,1e4\n1,1e4\n", "t, r", "resistance over time"),
        ("t,I\n0,1e-4\n1,1e-4\n", "t, I", "a current but no voltage"),
        ("V,J (A/cm2)\n0,1e-4\n1,1e-4\n", "V, J", "a voltage but no current"),
        ("1\n2\n3\n", "", "one column"),
        ("device,V,I\nA,0,1e-9\n,1,2e-9\nB,0,1e-9\nB,1,3e-9\n", "line 3", "is empty"),
        (b"\x00\x01\x02\xff\xfe\x07" * 300, "", "neither text nor a workbook"),
        (bytes(range(1, 32)) * 50, "", "neither text nor a workbook"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "", "a picture"),
        (b"\x89HDF\r\n\x1a\n" + bytes(100), "", "HDF5"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000), "", "not a readable workbook"),
        (b"\x1f\x8b\x08\x00broken", "", "damaged"),
        (gzip.compress(GOOD.encode(), mtime=0)[:60], "", "damaged"),
        (gzip.compress(b"", mtime=0), "", "empty"),
    ],
)
def test_bad_content(tmp_path, content, place, found):
    error = refuse(tmp_path / "bad.csv", content)
    assert place in error.place
    assert re.search(re.escape(found), error.found), str(error)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("a.opju", "ASCII in Origin"),
        ("a.xtr", "CSV in EasyExpert"),
        ("a.mpr", "EC-Lab"),
        ("a.mat", "writematrix"),
    ],
)
def test_closed_formats_say_what_to_export(tmp_path, name, hint):
    assert hint in refuse(tmp_path / name, b"CPX\x00\x01\x02\x00" * 50).cure


@pytest.mark.parametrize("text", ['{"voltage": [0, 1], "current": [0, 1e-6]}', '[\n {"v": 0.1, "i": 1e-6}]'])
def test_json_says_what_to_write(tmp_path, text):
    assert "columns of a CSV" in refuse(tmp_path / "a.txt", text.encode()).cure


def test_a_closed_suffix_over_plain_text_is_read(tmp_path):
    path = tmp_path / "a.xls"
    path.write_text(GOOD.replace(",", "\t"))
    assert len(read_sweeps(path)[0]) == 41


def test_missing_paths(tmp_path):
    (tmp_path / "loop.csv").write_text(GOOD)
    for path in (tmp_path / "lop.csv", tmp_path / "nowhere" / "a.csv", str(tmp_path / "*.xls"), "a\x00b"):
        with pytest.raises(DataFileError):
            read_sweeps(path)
    with pytest.raises(DataFileError, match=r"loop\.csv"):
        read_sweeps(tmp_path / "lop.csv")
    with pytest.raises(PinchedError, match="no path"):
        read_sweeps([])
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataFileError, match="no data file"):
        read_sweeps(tmp_path / "empty")
    (tmp_path / "empty" / "README.md").write_text("hello")
    with pytest.raises(DataFileError, match=r"no data file.*README"):
        read_sweeps(tmp_path / "empty")


def test_special_files_do_not_hang(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(DataFileError, match="ordinary file"):
        read_sweeps(tmp_path / "pipe.csv")


@pytest.mark.parametrize("bad", ["1.0,NaN\n", "1.0,9.91e37\n", "1.0,abc\n", "1.0\n", "1.0,\n"])
def test_bad_rows_can_be_dropped_and_are_counted(tmp_path, bad):
    path = tmp_path / "a.csv"
    path.write_text(GOOD.replace("0.5,7.500e-06\n", bad, 1))
    (sweep,) = read_sweeps(path, ReadOptions(drop_bad_rows=True))
    assert len(sweep) == 40
    assert any(guess.startswith("1 rows") and "line 7" in guess for guess in sweep.provenance.guesses)


def test_bad_cells_in_columns_that_nobody_needs_are_no_matter(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("V,I,R\n0,0,NaN\n1,1e-6,inf\n0.5,1e-6,#DIV/0!\n0,1e-9,\n")
    assert len(read_sweeps(path)[0]) == 4


def test_several_bad_files_are_counted_and_named(tmp_path):
    (tmp_path / "good.csv").write_text(GOOD)
    for name in ("bad1.csv", "bad2.csv", "bad3.csv"):
        (tmp_path / name).write_text("junk")
    with pytest.raises(DataFileError, match=r"bad1.*3 files cannot be used.*bad2.*bad3"):
        read_sweeps(tmp_path)
    result = read_folder(tmp_path)
    assert len(result.sweeps) == 1
    assert [error.path[-8:] for error in result.skipped] == ["bad1.csv", "bad2.csv", "bad3.csv"]


def workbook() -> bytes:
    book = openpyxl.Workbook()
    for row in [["V", "I"], *([k / 10, k * 1e-6] for k in range(20))]:
        book.active.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def test_broken_workbooks(tmp_path):
    whole = workbook()
    refuse(tmp_path / "cut.xlsx", whole[: len(whole) // 2])
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("data.csv", GOOD)
    refuse(tmp_path / "zip.xlsx", stream.getvalue())
    book = openpyxl.Workbook()
    empty = io.BytesIO()
    book.save(empty)
    assert "no sheet holds" in refuse(tmp_path / "empty.xlsx", empty.getvalue()).found


def test_text_in_a_sheet_names_the_row(tmp_path):
    book = openpyxl.Workbook()
    for row in [["V", "I"], [0, 0], [1, "n.a."], [2, 2e-6], [1, 1e-6]]:
        book.active.append(row)
    book.save(tmp_path / "a.xlsx")
    with pytest.raises(DataFileError, match=r"(line|row) 3.*n\.a\."):
        read_sweeps(tmp_path / "a.xlsx")


def test_decimal_comma_is_never_read_as_something_else(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("V;I\n1,5;1,5E-6\n2,5;2,5E-6\n")
    (sweep,) = read_sweeps(path)
    np.testing.assert_allclose(sweep.voltage, [1.5, 2.5])
    np.testing.assert_allclose(sweep.current, [1.5e-6, 2.5e-6])
    path.write_text("V;I\n1.000,5;1E-6\n2.000,5;2E-6\n")
    np.testing.assert_array_equal(read_sweeps(path)[0].voltage, [1000.5, 2000.5])
    refuse(path, "V;I\n900;1,5E-6\n1.000;2,5E-6\n1.100;2,5E-6\n")
    refuse(path, "V;I\n1,5;1E-6\n2.5;2E-6\n2,5;2E-6\n")
    refuse(path, "V\tI\n1,234,567\t1\n1,234,568\t2\n")


def survive(path, content, options=None):
    """Sweeps of `content`, or none when it is refused; any other exception, or an unforeseen error, fails."""
    path.write_bytes(content)
    try:
        with within(60):
            return read_sweeps(path, options)
    except PinchedError as error:
        message = str(error)
    assert "Please report" not in message
    return []


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=400))
def test_any_bytes(tmp_path, content):
    survive(tmp_path / "a.csv", content)
    survive(
        tmp_path / "a.csv", content, ReadOptions(columns=Columns(voltage=1, current=2), drop_bad_rows=True)
    )


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(alphabet="VIt,;\t\n 0123456789.-+eE#\"'()[]/nauAm", max_size=300))
def test_any_text(tmp_path, content):
    for options in (None, ReadOptions(drop_bad_rows=True, decimal=","), ReadOptions(separator=" ")):
        survive(tmp_path / "a.csv", content.encode(), options)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.integers(0, len(GOOD)), at=st.integers(0, len(GOOD) - 1), byte=st.integers(0, 255))
def test_mutated_and_truncated_text(tmp_path, cut, at, byte):
    whole = bytearray(GOOD.encode())
    for sweep in survive(tmp_path / "a.csv", bytes(whole[:cut])):
        assert len(sweep) <= 41
    whole[at] = byte
    survive(tmp_path / "a.csv", bytes(whole))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.floats(0, 1), at=st.floats(0, 1), byte=st.integers(0, 255))
def test_mutated_and_truncated_workbooks(tmp_path, cut, at, byte):
    whole = bytearray(workbook())
    survive(tmp_path / "a.xlsx", bytes(whole[: int(cut * len(whole))]))
    whole[int(at * (len(whole) - 1))] = byte
    survive(tmp_path / "a.xlsx", bytes(whole))
