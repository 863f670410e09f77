"""Plans for tests: a small one, and any one inside or around the limits."""

from hypothesis import strategies as st

from inversion_table.safety import limits
from inversion_table.session.plan import Plan, Step, StepSet


def make(
    *steps: tuple[int, int, int],
    times: int = 1,
    name: str = "test",
    return_rate_mdeg_per_s: int = 2_000,
    rest_ms: int = 10_000,
) -> Plan:
    """One set of (tilt_mdeg, rate_mdeg_per_s, hold_ms)."""
    written = [Step(*step, line=10 + number) for number, step in enumerate(steps)]
    return Plan(name, [StepSet(times, written, line=9)], return_rate_mdeg_per_s, rest_ms)


def wide_open() -> limits.Settings:
    """Settings at the hard constants."""
    settings = limits.Settings()
    settings.tilt_max_mdeg = limits.TILT_MAX_MDEG
    settings.rate_max_mdeg_per_s = limits.RATE_MAX_MDEG_PER_S
    settings.head_down_max_ms = limits.HEAD_DOWN_MAX_MS
    settings.session_max_ms = limits.SESSION_MAX_MS
    return settings


STEPS = st.builds(
    Step,
    st.integers(limits.HOME_TILT_MDEG, limits.TILT_MAX_MDEG),
    st.integers(limits.RATE_MIN_MDEG_PER_S, limits.RATE_MAX_MDEG_PER_S),
    st.integers(0, 60_000),
    st.integers(0, 500),
)
PLANS = st.builds(
    Plan,
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12),
    st.lists(
        st.builds(
            StepSet,
            st.integers(1, 3),
            st.lists(STEPS, min_size=1, max_size=4),
            st.integers(0, 500),
        ),
        min_size=1,
        max_size=4,
    ),
    st.integers(limits.RATE_MIN_MDEG_PER_S, limits.RATE_MAX_MDEG_PER_S),
    st.integers(0, 60_000),
)
