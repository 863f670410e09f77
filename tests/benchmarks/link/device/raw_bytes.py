"""As many bytes as asked for, as fast as the link takes them: what it carries at best."""

import sys

BLOCK = bytes(4096)


def main():
    write = sys.stdout.buffer.write
    while True:
        count = int(sys.stdin.readline())
        for _ in range(count // len(BLOCK)):
            write(BLOCK)


main()
