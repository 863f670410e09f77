"""Session logs on the host: kept files, decoded columns, CSV, pictures."""
