"""Runs that all tests of surrogates share."""

import pytest

from pinched.surrogate.runs import Runs
from surrogate_cases import closed_form_runs


@pytest.fixture(scope="session")
def runs() -> Runs:
    return closed_form_runs(240)
