"""The scans of a JPEG: for each of them a decoder goes through the whole picture again."""

import re

MARKER = re.compile(rb"\xff+([^\x00\x01\xd0-\xd7\xff])")  # of those that a length follows
SCAN, END = b"\xda", b"\xd9"


def number_of_scans(jpeg: bytes) -> int:
    """Count the scans up to the end of the picture, without those of a preview in its metadata."""
    scans, at = 0, 2
    while (marker := MARKER.search(jpeg, at)) and marker[1] != END:
        scans += marker[1] == SCAN
        at = marker.end() + int.from_bytes(jpeg[marker.end() : marker.end() + 2])
    return scans
