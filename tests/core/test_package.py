"""The package as a whole: light import, public names, size of modules, sources of numbers."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import pinched
from core.make_api_page import PAGE, page

SOURCE = Path(pinched.__file__).parent
MODULES = sorted(SOURCE.rglob("*.py"))


def test_import_is_light():
    code = (
        "import sys, pinched; "
        "heavy = {'torch', 'pandas', 'matplotlib', 'scipy', 'sklearn', 'numba'} & set(sys.modules); "
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_device_side_needs_no_torch():
    code = (
        "import sys, pinched; pinched.read_sweeps, pinched.extract_switching, pinched.fit_spread, pinched.presets; "
        "sys.exit('torch was imported' if 'torch' in sys.modules else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_command_line_answers_before_torch_is_loaded():
    code = "import sys, pinched.cli; sys.exit('torch was imported' if 'torch' in sys.modules else 0)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", pinched.__all__)
def test_public_names_exist_and_are_documented(name):
    value = getattr(pinched, name)
    assert (value.__doc__ or "").strip(), f"pinched.{name} has no docstring"


def test_the_page_of_public_names_is_up_to_date():
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python tests/core/make_api_page.py"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_modules_are_short_and_say_what_they_are_for(path):
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= 500, "split it"
    assert ast.get_docstring(ast.parse(text)), "a module says what it is for and when to use it"


def test_every_cited_source_is_in_the_bibliography():
    keys = set(
        re.findall(r"^@\w+\{([^,]+),", (SOURCE / "references.bib").read_text(encoding="utf-8"), re.MULTILINE)
    )
    cited = set()
    for path in MODULES:
        cited |= set(re.findall(r"\b([a-z]+(?:19|20)\d\d[a-z]+)\b", path.read_text(encoding="utf-8")))
    assert cited, "no module cites anything: the pattern of keys must have changed"
    assert cited <= keys, f"cited but not in references.bib: {sorted(cited - keys)}"


def test_no_randomness_without_an_address():
    """Global seeds and unseeded generators would make results depend on what ran before."""
    offenders = []
    for path in MODULES:
        text = path.read_text(encoding="utf-8")
        if re.search(
            r"np\.random\.(seed|rand|normal|default_rng)\b|torch\.manual_seed|\brandom\.random\(", text
        ):
            offenders.append(path.name)
    assert not offenders
