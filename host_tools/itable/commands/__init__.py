"""One module for each group of commands; they only gather, call and print."""
