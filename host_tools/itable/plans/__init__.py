"""Plan files: reading TOML with positions, compiling, checking, drawing."""
