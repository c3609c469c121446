"""Name patterns: what they read, what they refuse, what they propose, what they change in sweeps."""

import contextlib
import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pinched._errors import PinchedError
from pinched.data._name_grammar import name_unit
from pinched.data.files import find_files
from pinched.data.names import NameFields, NamePattern, apply_names, relative_name
from pinched.data.options import DeviceNaming, ReadOptions
from pinched.data.propose import propose_pattern
from pinched.data.read import read_sweeps
from pinched.data.settings import Origin, Setting
from pinched.data.sweep import IVSweep, Provenance


def setting(name, value, unit=""):
    return Setting(name, value, unit, Origin.NAME)


@pytest.mark.parametrize(
    ("pattern", "name", "device", "cycle", "values"),
    [
        ("{device}/{stop}V_{cycle}", "Radius 10 um/-1.5V_8", "Radius 10 um", 8, {"stop": (-1.5, "V")}),
        (
            "{device}/{area}um/{stop}V_{cycle}",
            "d/10um/+2V_0",
            "d",
            0,
            {"area": (1e-5, "m"), "stop": (2.0, "V")},
        ),
        ("Radius {radius} um/x", "Radius 10 um/x", "", None, {"radius": (1e-5, "m")}),
        ("{device}_{size}um2", "a_4um2", "a", None, {"size": (4e-12, "m2")}),
        ("{device} {temperature}C", "a 25C", "a", None, {"temperature": (298.15, "K")}),
        ("T={temperature:K}k", "T=293k", "", None, {"temperature": (293.0, "K")}),
        ("{device}_{gain:1}", "a_-2e3", "a", None, {"gain": (-2000.0, "1")}),
        ("{chip:text}A_{device}", "3A_x", "x", None, {"chip": ("3", "")}),
        ("{_}_{device}", "2024_x", "x", None, {}),
        ("{{{device}}}[[{cycle}]]", "{a}[3]", "a", 3, {}),
        ("{device}[_{stop}V]_{cycle}", "a_2V_3", "a", 3, {"stop": (2.0, "V")}),
        ("{device}[_{stop}V]_{cycle}", "a_3", "a", 3, {}),
        ("{device}_{limit}uA", "a_100uA", "a", None, {"limit": (1e-4, "A")}),
        ("{device}_{limit}µA", "a_1,5µA", "a", None, {"limit": (1.5e-6, "A")}),
        ("{device}_{stop}V", "a_\u22123V", "a", None, {"stop": (-3.0, "V")}),
    ],
)
def test_what_a_name_says(pattern, name, device, cycle, values):
    found = NamePattern(pattern).parse(name)
    assert (found.device, found.cycle) == (device, cycle)
    assert {item.name: (item.value, item.unit) for item in found.values} == values
    assert all(item.origin is Origin.NAME for item in found.values)


def test_p_is_a_decimal_point_only_where_it_is_said():
    assert NamePattern("{device}_{stop}V", p_is_point=True).parse("a_1p5V").get("stop") == 1.5
    with pytest.raises(PinchedError, match="1p5V"):
        NamePattern("{device}_{stop}V").parse("a_1p5V")


@pytest.mark.parametrize(
    ("pattern", "word"),
    [
        ("{a}{b}", "side by side"),
        ("{a}_{a}", "twice"),
        ("{a", "partner"),
        ("a}", "partner"),
        ("[{a}", "never closed"),
        ("{a}]", "partner"),
        ("[[[{a}_[b]]", "partner"),
        ("plain", "no field"),
        ("{a b}", "one word"),
        ("{}", "one word"),
        ("{a:parsec}", "parsec"),
        ("{cycle:V}", "alone"),
        ("{a}\\{b}", "backslash"),
        ("[a][b][c][d][e]{x}", "optional"),
        ("{x}" + "y" * 500, "longer"),
    ],
)
def test_patterns_that_cannot_work_are_refused(pattern, word):
    with pytest.raises(PinchedError, match=word):
        NamePattern(pattern)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("dev/-3_8", ["'dev/-3_8'", "{device}/{stop}V_{cycle}", "'V_' was expected", "'_8' stands there"]),
        ("dev/V_8", ["a number in V for {stop}", "'V_8'"]),
        ("dev/3V_x", ["a whole number for {cycle}", "'x'"]),
        ("dev/3V_", ["a whole number for {cycle}", "the name ends there"]),
        ("3V_8", ["1 level", "{_}/"]),
        ("a/b/3V_8", ["3 level"]),
    ],
)
def test_a_name_that_does_not_fit_says_where_and_what(name, words):
    with pytest.raises(PinchedError) as error:
        NamePattern("{device}/{stop}V_{cycle}").parse(name)
    for word in words:
        assert word in str(error.value)


