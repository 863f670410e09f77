"""Keeps the heap in one piece while the program loads; import it before everything large."""

import gc

GARBAGE_BYTES = 32_768
"""Collected this often while modules load: what they keep then lies close together, and the log's
queue (8 KB) finds room in one piece. Without it the largest piece of 280 KB free was 17 KB. More
often would cost the start seconds: a collection takes 10 to 40 ms on the chip."""

gc.threshold(GARBAGE_BYTES)


def loaded() -> int:
    """Everything is built: from here on collections are made when the background asks for them.

    Returns the bytes that are free.
    """
    gc.collect()
    gc.threshold(-1)
    return gc.mem_free()
