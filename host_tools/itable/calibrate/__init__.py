"""Calibration on the host: captures at rest, the fit, the record that the table keeps."""