def test_a_name_that_fits_in_two_ways_is_refused_with_both():
    with pytest.raises(PinchedError, match=r"two ways: device 'a', run 'b_c', or device 'a_b', run 'c'"):
        NamePattern("{device}_{run}").parse("a_b_c")


def test_hostile_names_take_no_time():
    with pytest.raises(PinchedError):
        NamePattern("{a}_{b}_{c}_{d}_{e}_{f}V").parse("_" * 120 + "x")


WORDS = st.text(st.characters(categories=("L", "Nd"), exclude_characters="_"), min_size=1, max_size=12)
NUMBERS = st.floats(-1e12, 1e12, allow_nan=False, allow_infinity=False).filter(
    lambda x: x == 0 or abs(x) > 1e-15
)


@given(
    device=WORDS,
    cycle=st.integers(0, 10**6),
    sample=WORDS,
    stop=NUMBERS,
    radius=NUMBERS,
    temperature=st.floats(0, 2000),
    p_is_point=st.booleans(),
)
def test_format_then_parse_gives_back_the_fields(
    device, cycle, sample, stop, radius, temperature, p_is_point
):
    pattern = NamePattern("{sample}/{device}/{radius} um_{stop}mV_{temperature}C_{cycle}", p_is_point)
    fields = NameFields(
        device=device,
        cycle=cycle,
        values=(
            setting("sample", sample),
            setting("radius", radius, "m"),
            setting("stop", stop, "V"),
            setting("temperature", temperature, "K"),
        ),
    )
    try:
        name = pattern.format(fields)
    except PinchedError:
        # A float that no decimal number of this unit meets after the offset is refused, not rounded.
        assume(False)
    found = pattern.parse(name)
    assert found == fields
    assert not math.isnan(found.get("stop"))


@given(st.text(max_size=30), st.text(max_size=30))
def test_any_text_parses_or_says_why(template, name):
    with contextlib.suppress(PinchedError):
        assert isinstance(NamePattern(template).parse(name), NameFields)


def test_format_refuses_what_would_be_read_differently():
    pattern = NamePattern("{device}_{run}")
    with pytest.raises(PinchedError):
        pattern.format(NameFields(device="a_b", values=(setting("run", "c"),)))
    with pytest.raises(PinchedError, match="fields device, run"):
        pattern.format(NameFields(device="a"))


@pytest.mark.parametrize(
    ("text", "si", "factor"),
    [("um", "m", 1e-6), ("nm2", "m2", 1e-18), ("um^2", "m2", 1e-12), ("kohm", "ohm", 1e3), ("K", "K", 1.0),
     ("mm²", "m2", 1e-6), ("s", "s", 1.0)],
)  # fmt: skip
def test_units_of_names(text, si, factor):
    unit = name_unit(text)
    assert (unit.si, float(unit.factor)) == (si, factor)
    assert name_unit("parsec") is None
    assert name_unit("a") is None


@pytest.mark.parametrize(
    ("file", "name"),
    [("d/-1.5V_0.csv", "d/-1.5V_0"), ("d/-1.5V_0", "d/-1.5V_0"), ("a.csv.gz", "a"), ("a.b.xlsx", "a.b"), ("x", "x")],
)  # fmt: skip
def test_names_are_taken_below_the_folder_without_suffix(tmp_path, file, name):
    assert relative_name(tmp_path / file, tmp_path) == name
    with pytest.raises(PinchedError, match="does not lie"):
        relative_name(tmp_path / file, tmp_path / "elsewhere")


