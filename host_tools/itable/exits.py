"""The exit codes, once: code, help page and docs/itable.md all say what stands here."""

OK = 0
PROBLEM = 1
USAGE = 2
NO_DEVICE = 3
REFUSED = 4
LINK_FAILED = 5
MISMATCH = 6
INTERNAL = 7
NOT_CLEARED = 8
ATTENTION = 9
INTERRUPTED = 130
READER_GONE = 141

MEANINGS = {
    OK: "done",
    PROBLEM: "a problem in what you gave: a plan, a file, a session",
    USAGE: "the command line is wrong",
    NO_DEVICE: "no table found, several found, or the port cannot be opened",
    REFUSED: "the table refused",
    LINK_FAILED: "the link failed or the table did not answer in time",
    MISMATCH: "tool and table speak different versions",
    INTERNAL: "a fault in itable itself",
    NOT_CLEARED: "the patient is not screened, or a clinician's approval is missing",
    ATTENTION: "the doctor found something to do",
    INTERRUPTED: "stopped with Ctrl-C",
    READER_GONE: "nobody reads the output any more, as behind head",
}
