"""What itable keeps on this computer or on a server: a database, opened, upgraded, asked."""