def sweep(file, device="as read", cycle=1, **more):
    v = np.linspace(0, 1, 5)
    return IVSweep(
        voltage=v, current=v * 1e-6, device=device, cycle=cycle, provenance=Provenance(file=str(file)), **more
    )


def test_names_set_device_cycle_and_settings(tmp_path):
    given_sweeps = [sweep(tmp_path / "dev1" / "-3V_7.csv", settings=(Setting("stop", -2.9, "V"),))]
    named = apply_names(given_sweeps, NamePattern("{device}/{stop}V_{cycle}"), folder=tmp_path)
    (only,) = named.sweeps
    assert (only.device, only.cycle) == ("dev1", 7)
    # What the file states is worth more than what its name says.
    assert [item.value for item in only.settings] == [-2.9]
    assert named.fields[only.provenance.file].get("stop") == -3.0


def test_a_compliance_in_the_name_counts_where_the_file_has_none(tmp_path):
    pattern = NamePattern("{device}_{compliance_current}uA")
    free, stated = sweep(tmp_path / "a_100uA.csv"), sweep(tmp_path / "b_100uA.csv", compliance_current=1e-3)
    named = apply_names([free, stated], pattern, folder=tmp_path)
    assert [s.compliance_current for s in named.sweeps] == [1e-4, 1e-3]


def test_without_device_the_folder_is_the_device_and_without_both_nothing_changes(tmp_path):
    files = [tmp_path / "Radius 10 um" / "-3V_8.csv", tmp_path / "Radius 20 um" / "-3V_8.csv"]
    named = apply_names(
        [sweep(f) for f in files], NamePattern("Radius {radius} um/{stop}V_{cycle}"), folder=tmp_path
    )
    assert [(s.device, s.cycle) for s in named.sweeps] == [("Radius 10 um", 8), ("Radius 20 um", 8)]
    kept = apply_names(
        [sweep(f, device=f.parent.name) for f in files],
        NamePattern("Radius {radius} um/{stop}V_8"),
        folder=tmp_path,
    )
    assert [s.device for s in kept.sweeps] == ["Radius 10 um", "Radius 20 um"]
    assert [s.settings[0].value for s in kept.sweeps] == [1e-5, 2e-5]


def test_several_sweeps_in_a_file_count_on_and_inner_devices_stay_apart(tmp_path):
    file = tmp_path / "a_5.csv"
    same = apply_names(
        [sweep(file, cycle=1), sweep(file, cycle=2)], NamePattern("{device}_{cycle}"), folder=tmp_path
    )
    assert [(s.device, s.cycle) for s in same.sweeps] == [("a", 5), ("a", 6)]
    two = apply_names(
        [sweep(file, "a_5/S1"), sweep(file, "a_5/S2")], NamePattern("{device}_{cycle}"), folder=tmp_path
    )
    assert [(s.device, s.cycle) for s in two.sweeps] == [("a/S1", 5), ("a/S2", 5)]
    counted = apply_names(
        [sweep(tmp_path / "a_x.csv"), sweep(tmp_path / "a_y.csv")],
        NamePattern("{device}_{run}"),
        folder=tmp_path,
    )
    assert [(s.device, s.cycle) for s in counted.sweeps] == [("a", 1), ("a", 2)]


def test_two_files_of_one_cycle_are_refused(tmp_path):
    files = [tmp_path / "a_1_x.csv", tmp_path / "a_1_y.csv"]
    with pytest.raises(PinchedError, match=r"cycle 1 .*a_1_x"):
        apply_names([sweep(f) for f in files], NamePattern("{device}_{cycle}_{_}"), folder=tmp_path)
    v = np.linspace(0, 1, 5)
    with pytest.raises(PinchedError, match="no file"):
        apply_names([IVSweep(voltage=v, current=v)], NamePattern("{device}_{cycle}"), folder=tmp_path)


