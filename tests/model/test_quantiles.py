from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from autoexp_tui.model.quantiles import student_above


@given(st.floats(1e-9, 1 - 1e-9), st.one_of(st.integers(1, 60), st.floats(1, 1e6)))
def test_quantiles_of_student_s_distribution_are_scipy_s(tail: float, freedom: float) -> None:
    # SciPy's quantiles are of what lies below, which rounds near 1.
    known = -special.stdtrit(freedom, tail) if tail <= 0.5 else special.stdtrit(freedom, 1 - tail)
    assert student_above(tail, freedom) == pytest.approx(float(known), rel=1e-6, abs=1e-6)
