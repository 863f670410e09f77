"""People on the table: pseudonyms, screening, programmes, outcomes. Nothing here talks to a table."""
