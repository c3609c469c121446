"""Every `plot_*`: gives back the axes it was given, names a unit on both axes, and draws the data that it got.

One entry per function in `CASES`; a test compares the table with the public names, so that none is forgotten.
"""

import inspect
import re

import numpy as np
import pytest
from matplotlib.figure import Figure
from scipy import stats

import pinched.report as report
from pinched._errors import PinchedError
from pinched.constants import G_0
from pinched.crossbar.wires.array import Crossbar
from pinched.data.sweep import IVSweep
from pinched.data.traces import Endurance, LevelReads, PulseTrace, Retention, WriteLog
from pinched.extraction.compliance import ComplianceSeries, Kept
from pinched.extraction.conduction import fit_conduction
from pinched.extraction.distributions import fit_distribution
from pinched.extraction.endurance import Criterion, extract_endurance, fit_survival
from pinched.extraction.levels import confuse_levels
from pinched.extraction.noise import extract_telegraph, fit_noise_law
from pinched.extraction.plasticity import Convention, fit_update
from pinched.extraction.plateau_records import extract_quantum, plateaus_of_pulses
from pinched.extraction.plateau_series import highest_levels, time_lag
from pinched.extraction.pulses import extract_pulses
from pinched.extraction.quantum_levels import conductance_histogram
from pinched.extraction.retention import fit_arrhenius, fit_retention
from pinched.extraction.series import autocorrelation, fit_spectrum
from pinched.physics import graphene
from pinched.report.quantities import Quantity
from pinched.report.style import Width, figure_of, new_figure, paper_style, to_png

UNIT = re.compile(
    r"\((V|A|Ω|S|s|1|%|Hz|eV|1/eV|Ω²/Hz|A²/Hz|µS|mS|nS|number|cycles|lag|class|NeuroSim label|pulses|"
    r"number, from the lowest resistance|potentiation, then depression|all devices in order|row by row|"
    r"mA|\$G_0\$|nm|1/\(eV nm²\)|µC/cm²|% of G|1 / V|V\$\^\{1/2\}\$|V½)\)"
)
WITHOUT = re.compile(r"^(Count per bin|I / I of the first pulse|ln|√|1/|$)|\[|/ 1 V")
"""Labels without brackets: counts, and the transformed variables of a conduction law, which name theirs inside."""
OTHERS = {
    # Tested where they are made: they need networks or fits.
    "plot_accuracy", "plot_confusion", "plot_properties", "plot_required", "plot_fit", "plot_fit_residuals",
    "plot_ranking", "plot_polar_states",
    # Tested in test_figures_transport.py: one solved run serves them all.
    "plot_iv", "plot_bands", "plot_densities", "plot_vacancies", "plot_profiles",
}  # fmt: skip


def rng():
    return np.random.default_rng(5)


def line(ax, label):
    """The line with `label` that starts so."""
    return next(one for one in ax.lines if str(one.get_label()).startswith(label))


def points(ax, *, marker="o"):
    return [np.array(one.get_data()) for one in ax.lines if one.get_marker() == marker]


def holds(drawn, x, y):
    """Whether every finite point (x, y) is among the points `drawn`."""
    given = {(float(np.float32(a)), float(np.float32(b))) for a, b in zip(x, y, strict=True)}
    shown = {(float(np.float32(a)), float(np.float32(b))) for d in drawn for a, b in d.T}
    return given <= shown


