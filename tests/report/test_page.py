"""The page: well-formed, whole without a network, safe against names of strangers, and true to the numbers."""

import base64
import csv
import dataclasses
import json
import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pytest

from pinched._errors import PinchedError
from pinched.data.sweep import Provenance
from pinched.extraction.table import Flag
from pinched.report.numbers import numbers
from pinched.report.page import render_page, write_report, write_results
from pinched.report.record import FileRecord, RunRecord

VOID = {"meta", "img", "link", "br", "hr", "input", "source"}


class Page(HTMLParser):
    """Collects tags, attributes and text, and refuses tags that do not close in order."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.seen: list[tuple[str, dict]] = []
        self.parts: list[str] = []
        self.feed(html)
        self.close()
        assert not self.open, f"not closed: {self.open}"

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.parts.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.parts))


@pytest.fixture(scope="module")
def page(tmp_path_factory, sweeps, table, fit, score, run) -> Page:
    path = write_report(tmp_path_factory.mktemp("page") / "report.html", sweeps, table, fit, score, run=run)
    return Page(path.read_text("utf-8"))


@pytest.fixture
def words_of(sweeps, table, fit, score, run):
    """The page without its figures, which are slow, for inputs that differ in what is named."""

    def render(**changed) -> Page:
        given = {"sweeps": sweeps, "table": table, "fit": fit, "score": score, "run": run} | changed
        found = numbers(given["sweeps"], given["table"], given["fit"], given["score"], given["run"])
        return Page(render_page(found, given["table"], []))

    return render


def test_page_loads_nothing_from_elsewhere(page):
    for tag, attributes in page.seen:
        assert tag not in {"script", "link", "iframe", "object", "embed"}
        for name in ("src", "srcset"):
            assert attributes.get(name, "data:").startswith("data:")
        if tag not in {"a", "meta"}:
            assert not any("http" in (value or "")[:200] for value in attributes.values()), (tag, attributes)
        assert not any(name.startswith("on") for name in attributes)
    policy = next(a["content"] for t, a in page.seen if t == "meta" and "http-equiv" in a)
    assert "default-src 'none'" in policy


def test_styles_load_nothing(sweeps, table, run):
    html = render_page(numbers(sweeps, table, None, None, run), table, [])
    style = re.search(r"<style>(.*?)</style>", html, re.DOTALL)
    assert style is not None
    assert "url(" not in style[1]
    assert "@import" not in style[1]
    assert "&#" not in style[1]  # escaped quotes would break every font name


def test_page_has_every_number_of_the_headline(page, score, table):
    mean, worst = score.accuracy_array.mean(), score.accuracy_array.min()
    low, high = score.interval
    for text in (
        f"4-bit network on 20 arrays of these devices: {100 * mean:.1f} % [{100 * low:.1f}, {100 * high:.1f}]",
        f"worst array {100 * worst:.1f} %",
        "float 97.9 %",
        "trivial baseline 11.3 %",
        f"{np.nanmedian(table.v_set):.2f} V",
        f"{np.median(table.resistance_lrs):.0f} Ω",
        "82.0 %",
        "97.5 %",
        "1 gradual, 1 none",
        "1 at the noise floor",
        "4 of 4 devices switch",
        "pinched run lab --out report",
        "lab/broken.csv: no column of currents",
        "lab/notes.docx",
        "The forming cycle is left out.",
        "no wire resistance",
        "10.1039/d5nr02690c",
        "ab" * 32,
        "Simulated data.",
    ):
        assert re.sub(r"\s+", " ", text) in re.sub(r" ([:,;.])", r"\1", page.text), text


def test_images_are_described_and_whole(page):
    images = [a for t, a in page.seen if t == "img"]
    assert len(images) == 9
    for attributes in images:
        assert len(attributes["alt"]) > 30
        kind, _, data = attributes["src"].partition(",")
        assert kind == "data:image/svg+xml;base64"
        ElementTree.fromstring(base64.b64decode(data))


def test_numbers_and_cycles_travel_in_the_page(page):
    links = {a["download"]: a["href"] for t, a in page.seen if t == "a" and "download" in a}
    assert json.loads(base64.b64decode(links["numbers.json"].partition(",")[2]))["cycles"] == 40
    assert base64.b64decode(links["cycles.csv"].partition(",")[2]).startswith(b"file,device")


def test_a_measurement_has_no_banner(words_of, rng, make_sweep):
    real = dataclasses.replace(make_sweep("D", 1, rng), provenance=Provenance(file="a.csv"))
    assert "imulated data" not in words_of(sweeps=[real]).text
    assert "Simulated data." in words_of(sweeps=[real], run=RunRecord(read_voltage=0.1, simulated=True)).text


@pytest.mark.usefixtures("few_figures")
def test_hostile_names_are_escaped(tmp_path, rng, fit, make_sweep, make_table):
    evil = "<script>alert('1')</script>\"&"
    sweep = dataclasses.replace(
        make_sweep(evil, 1, rng),
        provenance=Provenance(file=evil, sha256='"><img src=x onerror=y>', guesses=(evil,)),
    )
    table = dataclasses.replace(make_table(4, 1, rng), device=(evil, "$", "器件", "b"))
    run = RunRecord(
        read_voltage=0.1, command_line=evil, files=(FileRecord(evil, '"><script>', 1),), skipped=(evil,),
        passed_over=(evil,), guesses=(evil,), assumptions=(evil,), versions={evil: evil}, started=evil,
    )  # fmt: skip
    html = write_report(tmp_path / "r.html", [sweep], table, fit, run=run).read_text("utf-8")
    assert "<script" not in html
    page = Page(html)
    assert not [a for _, a in page.seen if any(k.startswith("on") for k in a)]
    assert "alert('1')" in page.text


@pytest.mark.parametrize("cycles", [1, 2])
def test_one_device_without_a_fit(tmp_path, rng, cycles, make_sweep, make_table):
    table = make_table(1, cycles, rng)
    sweeps = [make_sweep("D01", k + 1, rng) for k in range(cycles)]
    page = Page(write_report(tmp_path, sweeps, table, None).read_text("utf-8"))
    assert (tmp_path / "report.html").is_file()
    assert "1 device, " in page.text
    assert not re.search(r"\bnan\b", page.text.lower())
    assert "None" not in page.text
    if cycles == 1:
        assert "–" in page.text


def test_a_device_that_never_switches(tmp_path, rng, make_sweep, make_table):
    table = make_table(1, 3, rng)
    nothing, none = np.full(3, np.nan), (Flag.NONE,) * 3
    table = dataclasses.replace(
        table, v_set=nothing, v_set_flag=none, v_reset=nothing, v_reset_flag=none, resistance_lrs=nothing,
        resistance_lrs_flag=none, resistance_hrs=nothing, resistance_hrs_flag=none,
    )  # fmt: skip
    page = Page(
        write_report(tmp_path / "r.html", [make_sweep("D01", 1, rng)], table, None).read_text("utf-8")
    )
    assert "0 of 1 device switch" in page.text
    assert "3 none" in page.text


def test_many_files_and_notes_are_folded(words_of):
    run = RunRecord(
        read_voltage=0.1,
        files=tuple(FileRecord(f"lab/{k}.csv", "ab" * 32, 1) for k in range(40)),
        skipped=tuple(f"lab/bad{k}.csv: empty" for k in range(30)),
    )
    page = words_of(run=run)
    assert "40 files" in page.text
    assert "20 more skipped files" in page.text
    assert "lab/bad29.csv: empty" in page.text


@pytest.mark.slow
def test_folder_of_results_is_complete(tmp_path, sweeps, table, fit, score, run):
    path = write_results(tmp_path, sweeps, table, fit, score, run=run)
    assert path == tmp_path / "report.html"
    names = {p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file()}
    figures = (
        "sweeps", "sweeps_by_device", "map", "probability", "distributions", "cycles", "resistances", "confusion",
        "accuracy",
    )  # fmt: skip
    ends = (".png", "_89mm.svg", "_89mm.pdf", "_183mm.svg", "_183mm.pdf")
    assert names == {"report.html", "numbers.json", "cycles.csv", "cycles.parquet"} | {
        f"figures/{name}{end}" for name in figures for end in ends
    }
    with (tmp_path / "cycles.csv").open(encoding="utf-8") as lines:
        rows = list(csv.reader(lines))
    assert len(rows) == 41
    assert {"v_set (V)", "v_reset (V)", "resistance_lrs (ohm)", "compliance_current (A)"} <= set(rows[0])
    for svg in (tmp_path / "figures").glob("*.svg"):
        ElementTree.parse(svg)
    again = json.loads((tmp_path / "numbers.json").read_text("utf-8"))
    assert again["network"]["name"] == "mnist"


@pytest.mark.usefixtures("few_figures")
def test_without_a_record_one_is_made(tmp_path, rng, make_sweep, make_table):
    table = make_table(1, 1, rng)
    html = write_report(tmp_path / "r.html", [make_sweep("D01", 1, rng)], table, None).read_text("utf-8")
    assert "called from Python" in html
    assert "lab/a.csv" in html


def test_places_that_cannot_be_written_are_refused(tmp_path, sweeps, table, fit):
    with pytest.raises(PinchedError, match=r"\.html file"):
        write_report(tmp_path / "report.pdf", sweeps, table, fit)
    with pytest.raises(PinchedError, match="does not exist"):
        write_report(tmp_path / "no" / "report.html", sweeps, table, fit)
    with pytest.raises(PinchedError, match="no folder"):
        write_results(tmp_path / "no", sweeps, table, fit)


def test_cautions_are_what_a_reader_would_object(words_of, score):
    weak = dataclasses.replace(
        score, accuracy_array=np.array([0.5]), images=10, bit_error_rate=np.array([0.1])
    )
    page = words_of(score=weak)
    assert "One array: the accuracy has no interval." in page.text
    assert "not better than the nearest class mean" in page.text
    assert "accuracies are coarse" in page.text
