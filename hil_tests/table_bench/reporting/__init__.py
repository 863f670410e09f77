"""What reports of benches share: measurements, and the parts of a page."""
