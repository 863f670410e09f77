"""What device and host both speak: frames, messages, names, error codes, log records."""
