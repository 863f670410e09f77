"""The flight log in flash: samples and events from the tick, coded into pages, kept in a ring."""