@pytest.mark.parametrize(
    ("names", "pattern"),
    [
        (["large/-1.1V_2", "large/-1.2V_4", "Radius 10 um/-3V_8"], "{device}/{stop}V_{cycle}"),
        (["Radius 10 um/-2V_0", "Radius 10 um/-4V_9", "Radius 100 um/-2V_0"], "Radius {radius} um/{stop}V_{cycle}"),
        (["-1.1V_2", "-1.2V_4"], "{stop}V_{cycle}"),
        (["dev1_T293K_c1", "dev1_T293K_c2", "dev2_T300K_c1"], "{device}_T{temperature}K_c{cycle}"),
        (["dev1/10um/2V_1", "dev1/20um/3V_2", "dev2/10um/1V_0"], "{device}/{size}um/{stop}V_{cycle}"),
        (["sampleA/25°C/run 3", "sampleA/85°C/run 4"], "sampleA/{temperature}°C/run {cycle}"),
        (["2024-05-01_devA_3", "2024-05-02_devB_3"], "{date:text}_{device}_3"),
        (["P=A T=293k/x#1", "P=B T=300k/x#2"], "P={p:text} T={temperature:K}k/x#{cycle}"),
        (["PDA_{x}[1]_3V", "PDA_{y}[1]_4V"], "PDA_{{{device}}}[[1]]_{stop}V"),
        # Nothing that the names would add, or nothing certain.
        (["simulated_001", "simulated_002"], None),
        (["a", "b_2"], None),
        (["batch1/dev1/1", "batch1/dev2/1", "batch2/dev1/1"], None),
        (["a/b", "c"], None),
        ([], None),
    ],
)  # fmt: skip
def test_proposed_patterns(names, pattern):
    found = propose_pattern(names)
    assert (found and found.pattern.text) == pattern
    if found:
        assert len(found.reasons) >= len(found.pattern.fields)
        for name in names:
            found.pattern.parse(name)


@given(st.lists(st.text("ab1.-_/ V", min_size=1, max_size=12), max_size=6))
def test_a_proposal_reads_every_name_it_was_made_from(names):
    found = propose_pattern(names)
    if found:
        for name in names:
            assert isinstance(found.pattern.parse(name), NameFields)


def test_the_real_folders(measurements):
    folder = measurements / "nbsto_tiotto" / "imported_data" / "data"
    files, _ = find_files(folder)
    found = propose_pattern([relative_name(file.path, folder) for file in files])
    assert found.pattern.text == "{device}/{stop}V_{cycle}"
    good = [file.path for file in files if "-4V_2" not in file.path.name]
    sweeps = read_sweeps(good, ReadOptions(device_from=DeviceNaming.PATH))
    named = apply_names(sweeps, found.pattern, folder=folder).sweeps
    assert {s.device for s in named} == {"large", "medium", "Old device", "Radius 10 um", "Radius 100 um"}
    stops = {s.provenance.file: next(i.value for i in s.settings if i.name == "stop") for s in named}
    # The names are right: the lowest voltage of each sweep is the stop voltage that its name states.
    for s in named:
        assert s.voltage.min() == pytest.approx(stops[s.provenance.file], abs=0.1)


def test_other_real_names(measurements):
    names = {"Process=MINOXG Die=A1 T=293k/vds-id#1"}
    (found,) = (
        NamePattern("Process={process} Die={die} T={temperature:K}k/vds-id#{run}").parse(n) for n in names
    )
    assert found.get("temperature") == 293.0
    folder = measurements / "tio2_drift_elgeresy2024" / "data" / "drift"
    files, _ = find_files(folder)
    pattern = NamePattern("{sample}_sa{size}_{part}/{row:1}_{column:1}_proc")
    rows = {pattern.parse(relative_name(file.path, folder)).get("row") for file in files}
    assert rows == {11.0, 13.0, 15.0, 18.0, 19.0}
