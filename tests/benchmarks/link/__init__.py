"""What the link carries, what a pull makes of it, how fast logs are decoded."""
