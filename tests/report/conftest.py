"""Small made-up inputs of a report: sweeps, a table, a fit, a score, all from one seed."""

import numpy as np
import pytest

from pinched.data.sweep import IVSweep, Provenance
from pinched.devices.spread import SpreadFit, fit_spread
from pinched.extraction.table import Flag, SwitchingTable
from pinched.networks.score import Score
from pinched.report.record import RunRecord, collect_files


def _sweep(device: str, cycle: int, rng: np.random.Generator, *, file: str = "lab/a.csv") -> IVSweep:
    up = np.linspace(0.0, 1.5, 60)
    voltage = np.concatenate([up, up[-2::-1], -up[1:], -up[-2::-1]])
    v_set, lrs, hrs = rng.normal(0.9, 0.08), 10 ** rng.normal(2.8, 0.1), 10 ** rng.normal(5.5, 0.3)
    v_reset = rng.normal(-0.7, 0.08)
    resistance, on = np.empty(voltage.size), False
    for k, v in enumerate(voltage):
        on = (on or v > v_set) and v > v_reset if v < 0 else on or v > v_set
        resistance[k] = lrs if on else hrs
    current = np.clip(voltage / resistance, -1e-3 * 3, 1e-3)
    return IVSweep(
        voltage=voltage,
        current=current,
        compliance_current=1e-3,
        device=device,
        cycle=cycle,
        provenance=Provenance(
            file=file, sha256="ab" * 32, guesses=("column 'V' is taken as the voltage",), simulated_by="tests"
        ),
    )


def _table(devices: int, cycles: int, rng: np.random.Generator, *, missing: bool = True) -> SwitchingTable:
    n = devices * cycles
    names = tuple(f"D{d + 1:02d}" for d in range(devices) for _ in range(cycles))
    shift = np.repeat(rng.normal(0, 0.4, devices), cycles)
    v_set = np.exp(0.2 + 0.3 * rng.normal(size=n))
    v_reset = -np.exp(-0.1 + 0.3 * rng.normal(size=n))
    lrs = np.exp(6.25 + shift + 0.5 * rng.normal(size=n))
    hrs = np.exp(13.0 + 2 * shift + 0.9 * rng.normal(size=n))
    set_flag, hrs_flag = [Flag.ABRUPT] * n, [Flag.MEASURED] * n
    if missing and n > 6:
        v_set[[2, 5]] = np.nan
        set_flag[2], set_flag[5] = Flag.GRADUAL, Flag.NONE
        hrs_flag[4] = Flag.NOISE
    return SwitchingTable(
        read_voltage=0.1,
        file=tuple(f"lab/{name}.csv" for name in names),
        device=names,
        cycle=np.tile(np.arange(1, cycles + 1), devices),
        v_set=v_set,
        v_set_flag=tuple(set_flag),
        v_reset=v_reset,
        v_reset_flag=(Flag.ABRUPT,) * n,
        resistance_lrs=lrs,
        resistance_lrs_flag=(Flag.MEASURED,) * n,
        resistance_hrs=hrs,
        resistance_hrs_flag=tuple(hrs_flag),
        v_set_derivative=v_set,
        v_reset_derivative=v_reset,
        resistance_lrs_first_sample=lrs,
        resistance_hrs_first_sample=hrs,
        compliance_current=np.full(n, 1e-3),
    )


def _score(rng: np.random.Generator, arrays: int = 20, classes: int = 10) -> Score:
    confusion = np.full((classes, classes), 0.04 / (classes - 1)) + (0.96 - 0.04 / (classes - 1)) * np.eye(
        classes
    )
    return Score(
        name="mnist",
        layers=(784, 64, classes),
        bits=4,
        quantizer="symmetric uniform, one scale per layer",
        training="quantization-aware, straight-through gradients, Adam, 10 epochs",
        images=10_000,
        test_set="MNIST test images",
        accuracy_float=0.979,
        accuracy_quantized=0.9752,
        accuracy_array=np.clip(rng.normal(0.961, 0.006, arrays), 0, 1),
        baseline=0.1135,
        baseline_nearest_mean=0.8203,
        bit_error_rate=np.abs(rng.normal(2e-3, 3e-4, arrays)),
        bit_error_one=3.1e-3,
        bit_error_zero=9e-4,
        confusion=confusion,
        classes=tuple(str(k) for k in range(classes)),
        parameters=50890,
        cells=203560,
        write_voltage=5.0,
        threshold=1e4,
        seed=0,
    )


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture
def make_sweep():
    """A factory: `make_sweep(device, cycle, rng, file=...)`."""
    return _sweep


@pytest.fixture
def make_table():
    """A factory: `make_table(devices, cycles, rng, missing=...)`."""
    return _table


@pytest.fixture
def make_score():
    """A factory: `make_score(rng, arrays=..., classes=...)`."""
    return _score


# Frozen inputs: one of each serves every test.
@pytest.fixture(scope="session")
def sweeps() -> list[IVSweep]:
    rng = np.random.default_rng(1)
    return [
        _sweep(f"D{d + 1:02d}", c + 1, rng, file=f"lab/D{d + 1:02d}.csv") for d in range(4) for c in range(5)
    ]


@pytest.fixture(scope="session")
def table() -> SwitchingTable:
    return _table(4, 10, np.random.default_rng(2))


@pytest.fixture(scope="session")
def fit(table) -> SpreadFit:
    return fit_spread(table)


@pytest.fixture(scope="session")
def score() -> Score:
    return _score(np.random.default_rng(3))


@pytest.fixture(scope="session")
def run(sweeps) -> RunRecord:
    return RunRecord(
        command_line="pinched run lab --out report",
        seed=7,
        read_voltage=0.1,
        started="2026-01-02T03:04:05+00:00",
        duration_s=83.2,
        files=collect_files(sweeps),
        skipped=("lab/broken.csv: no column of currents",),
        passed_over=("lab/notes.docx",),
        guesses=("column 'V' is taken as the voltage (4 files)",),
        assumptions=("The forming cycle is left out.",),
    )
