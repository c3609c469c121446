"""A folder with what is said beside it: study file, name pattern, samples, corrections."""

import dataclasses
import hashlib
from datetime import UTC, datetime

import numpy as np
import pytest

from pinched._errors import PinchedError
from pinched.data.corrections import Correction, CorrectionKind, append_correction
from pinched.devices.simulated import BinaryDevice, simulate_sweep
from pinched.extraction.gathering import Source, gather

DEVICE = BinaryDevice(v_set=1.2, v_reset=-0.8, resistance_lrs=2e3, resistance_hrs=5e5)


@pytest.fixture
def folder(tmp_path):
    """Two devices with three cycles each, named after radius and cycle, in folders whose file names repeat."""
    for d, radius in enumerate((10, 32)):
        (tmp_path / f"R{radius}um").mkdir()
        for cycle in (1, 2, 3):
            device = dataclasses.replace(DEVICE, v_set=1.0 + 0.1 * d + 0.02 * cycle)
            sweep = simulate_sweep(device, seed=10 * d + cycle, name=f"{d}{cycle}")
            (tmp_path / f"R{radius}um" / f"iv_{cycle}.csv").write_text(sweep.to_csv(), encoding="utf-8")
    return tmp_path


def test_names_tell_devices_and_cycles(folder):
    with pytest.raises(PinchedError, match="--device-from"):
        gather([folder], Source())
    found = gather([folder], Source(name_pattern="R{radius}um/iv_{cycle}"))
    assert found.table.devices == ("R10um", "R32um")
    assert found.table.cycle.tolist() == [1, 2, 3, 1, 2, 3]
    radius = {s.device: item.value for s in found.sweeps for item in s.settings if item.name == "radius"}
    assert radius == {"R10um": pytest.approx(1e-5), "R32um": pytest.approx(3.2e-5)}
    assert any("by the pattern" in sentence for sentence in found.said)


def test_a_study_file_says_it_once_for_all(folder):
    (folder / "pinched.toml").write_text(
        'name_pattern = "R{radius}um/iv_{cycle}"\nread_voltage = "0.2 V"\nsamples = "samples.csv"\n'
    )
    (folder / "samples.csv").write_text("device,thickness (nm)\nR10um,12\nR32um,14\n")
    found = gather([folder], Source())
    assert found.table.read_voltage == 0.2
    assert len(found.table.devices) == 2
    assert any(item.name == "thickness" for item in found.sweeps[0].settings)
    # What is said on the command line wins.
    assert gather([folder], Source(read_voltage="0.1 V")).table.read_voltage == 0.1


def test_what_a_person_excluded_is_left_out_and_counted(folder):
    (folder / "pinched.toml").write_text('name_pattern = "R{radius}um/iv_{cycle}"\n')
    digest = hashlib.sha256((folder / "R10um" / "iv_2.csv").read_bytes()).hexdigest()
    append_correction(
        folder,
        Correction(
            kind=CorrectionKind.EXCLUDED_CYCLE,
            sha256=digest,
            cycle=1,
            reason="probe slipped",
            author="me",
            time=datetime.now(UTC),
        ),
    )
    found = gather([folder], Source())
    assert found.excluded == 1
    assert found.table.cycle.tolist() == [1, 3, 1, 2, 3]
    assert any("probe slipped" in sentence for sentence in found.said)


def test_bad_files_stop_or_are_listed(folder):
    (folder / "R10um" / "iv_9.csv").write_text("V (V),I (A)\n0.1,oops\n")
    pattern = "R{radius}um/iv_{cycle}"
    with pytest.raises(PinchedError, match=r"iv_9\.csv"):
        gather([folder], Source(name_pattern=pattern))
    found = gather([folder], Source(name_pattern=pattern, skip_bad=True))
    assert len(found.table) == 6
    assert "iv_9.csv" in found.skipped[0]


def test_workers_change_nothing(folder):
    one = gather([folder], Source(name_pattern="R{radius}um/iv_{cycle}"))
    two = gather([folder], Source(name_pattern="R{radius}um/iv_{cycle}", workers=2))
    np.testing.assert_array_equal(one.table.v_set, two.table.v_set)
