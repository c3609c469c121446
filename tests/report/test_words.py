"""Numbers as people read them."""

import pytest

from pinched.report import words

NAN = float("nan")


@pytest.mark.parametrize(("value", "unit", "text"), [
    (1.1e6, "ohm", "1.10 MΩ"), (518.2, "ohm", "518 Ω"), (999.9, "ohm", "1.00 kΩ"), (0.8012, "V", "0.801 V"),
    (-0.8012, "V", "−0.801 V"), (5.2e-5, "A", "52.0 µA"), (757.2, "1", "757"), (1.234e9, "1", "1.23 × 10⁹"),
    (0.0, "V", "0 V"), (NAN, "V", "–"), (None, "ohm", "–"), (float("inf"), "ohm", "–"),
])  # fmt: skip
def test_quantities(value, unit, text):
    assert words.quantity_text(value, unit) == text


def test_an_interval_has_the_prefix_of_its_value():
    assert words.interval_text((0.9e6, 1.2e6), "ohm", 1e6) == "[0.900, 1.20] MΩ"
    assert words.interval_text((None, None), "ohm", 1e6) == "–"
    assert words.interval_text((NAN, NAN), "V", None) == "–"


def test_numbers_round_to_what_their_interval_deserves():
    assert words.number_interval(0.14513, (0.0775, 0.2114)) == "0.15 [0.08, 0.21]"
    assert words.number_interval(12.7, (11.6, 13.5)) == "12.7 [11.6, 13.5]"
    assert words.number_interval(3.0, (NAN, NAN)) == "3.00"
    assert words.plus_minus(-0.933, 0.373, "V") == "−0.93 ± 0.37 V"
    assert words.plus_minus(1000.0, None, "ohm") == "1.00 kΩ"


def test_shares():
    assert words.percent(0.9612) == "96.1 %"
    assert words.percent(NAN) == "–"
    assert words.percent_interval((0.958, 0.964)) == "[95.8, 96.4] %"
    assert words.share_decimals((0.9601, 0.9605)) == 2
    assert words.share_decimals((None, None)) == 1
    assert words.rate_text(2.1e-3) == "0.21 %"
    assert words.rate_text(3.2e-7) == "3.2 × 10⁻⁷"
    assert words.rate_text(0.0) == "0"
    assert words.rate_text(None) == "–"


def test_counts_and_times():
    assert words.plural(1, "cycle") == "1 cycle"
    assert words.plural(1504, "cycle") == "1\u202f504 cycles"
    assert words.duration_text(83.2) == "1 min 23 s"
    assert words.duration_text(7800) == "2 h 10 min"
    assert words.setting_text(0.1, "V") == "0.1 V"
