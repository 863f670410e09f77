"""What is drawn in the terminal: live views, charts, tables."""
