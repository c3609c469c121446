"""Outputs are whole or absent, and never take the place of somebody else's files."""

import pytest

from pinched._errors import PinchedError
from pinched._files import MARK, output_folder, write_text


def test_a_failing_run_leaves_what_was_there(tmp_path):
    out = tmp_path / "out"
    with output_folder(out) as folder:
        write_text(folder / MARK, "1")

    def fail():
        with output_folder(out) as folder:
            write_text(folder / MARK, "2")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert (out / MARK).read_text() == "1"
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_an_earlier_report_is_replaced_whole(tmp_path):
    out = tmp_path / "out"
    with output_folder(out) as folder:
        write_text(folder / MARK, "1")
        write_text(folder / "old.txt", "old")
    with output_folder(out) as folder:
        write_text(folder / MARK, "2")
    assert sorted(p.name for p in out.iterdir()) == [MARK]
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_a_folder_of_somebody_else_is_refused(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(PinchedError, match="not written by pinched"), output_folder(tmp_path):
        pass
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_a_file_is_refused(tmp_path):
    (tmp_path / "x").write_text("")
    with pytest.raises(PinchedError, match="is a file"), output_folder(tmp_path / "x"):
        pass
