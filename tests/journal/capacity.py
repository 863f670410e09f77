"""How much room a session of ten minutes takes; measured in hil_tests/test_log_size.py."""

TEN_MINUTES_PAGES = 34
"""At most; three sets of three minutes at 60 deg take 32 on the bench, whose IMUs have noise."""
BYTES_A_SAMPLE = 1.5
"""Whole pages counted; a page is closed after 20 s, so at rest it is not full."""
