import numpy as np
import pytest
from scipy import stats

from pinched._errors import PinchedError
from pinched.devices.presets.marraccini2025 import marraccini2025
from pinched.networks import datasets
from pinched.networks.convert import convert
from pinched.networks.mapping import TwosComplement
from pinched.networks.mlp import mlp
from pinched.networks.quantization import ClipQuantizer
from pinched.networks.required import Knob, required, requirements
from pinched.networks.sensitivity import Property, sensitivity
from pinched.networks.training import train


@pytest.fixture(scope="module")
def chip():
    data, quantizer = datasets.digits5x4(), ClipQuantizer(3)
    net = train(train(mlp((20, 20, 20, 10)), data), data, quantizer=quantizer)
    return convert(net, device=marraccini2025(), mapping=TwosComplement(quantizer), threshold=1e4)


Z = float(stats.norm.ppf(0.8))
"""A lognormal quantity lies below exp(mu + Z sigma) in 80 of 100 cells."""


@pytest.mark.parametrize(
    ("knob", "options", "expected", "slope"),
    [
        # The accuracy is y P(V_SET <= V) P(LRS < R), by its construction; solved for one of them by hand. `slope` is
        # how fast the answer moves with the accuracy, in units of the answer.
        (Knob.YIELD, {"sigma_v_set": 0.01, "device_yield": 0.3}, 0.8, 1.25),
        (Knob.WRITE_VOLTAGE, {}, 4.0 * np.exp(0.5 * Z), 0.5 / stats.norm.pdf(Z)),
        (Knob.V_SET_SPREAD, {}, np.log(5.0 / 4.0) / Z, 1.0 / (Z * stats.norm.pdf(Z))),
        (
            Knob.OVERLAP, {"sigma_v_set": 0.01, "sigma_lrs": 4.0},
            np.log(10.0) / Z / 4.0, 1.0 / (Z * stats.norm.pdf(Z)),
        ),
    ],
    ids=lambda value: value.name if isinstance(value, Knob) else "",
)  # fmt: skip
def test_what_80_percent_require_in_closed_form(one_bit, one_image, knob, options, expected, slope):
    arrays = 3000
    found = required(one_bit(**options), one_image, accuracy=0.8, knob=knob, arrays=arrays, tolerance=1e-3)
    assert found.reached
    assert not found.met
    # Four standard deviations of a binomial share, and the step at which the search stops.
    share = np.sqrt(0.8 * 0.2 / arrays)
    assert found.value == pytest.approx(expected, rel=4 * slope * share + 0.01)
    assert found.accuracy == pytest.approx(0.8, abs=1e-3 + 2 / arrays)
    low, high = found.interval
    assert low <= found.value <= high
    assert high - low == pytest.approx(2 * 1.96 * slope * share * expected, rel=0.25)


@pytest.mark.slow
def test_95_of_100_intervals_hold_the_closed_form(one_bit, one_image):
    expected, inside = np.log(5.0 / 4.0) / Z, 0
    for seed in range(60):
        chip = one_bit(seed=seed)
        found = required(chip, one_image, accuracy=0.8, knob=Knob.V_SET_SPREAD, arrays=400, tolerance=0.01)
        inside += found.interval[0] <= expected <= found.interval[1]
    # Binomial: of 60 intervals with 95 %, 51 or more hold it in 99.8 of 100 runs.
    assert inside >= 51


def test_each_knob_is_asked_alone(one_bit, one_image):
    chip = one_bit(sigma_lrs=2.0, device_yield=0.9)
    # P(LRS < 10 kohm) is 87.5 %, P(V_SET <= 5 V) 67 %: the yield alone cannot lift their product to 60 %.
    rows = {row.knob: row for row in requirements(chip, one_image, accuracy=0.6, arrays=1000, tolerance=0.02)}
    assert list(rows) == list(Knob)
    assert [row.reached for row in rows.values()] == [True, True, False, True]
    best = rows[Knob.YIELD]
    assert best.value == 1.0
    assert best.accuracy == pytest.approx(stats.norm.cdf(np.log(5 / 4) / 0.5) * 0.875, abs=0.063)
    assert np.isnan(best.interval).all()


@pytest.mark.parametrize("knob", [Knob.V_SET_SPREAD, Knob.WRITE_VOLTAGE, Knob.OVERLAP])
def test_what_is_required_gives_what_was_wanted(chip, knob):
    data = datasets.digits5x4()
    now = sensitivity(chip, data, arrays=60, properties=(Property.OVERLAP,)).accuracy
    found = required(chip, data, accuracy=min(now + 0.02, 1.0), knob=knob, arrays=60)
    assert found.accuracy >= found.target
    assert not found.met
    assert found.interval[0] <= found.value <= found.interval[1]
    better = found.value > found.present if knob is Knob.WRITE_VOLTAGE else found.value < found.present
    assert better


def test_a_requirement_that_is_met_says_so(chip):
    found = required(chip, datasets.digits5x4(), accuracy=0.5, knob=Knob.YIELD, arrays=40)
    assert found.met
    assert 0.0 < found.value < 1.0


def test_what_cannot_be_reached_is_told_with_how_far_it_gets(chip):
    with pytest.raises(
        PinchedError, match=r"0.9999 cannot be reached by the yield alone: at its best .* mean is 0\."
    ):
        required(chip, datasets.digits5x4(), accuracy=0.9999, knob=Knob.YIELD, arrays=30)
    with pytest.raises(PinchedError, match="accuracy is 70"):
        required(chip, datasets.digits5x4(), accuracy=70, knob=Knob.YIELD)
    with pytest.raises(PinchedError, match="tolerance is 0"):
        required(chip, datasets.digits5x4(), accuracy=0.7, knob=Knob.YIELD, tolerance=0)
