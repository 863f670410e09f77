"""Hours at one table without a restart: sessions, hands, host traffic, faults that come and go."""
