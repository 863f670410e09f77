import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inversion_table.estimation.calibration import (
    Calibration,
    CalibrationError,
    nominal_monitor,
    nominal_primary,
)


def vectors(limit: int):
    return st.lists(st.integers(-limit, limit), min_size=3, max_size=3)


@settings(derandomize=True)
@given(
    vectors(200_000), vectors(50_000), vectors(20_000_000),
    st.integers(-15_000, 15_000), st.integers(50, 10_000),
)  # fmt: skip
def test_round_trip_through_json(accel_bias, scale, gyro_bias, offset, residual) -> None:
    first = nominal_monitor().to_dict()
    first.update(
        accel_bias_ug=accel_bias, accel_scale_ppm=scale, gyro_bias_udps=gyro_bias,
        tilt_offset_mdeg=offset, residual_mdeg=residual,
    )  # fmt: skip
    assert Calibration.from_dict(json.loads(json.dumps(first))).to_dict() == first


def test_nominal_mounts_are_rotations() -> None:
    assert nominal_primary().mount_q14[0] == (16_384, 0, 0)
    assert nominal_monitor().mount_q14 == ((-16_384, 0, 0), (0, -16_384, 0), (0, 0, 16_384))


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("accel_bias_ug", [0, 0, 200_001], "accel_bias_ug[2]: 200001 is outside"),
        ("accel_bias_ug", [0, 0], "accel_bias_ug: needs three numbers"),
        ("accel_bias_ug", 5, "accel_bias_ug: needs three numbers"),
        ("accel_scale_ppm", [0.5, 0, 0], "accel_scale_ppm[0]: 0.5 is not a whole number"),
        ("accel_scale_ppm", [0, -50_001, 0], "accel_scale_ppm[1]: -50001 is outside"),
        ("gyro_bias_udps", [True, 0, 0], "gyro_bias_udps[0]: True is not a whole number"),
        ("gyro_bias_udps", [20_000_001, 0, 0], "gyro_bias_udps[0]"),
        ("mount_q14", [[16_384, 0, 0], [0, 16_384, 0]], "mount_q14: needs three rows"),
        ("mount_q14", [[16_384, 0, 0], [0, 16_384, 0], [0, 0, -16_384]], "mount_q14: mirrored"),
        ("mount_q14", [[16_384, 0, 0], [0, 16_384, 0], [0, 0, 16_000]], "mount_q14: not a rot"),
        ("mount_q14", [[16_384, 0, 0], [16_384, 0, 0], [0, 0, 16_384]], "mount_q14: not a rot"),
        ("mount_q14", [[1 << 20, 0, 0], [0, 16_384, 0], [0, 0, 16_384]], "mount_q14[0][0]"),
        ("tilt_offset_mdeg", 15_001, "tilt_offset_mdeg: 15001 is outside"),
        ("residual_mdeg", 49, "residual_mdeg: 49 is below 50"),
        ("residual_mdeg", None, "residual_mdeg: None is not a whole number"),
        ("colour", 1, "colour: unknown field"),
    ],
)
def test_a_bad_field_is_named(field: str, value: object, words: str) -> None:
    values = nominal_primary().to_dict()
    values[field] = value
    with pytest.raises(CalibrationError) as caught:
        Calibration.from_dict(values)
    assert words in str(caught.value)


@pytest.mark.parametrize("field", Calibration.FIELDS)
def test_a_missing_field_is_named(field: str) -> None:
    values = nominal_primary().to_dict()
    del values[field]
    with pytest.raises(CalibrationError, match=f"{field}: missing"):
        Calibration.from_dict(values)


@pytest.mark.parametrize("values", [None, [], "x", 3])
def test_anything_but_a_table_is_refused(values: object) -> None:
    with pytest.raises(CalibrationError, match="needs a table"):
        Calibration.from_dict(values)
