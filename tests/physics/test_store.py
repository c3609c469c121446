"""The store of runs: whole runs only, whatever happens while it is written."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("zarr")

from pinched._errors import PinchedError
from pinched.physics.store import (
    Column,
    Layout,
    Status,
    continue_store,
    create_store,
    locked,
    open_runs,
    origin_of,
)

COLUMNS = (
    Column(name="length", unit="m", meaning="channel length", parameter=True),
    Column(name="voltage", unit="V", meaning="applied voltage", trace=True),
    Column(name="steps", unit="1", meaning="time steps", type="i4"),
)


def layout(runs: int = 10, seed: int = 0) -> Layout:
    return Layout(runs=runs, samples=3, block=4, columns=COLUMNS, origin={"seed": seed, "limits": (1.0, 2.0)})


def lengths(runs: int = 10) -> dict[str, np.ndarray]:
    return {"length": np.arange(runs) * 1e-6}


def block_values(block: range) -> dict[str, np.ndarray]:
    rows = np.arange(block.start, block.stop)
    return {
        "voltage": rows[:, None] + np.array([0.0, 0.1, 0.2]),
        "steps": rows.astype("i4"),
        "status": np.full(len(block), Status.KEPT, "i1"),
    }


def test_what_was_written_is_read_with_units(tmp_path: Path) -> None:
    store = create_store(tmp_path / "r.zarr", layout(), lengths())
    for block in store.blocks():
        store.write(block, block_values(block))
    runs = open_runs(tmp_path / "r.zarr")
    assert dict(runs.sizes) == {"run": 10, "time": 3}
    assert runs.voltage.attrs["units"] == "V"
    assert runs.length.attrs == {"units": "m", "long_name": "channel length", "role": "parameter"}
    assert float(runs.voltage[7, 2]) == 7.2
    assert origin_of(runs) == {"seed": 0, "limits": [1.0, 2.0]}
    assert store.missing() == []


def test_a_block_without_status_does_not_exist(tmp_path: Path) -> None:
    store = create_store(tmp_path / "r.zarr", layout(), lengths())
    store.write(range(4), block_values(range(4)))
    # Killed after the trace of the second block and before its status.
    store.group["voltage"][4:8] = 1.0
    again = continue_store(tmp_path / "r.zarr", layout(), lengths())
    assert again.missing() == [range(4, 8), range(8, 10)]
    assert (open_runs(tmp_path / "r.zarr").status.values[4:] == Status.OPEN).all()


def test_a_store_cut_off_while_it_was_laid_out_begins_again(tmp_path: Path) -> None:
    path = tmp_path / "r.zarr"
    create_store(path, layout(), lengths())
    head = json.loads((path / "zarr.json").read_text())
    head["attributes"] = {}
    (path / "zarr.json").write_text(json.dumps(head))
    assert len(continue_store(path, layout(), lengths()).missing()) == 3


def test_a_store_grows_and_never_shrinks(tmp_path: Path) -> None:
    path = tmp_path / "r.zarr"
    store = create_store(path, layout(), lengths())
    for block in store.blocks():
        store.write(block, block_values(block))
    grown = continue_store(path, layout(14), lengths(14))
    # The last block was not full: it is simulated again as a whole, with the same numbers.
    assert grown.missing() == [range(8, 12), range(12, 14)]
    assert float(open_runs(path).length[13]) == 13e-6
    assert continue_store(path, layout(5), lengths(5)).layout.runs == 14


def test_a_store_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "r.zarr"
    create_store(path, layout(), lengths())
    with pytest.raises(PinchedError, match="seed: 0 there, 1 now"):
        continue_store(path, layout(seed=1), lengths())
    with pytest.raises(PinchedError, match="--resume"):
        create_store(path, layout(), lengths())


@pytest.mark.parametrize("runs", [5, 10, 14])
def test_a_store_of_other_draws_is_refused(tmp_path: Path, runs: int) -> None:
    path = tmp_path / "r.zarr"
    create_store(path, layout(), lengths())
    with pytest.raises(PinchedError, match="length of the first"):
        continue_store(path, layout(runs), {"length": 1.001 * lengths(runs)["length"]})
    assert open_runs(path).sizes["run"] == 10
    np.testing.assert_array_equal(open_runs(path).length.values, lengths()["length"])
    last_bits = {"length": lengths(runs)["length"] * (1.0 + 1e-15)}
    assert continue_store(path, layout(runs), last_bits).layout.runs == max(runs, 10)


def test_another_layout_or_folder_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "r.zarr"
    create_store(path, layout(), lengths())
    head = json.loads((path / "zarr.json").read_text())
    head["attributes"]["format"] = "pinched runs 99"
    (path / "zarr.json").write_text(json.dumps(head))
    with pytest.raises(PinchedError, match="pinched runs 99"):
        open_runs(path)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("mine")
    with pytest.raises(PinchedError, match="is not empty"):
        create_store(tmp_path / "mine", layout(), lengths())
    with pytest.raises(PinchedError, match=r"thesis\.txt"):
        continue_store(tmp_path / "mine", layout(), lengths())
    with pytest.raises(PinchedError, match="is no store of runs"):
        open_runs(tmp_path / "mine")
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "mine"


def test_a_block_brings_every_variable(tmp_path: Path) -> None:
    store = create_store(tmp_path / "r.zarr", layout(), lengths())
    values = block_values(range(4))
    del values["steps"]
    with pytest.raises(PinchedError, match="the store has status, steps, voltage"):
        store.write(range(4), values)


HOLD = """
import sys, time
from pathlib import Path
from pinched.physics.store import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_two_processes_do_not_write_one_store(tmp_path: Path) -> None:
    path = tmp_path / "r.zarr"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(PinchedError, match="another process"), locked(path):
            pass
        other.kill()  # however it ends, the lock goes with it
        other.wait(30)
        with locked(path):
            pass


def test_a_full_disk_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "r.zarr"
    store = create_store(path, layout(), lengths())
    store.write(range(4), block_values(range(4)))
    from zarr.storage import LocalStore

    async def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(LocalStore, "set", full)
        with pytest.raises(OSError, match="No space left"):
            store.write(range(4, 8), block_values(range(4, 8)))
    again = continue_store(path, layout(), lengths())
    assert again.missing() == [range(4, 8), range(8, 10)]
    assert (open_runs(path).voltage.values[:4] == block_values(range(4))["voltage"]).all()
