"""People on the table: pseudonyms, screening, releases, programmes, outcomes."""
