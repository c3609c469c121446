import json

import pytest

from doubled import doubled
from pinched._errors import PinchedError
from pinched.papers.parts import Job, Parts, begun


def test_a_part_is_computed_once_for_its_options(tmp_path):
    calls = []

    def compute():
        calls.append(1)
        return {"value": (1.0, 2.0)}

    parts = Parts(tmp_path / "parts")
    first = parts.get("a", {"seed": 0}, compute)
    assert parts.get("a", {"seed": 0}, compute) == first == {"value": [1.0, 2.0]}
    assert len(calls) == 1
    parts.get("a", {"seed": 1}, compute)
    assert len(calls) == 2


@pytest.mark.parametrize("content", ["", "{", "[]", '{"options": {}}'])
def test_a_damaged_part_is_computed_anew(tmp_path, content):
    parts = Parts(tmp_path)
    parts.get("a", {}, lambda: {"x": 1})
    (tmp_path / "a.json").write_text(content)
    assert parts.get("a", {}, lambda: {"x": 2}) == {"x": 2}
    assert json.loads((tmp_path / "a.json").read_text())["result"] == {"x": 2}


def test_without_a_folder_nothing_is_kept():
    assert Parts(None).get("a", {}, lambda: {"x": 1}) == {"x": 1}


def test_what_json_cannot_hold_is_refused():
    with pytest.raises(PinchedError, match="the part a cannot be kept"):
        Parts(None).get("a", {}, lambda: {"x": float("nan")})


@pytest.mark.parametrize("workers", [1, 2])
def test_jobs_give_the_same_in_their_order_whoever_computes_them(tmp_path, workers):
    parts = Parts(tmp_path / "parts")
    jobs = [Job(name=f"part_{k}", options={"k": k}, work=doubled, arguments={"number": k}) for k in (3, 1, 2)]
    with begun(parts, jobs, workers) as found:
        results = [*found]
    assert [one["doubled"] for one in results] == [6, 2, 4]
    assert sorted(path.stem for path in (tmp_path / "parts").iterdir()) == ["part_1", "part_2", "part_3"]
    with begun(parts, [], workers) as nothing:
        assert [*nothing] == []


def test_a_job_that_is_done_is_read(tmp_path):
    parts = Parts(tmp_path)
    job = Job(name="part", options={}, work=doubled, arguments={"number": 4})
    assert job.done(parts) == {"doubled": 8}
    broken = Job(name="part", options={}, work=_never, arguments={})
    assert broken.done(parts) == {"doubled": 8}


def _never(**_arguments):
    raise AssertionError("computed again")
