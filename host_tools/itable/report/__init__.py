"""Reports of a session or a patient: one HTML page that needs nothing else, and its PDF."""
