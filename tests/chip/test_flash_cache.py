"""The cache in front of the chip's flash, against one that keeps whole lists."""

from hypothesis import given
from hypothesis import strategies as st

from table_bench.chip.flash_cache import FlashCache

ADDRESSES = st.builds(
    lambda place, tag, byte: (tag * 1024 + place) * 8 + byte,
    st.sampled_from([0, 1, 1023]),
    st.integers(0, 4),
    st.integers(0, 7),
)


@given(st.lists(ADDRESSES, max_size=200))
def test_two_lines_of_each_place_are_kept_the_last_used_ones(addresses: list[int]) -> None:
    cache = FlashCache()
    kept: dict[int, list[int]] = {}
    misses = 0
    for address in addresses:
        tag, place = divmod(address // 8, 1024)
        lines = kept.setdefault(place, [])
        if tag in lines:
            lines.remove(tag)
        else:
            misses += 1
        lines.append(tag)
        del lines[:-2]
        cache.fetch(address)
        assert cache.misses == misses


def test_what_fits_is_fetched_once() -> None:
    cache = FlashCache()
    for _ in range(3):
        for address in range(0, 16 * 1024, 2):
            cache.fetch(address)
    assert cache.misses == 2048