def series(n=24):
    r = rng()
    limit = np.repeat(np.geomspace(1e-5, 1e-3, n // 2), 2)
    kept = limit > 1e-4
    return ComplianceSeries(
        read_voltage=0.1,
        device=("D",) * n,
        cycle=np.arange(1, n + 1),
        compliance_current=limit,
        resistance_hrs=1e6 * np.exp(0.1 * r.normal(size=n)),
        resistance_lrs=0.3 / limit,
        resistance_next=np.where(kept, 0.3 / limit, 1e6),
        v_reset=-np.full(n, 0.7),
        reset_current=2.0 * limit,
        kept=tuple(Kept.YES if k else Kept.NO for k in kept),
    )


def train():
    n = np.arange(31.0)
    return PulseTrace(
        conductance=1e-6 * np.exp(0.1 * n), amplitude=np.where(n % 2, 1.5, 0.1), time=1e-3 * n, device="P"
    )


def updates():
    n = np.arange(21.0)
    shape = np.expm1(-n / 5) / np.expm1(-4.0)
    traces = [PulseTrace(conductance=1e-6 + 1e-5 * s) for s in (shape, 1 - shape)]
    return traces, [fit_update(t) for t in traces]


def drift():
    t = np.arange(0, 2000.0, 10)
    return Retention(time=t, resistance=1e4 * (t + 5) ** 0.02 * np.exp(0.002 * rng().normal(size=t.size)))


def telegraph():
    state = (np.arange(400) // 40) % 2
    return 1e-6 * (1 + state) + 1e-7 * rng().normal(size=400)


def lives():
    n = np.arange(1.0, 101)
    return [
        Endurance(cycle=n, resistance_lrs=1e3 + n, resistance_hrs=np.where(n < last, 1e6, 2e3) + n, device=f"E{last}")
        for last in (40, 70, 200)
    ]  # fmt: skip


def cells():
    return LevelReads(resistance=np.exp(rng().normal(9, 1, (1, 60))), device="L")


def conducting():
    v = np.linspace(0.05, 1.0, 60)
    return v, 1e-5 * v * np.exp(0.01 * rng().normal(size=60))


def case_sweeps(ax, sweeps):
    out = report.plot_sweeps(sweeps, ax)
    last = sweeps[-1]
    away = np.abs(last.voltage) > 0.1
    drawn = [np.array(line(ax, "last").get_data())]
    assert holds(drawn, last.voltage[away], np.abs(last.current[away]))
    return out


def case_histogram(ax, table):
    out = report.plot_histogram(table.resistance_hrs, None, ax, label="HRS", unit="ohm")
    assert sum(p.get_height() for p in ax.patches) == np.isfinite(table.resistance_hrs).sum()
    assert ax.patches[0].get_x() == pytest.approx(np.nanmin(table.resistance_hrs))
    return out


def case_probability(ax, table):
    values = table.resistance_lrs
    out = report.plot_probability(values, fit_distribution(values, resamples=20), ax, label="LRS", unit="ohm")
    x, z = points(ax)[0]
    assert x.tolist() == np.sort(values).tolist()
    # Hazen's positions: (k - 1/2) / n.
    assert stats.norm.cdf(z) == pytest.approx((np.arange(values.size) + 0.5) / values.size)
    return out


def case_cycle_series(ax, table):
    out = report.plot_cycle_series(table, Quantity.RESISTANCE_LRS, ax)
    assert holds(points(ax), np.arange(1.0, len(table) + 1), table.resistance_lrs)
    return out


def case_resistance_scatter(ax, table):
    out = report.plot_resistance_scatter(table, ax)
    drawn = [np.array(one.get_data()) for one in ax.lines if one.get_linestyle() == "None"]
    assert holds(drawn, table.resistance_lrs, table.resistance_hrs)
    # Every second decade of the ratio is shaded.
    assert len(ax.collections) == 4
    return out


def case_device_map(ax, table):
    out = report.plot_device_map(table.device, table.resistance_lrs, ax, label="LRS", unit="ohm")
    median = [np.median(table.resistance_lrs[table.device_number == k]) for k in range(len(table.devices))]
    shown = ax.images[0].get_array()
    assert shown.compressed() == pytest.approx(median)
    return out


def case_autocorrelation(ax):
    values = np.cumsum(rng().normal(size=60))
    out = report.plot_autocorrelation(values, ax)
    found = autocorrelation(values)
    assert holds(points(ax), found.lag[1:].astype(float), found.value[1:])
    return out


def case_compliance_series(ax):
    s = series()
    out = report.plot_compliance_series(s, ax)
    assert holds(points(ax), s.compliance_current, s.read_current)
    return out


def case_reset_series(ax):
    s = series()
    out = report.plot_reset_series(s, ax)
    assert holds(points(ax, marker="s"), s.compliance_current, s.reset_current)
    return out


def case_lrs_series(ax):
    s = series()
    out = report.plot_lrs_series(s, ax)
    assert holds(points(ax), s.compliance_current, s.resistance_lrs)
    assert holds(points(ax), s.compliance_current, s.resistance_hrs)
    x, y = line(ax, "median LRS").get_data()
    # LRS = 0.3 V / I: the line of medians is that law.
    assert np.array(y) == pytest.approx(0.3 / np.array(x), rel=0.35)
    return out


def case_conduction(ax):
    v, i = conducting()
    fit = fit_conduction(v, i)
    out = report.plot_conduction(fit, ax)
    kind = fit.best.law
    x = kind.variable.of(fit.voltage)
    y = np.log(fit.current) - kind.offset(fit.voltage, kind.temperature)
    assert holds(points(ax), x, y)
    return out


def case_slope(ax):
    v, i = conducting()
    out = report.plot_slope(v, i, ax)
    assert np.median(line(ax, "local slope").get_ydata()) == pytest.approx(1.0, abs=0.05)  # ohmic
    return out


def case_endurance(ax):
    out = report.plot_endurance(lives(), Criterion(min_ratio=10.0), ax)
    drawn = [*points(ax), *points(ax, marker="x")]
    for trace in lives():
        assert holds(drawn, trace.cycle, trace.resistance_lrs)
        assert holds(drawn, trace.cycle, trace.resistance_hrs)
    return out


def case_survival(ax):
    found = fit_survival(extract_endurance(lives(), Criterion(min_ratio=10.0)))
    out = report.plot_survival(found, ax)
    x, y = line(ax, "Kaplan-Meier").get_data()
    for cycle, share in zip(found.cycle, found.share, strict=True):
        assert np.array(y)[np.searchsorted(x, cycle, side="right") - 1] == pytest.approx(100 * share)
    return out


def case_pulse_trace(ax):
    trace = train()
    out = report.plot_pulse_trace(trace, ax)
    assert holds(points(ax), trace.time, trace.conductance)
    return out


def case_read_write(ax):
    volts = np.tile(np.repeat([0.1, 1.5], 10), 4)
    events = extract_pulses(IVSweep(voltage=volts, current=1e-5 * volts, time=1e-3 * np.arange(80.0)))
    out = report.plot_read_write(events, ax)
    seen = np.isfinite(events.conductance_after)
    drawn = points(ax, marker="^")
    assert holds(drawn, 1.0 + np.flatnonzero(seen), events.conductance_after[seen])
    return out


def case_updates(ax):
    traces, fits = updates()
    out = report.plot_updates(traces, fits, ax, convention=Convention.NEUROSIM_LABEL)
    assert line(ax, "potentiation").get_ydata() == pytest.approx(1e6 * traces[0].conductance)
    assert line(ax, "depression").get_ydata() == pytest.approx(1e6 * traces[1].conductance)
    return out


def case_update_series(ax):
    _, fits = updates()
    out = report.plot_update_series(fits, ax)
    assert line(ax, "potentiation").get_ydata().tolist() == [20.0]
    other = new_figure(Width.SINGLE, 6.0)[1][0, 0]
    report.plot_update_series(fits, other, convention=Convention.NEUROSIM_LABEL)
    assert line(other, "depression").get_ydata().tolist() == [fits[1].nonlinearity(Convention.NEUROSIM_LABEL)]
    return out


def case_retention(ax):
    trace = drift()
    fit = fit_retention(trace, since_programming=5.0, resamples=40)
    out = report.plot_retention([trace], [fit], ax)
    assert holds(points(ax), trace.time + 5.0, trace.resistance)
    dashed = next(one for one in ax.lines if one.get_linestyle() == "--")
    assert dashed.get_ydata() == pytest.approx(fit.best.resistance(np.array(dashed.get_xdata())))
    return out


def case_arrhenius(ax):
    kelvin = np.array([398.0, 423.0, 448.0, 473.0])
    seconds = np.array([3e4, 4e3, 8e2, 2e2])
    out = report.plot_arrhenius(fit_arrhenius(kelvin, seconds), ax)
    assert any(np.array_equal(one[1], seconds) for one in points(ax))
    return out


def case_level_confusion(ax):
    before = np.repeat([0, 1], 50)
    after = np.where(np.arange(100) < 45, 1e3, 1e5)
    found = confuse_levels(before, after, np.array([1e4]))
    out = report.plot_level_confusion(found, ax)
    shown = {t.get_text() for t in ax.texts}
    assert shown == {"90", "10", "100"}
    return out


def case_levels(ax):
    reads = cells()
    out = report.plot_levels(reads, ax)
    assert points(ax)[0][0].tolist() == np.sort(1.0 / reads.resistance[0]).tolist()
    return out


def case_writes(ax):
    low, high = np.repeat([1e3, 1e4], 20), np.repeat([2e3, 3e4], 20)
    reached = np.linspace(1.0, 2.2, 40) * low
    log = WriteLog(address=np.arange(40.0), resistance=reached, lower=low, upper=high)
    out = report.plot_writes(log, ax)
    inside = int(((reached >= low) & (reached <= high)).sum())
    drawn = np.concatenate([one[1] for one in (*points(ax), *points(ax, marker="x"))])
    assert np.sort(drawn).tolist() == np.sort(reached).tolist()
    assert line(ax, "reached").get_xdata().size == inside
    assert f"{100 * inside / 40:.1f} %" in ax.get_title(loc="left")
    return out


def case_telegraph(ax):
    values = telegraph()
    found = extract_telegraph(values, 0.01, most=2, surrogates=19)
    out = report.plot_telegraph(values, 0.01, found, ax, label="Current", unit="A")
    assert ax.lines[0].get_ydata().tolist() == values.tolist()
    levels = np.array([one.value for one in found.levels])
    assert ax.lines[-1].get_ydata() == pytest.approx(levels[found.state])
    return out


def case_spectrum(ax):
    fit = fit_spectrum(rng().normal(size=512), 0.1)
    out = report.plot_spectrum(fit, ax, unit="A")
    assert ax.lines[0].get_ydata().tolist() == fit.density[fit.density > 0].tolist()
    return out


def case_noise_law(ax):
    g = np.geomspace(1e-6, 1e-4, 10)
    law = fit_noise_law(g, 1e-5 / np.sqrt(g))
    out = report.plot_noise_law(law, ax)
    assert holds(points(ax), law.conductance, 100 * law.noise)
    return out


def vacant():
    return graphene.supercell((5, 5), defects=[graphene.single_vacancy().at(2, 2)])


def case_density_of_states(ax):
    spectrum = graphene.diagonalise(vacant(), 2)
    out = report.plot_density_of_states([spectrum], ax, span=(-1.0, 1.0), broadening=0.1)
    x, y = line(ax, "SV").get_data()
    # Per nm^2 instead of per m^2.
    assert y == pytest.approx(1e-18 * spectrum.density(np.array(x) + spectrum.fermi_level(), 0.1)[0])
    return out


def case_unfolded_bands(ax):
    bands = graphene.unfold(vacant(), points=10)
    out = report.plot_unfolded_bands(bands, ax, span=(-2.0, 2.0))
    shown = (np.abs(bands.energy) <= 2.0) & (bands.weight > 1e-3)
    drawn = ax.collections[0].get_offsets()
    assert np.sort(np.asarray(drawn)[:, 1]) == pytest.approx(np.sort(bands.energy[shown]))
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["Γ", "K", "M", "Γ"]
    return out


def case_local_density(ax):
    local = graphene.local_density(vacant(), mesh=2, window=(-0.1, 0.1))
    out = report.plot_local_density(local, ax)
    areas = [collection.get_sizes() for collection in ax.collections[1:]]
    assert sorted(len(one) for one in areas) == [24, 25]
    assert np.concatenate(areas).max() / 60.3 == pytest.approx(1.0)
    # The largest is the middle of the figure, and what lies around it is not torn by the edge of the cell.
    places = np.concatenate([collection.get_offsets() for collection in ax.collections[1:]])
    assert np.linalg.norm(places, axis=1).min() == 0.0
    assert np.linalg.norm(places, axis=1).max() < 0.246 * 5 / np.sqrt(3) + 1e-9
    return out


def case_surface_charge(ax):
    charge = graphene.surface_charge(graphene.diagonalise(vacant(), 2), np.linspace(0.0, 12.0, 25))
    out = report.plot_surface_charge([charge], ax)
    # 1 C/m^2 is 100 µC/cm^2; what lies beyond the band is in the faint line only.
    assert ax.lines[0].get_ydata() == pytest.approx(-100 * charge.charge)
    assert np.isnan(line(ax, "SV").get_ydata()).sum() == charge.beyond_band.sum() > 0
    return out


def staircase():
    g = np.repeat([1.0, 2.0, 3.5, 5.0], 15) * G_0
    return PulseTrace(conductance=g + 0.02 * G_0 * rng().normal(size=60), device="Q", compliance_current=2e-3)


def case_plateaus(ax):
    record = plateaus_of_pulses(staircase())
    out = report.plot_plateaus(record, ax)
    assert ax.lines[0].get_ydata() == pytest.approx(staircase().conductance / G_0)
    bars = [one.get_ydata()[0] for one in ax.lines if one.get_linewidth() == 1.4]
    assert bars == pytest.approx([1.0, 2.0, 3.5, 5.0], abs=0.02)
    assert "4 plateaus, 3 steps" in ax.get_title(loc="left")
    return out


def case_quantum_histogram(ax):
    quantum = extract_quantum([plateaus_of_pulses(staircase())], series_resistance=0.0)
    found = conductance_histogram(staircase().conductance)
    out = report.plot_quantum_histogram(found, ax, quantum=quantum)
    assert sum(bar.get_height() for bar in ax.patches) == 60
    assert line(ax, "half-integer").get_xdata() == pytest.approx([3.5], abs=0.02)
    return out


def case_pulse_levels(ax):
    given = np.array([0.0, 1.0, 2.0, 1.0]) * G_0
    out = report.plot_pulse_levels([("1 mA", given), ("5 mA", 3 * given)], ax, label="Compliance", turn=2)
    assert line(ax, "5 mA").get_ydata() == pytest.approx(3 * given / G_0)
    return out


def case_highest_levels(ax):
    quantum = extract_quantum([plateaus_of_pulses(staircase())], series_resistance=0.0)
    levels = highest_levels(quantum)
    out = report.plot_highest_levels(levels, ax)
    assert ax.lines[0].get_xdata() == [2.0]
    assert ax.lines[0].get_ydata() == pytest.approx([5.0], abs=0.02)
    return out


def falling():
    return 1e-4 * np.repeat([5.0, 4.0, 2.0, 1.0], 6) * (1 + 0.02 * rng().normal(size=24))


def case_pulse_means(ax):
    out = report.plot_pulse_means(falling(), ax)
    assert ax.lines[1].get_ydata().tolist() == falling().tolist()
    return out


def case_normalised_staircase(ax):
    out = report.plot_normalised_staircase(falling(), ax)
    assert ax.lines[0].get_ydata() == pytest.approx(falling() / falling()[0])
    return out


def case_time_lag(ax):
    lag = time_lag(falling(), 1e-4 * np.array([1.0, 2.0, 4.0, 5.0]))
    out = report.plot_time_lag(lag, ax)
    assert holds(points(ax), lag.before, lag.after)
    assert f"{100 * lag.falling:.0f} % of 23 pulses" in ax.get_title(loc="left")
    return out


def test_the_polar_plot_has_a_ring_per_level_and_alternates():
    figure = Figure()
    ax = figure.add_subplot(projection="polar")
    assert report.plot_polar_states(falling(), ax) is ax
    angles, radii = ax.collections[0].get_offsets().T
    assert np.unique(np.round(angles, 6)).tolist() == [0.0, pytest.approx(np.pi, abs=1e-5)]
    assert np.asarray(radii) == pytest.approx(falling() / falling()[0])
    with pytest.raises(PinchedError, match="polar axes"):
        report.plot_polar_states(falling(), Figure().add_subplot())
    with pytest.raises(PinchedError, match="divide by"):
        report.plot_normalised_staircase(np.array([0.0, 1.0]), Figure().add_subplot())


def solved_array():
    r = rng()
    volts = r.uniform(0.05, 0.3, 6)
    return Crossbar(10.0 ** r.uniform(-5, -3, (6, 5)), wire_resistance=5.0).solve(volts), volts


def case_node_voltages(ax):
    solution, _ = solved_array()
    out = report.plot_node_voltages(solution, ax)
    assert ax.images[0].get_array().data / 1e3 == pytest.approx(solution.word_voltage)
    return out


def case_ir_drop(ax):
    solution, volts = solved_array()
    applied = report.applied_voltage(volts, np.zeros(5))
    out = report.plot_ir_drop(solution, ax, applied=applied)
    lost = np.abs(applied) - np.abs(solution.device_voltage)
    assert ax.images[0].get_array().data / 1e3 == pytest.approx(lost)
    return out


def case_currents(ax):
    solution, _ = solved_array()
    out = report.plot_currents(solution, ax)
    assert ax.images[0].get_array().data / 1e6 == pytest.approx(solution.device_current)
    return out


CASES = {
    name.replace("case_", "plot_"): case for name, case in list(globals().items()) if name.startswith("case_")
}


def test_every_public_plot_has_a_case():
    public = {name for name in report.__all__ if name.startswith("plot_")}
    assert public - OTHERS == set(CASES)


@pytest.mark.parametrize("name", list(CASES))
def test_a_plot_draws_its_data_with_units(name, sweeps, table):
    with paper_style():
        ax = new_figure(Width.SINGLE, 6.0)[1][0, 0]
        case = CASES[name]
        given = {"ax": ax, "sweeps": sweeps, "table": table}
        assert case(**{key: given[key] for key in inspect.signature(case).parameters}) is ax
        for label in (ax.get_xlabel(), ax.get_ylabel()):
            if name == "plot_device_map" and not label:
                continue  # tiles of devices whose place nobody knows have no second axis
            assert UNIT.search(label) or WITHOUT.search(label), label
        to_png(figure_of(ax))
