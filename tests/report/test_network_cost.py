"""What the page says of storing a network."""

import dataclasses
import math

import pytest

from pinched.networks.findings import Knob, Property, PropertyCost, Requirement, Sensitivity, StorageCost
from pinched.report.figures_sensitivity import plot_properties, plot_required
from pinched.report.numbers import network_numbers
from pinched.report.style import Width, new_figure, paper_style
from pinched.report.view import exclusions, network_facts
from pinched.report.view_network import cost_line, cost_rows, required_rows, sensitivity_rows

COST = StorageCost(
    area_factor=3.0, table_bits=6300, writes=3199.2, reads=3199.2, retries=12.5, retries_max=4, wear_mean=1.02,
    wear_max=5, wear_share=0.25, worn=0.0, time_serial=128.0, time_rows=4.2, energy_low=0.11, energy_high=2.1,
    unrepaired=0.05, unplaced=0.0, write_width=0.02,
)  # fmt: skip
RANKING = Sensitivity(
    accuracy=0.648, accuracy_ideal=1.0, arrays=500,
    ranking=(
        PropertyCost(
            property=Property.V_SET_SPREAD, recovered=0.26, recovered_interval=(0.24, 0.28), alone=0.28,
            alone_interval=(0.27, 0.29),
        ),
        PropertyCost(
            property=Property.ENDURANCE, recovered=0.0, recovered_interval=(0.0, 0.0), alone=0.0,
            alone_interval=(0.0, 0.0),
        ),
    ),
)  # fmt: skip
REQUIRED = (
    Requirement(
        knob=Knob.V_SET_SPREAD, target=0.9, value=0.51, unit="1", interval=(0.48, 0.53), accuracy=0.902,
        present=0.776, met=False, reached=True, arrays=300,
    ),
    Requirement(
        knob=Knob.YIELD, target=0.9, value=1.0, unit="1", interval=(math.nan, math.nan), accuracy=0.653, present=1.0,
        met=False, reached=False, arrays=300,
    ),
    Requirement(
        knob=Knob.WRITE_VOLTAGE, target=0.9, value=3.2, unit="V", interval=(3.0, 3.4), accuracy=0.91, present=5.0,
        met=True, reached=True, arrays=300,
    ),
)  # fmt: skip


@pytest.fixture
def network(score):
    return network_numbers(dataclasses.replace(score, cost=COST, sensitivity=RANKING, required=REQUIRED))


def test_the_cost_is_told_with_units(network):
    rows = dict(cost_rows(network))
    assert rows["Area"].startswith("3.00 cells per stored bit, and 6\u202f300 bits")
    assert rows["Write pulses"] == "3\u202f199, of which 12.5 retries (at most 4 for one bit)"
    assert "25 % of its endurance" in rows["Wear"]
    assert rows["Time to write"].startswith(
        "2 min 8 s cell by cell, 4.2 s word line by word line (pulses of 20 ms)"
    )
    assert rows["Energy to write"].startswith("0.110 J to 2.10 J") or "110 mJ" in rows["Energy to write"]
    assert "Bits without a good cell" not in rows
    line = cost_line(network)
    assert "25 % of the endurance" in line
    assert set(cost_rows(network)) <= set(network_facts(network))


def test_without_a_count_nothing_is_told(score):
    bare = network_numbers(score)
    assert (cost_rows(bare), cost_line(bare), sensitivity_rows(bare), required_rows(bare)) == ([], "", [], [])


def test_the_ranking_is_in_points(network):
    assert sensitivity_rows(network) == [
        ("spread of V_SET", "26.0 points", "[24.0, 28.0]", "28.0 points"),
        ("endurance", "0.00 points", "[0.00, 0.00]", "0.00 points"),
    ]


def test_a_requirement_says_what_is_needed_or_how_far_it_gets(network):
    first, second, third = required_rows(network)
    assert first == ("spread of V_SET", "0.510", "[0.480, 0.530]", "0.776")
    assert second[1] == "not enough alone: 65.3 % at best"
    assert third == ("write voltage", "3.20 V", "[3.00, 3.40 V]", "5.00 V (enough)")


def test_what_was_counted_is_not_called_left_out(sweeps, table, fit, score, run):
    from pinched.report.numbers import numbers

    plain = " ".join(exclusions(numbers(sweeps, table, fit, score, run)))
    assert "endurance does not enter" in plain
    worn = dataclasses.replace(score, cost=COST)
    assert "endurance does not enter" not in " ".join(exclusions(numbers(sweeps, table, fit, worn, run)))


def test_figures_show_every_row():
    with paper_style():
        _, axes = new_figure(Width.DOUBLE, 5.0, columns=2)
        plot_properties(RANKING, axes[0, 0])
        plot_required(REQUIRED, axes[0, 1])
        labels = [[text.get_text() for text in ax.get_yticklabels()] for ax in axes[0]]
        notes = " ".join(text.get_text() for text in axes[0, 1].texts)
    assert labels[0] == ["spread of V_SET", "endurance"]
    assert labels[1] == [row.knob.value for row in REQUIRED]
    assert "not enough alone" in notes
    assert "0.51 (now 0.776)" in notes
