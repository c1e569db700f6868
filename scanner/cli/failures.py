"""What is said of an exception: never its own text, which a library may have filled with cells."""

from __future__ import annotations

import traceback
from pathlib import Path

from scanner.errors import ScannerError


def describe(error: BaseException, frames: bool = False) -> str:
    """One line on an exception; with `frames` the places in the code that led to it, without any values."""
    from scanner.report.gate import show_message  # not needed where nothing fails

    if isinstance(error, ScannerError):
        text = show_message(str(error))
    elif isinstance(error, OSError) and error.strerror:
        name = f": {error.filename}" if isinstance(error.filename, str) else ""
        text = show_message(f"{error.strerror}{name}")
    else:
        text = f"the scanner failed with {type(error).__name__}"
    places = traceback.extract_tb(error.__traceback__)
    if frames:
        lines = [f"  {Path(place.filename).name}:{place.lineno} in {place.name}" for place in places]
        return "\n".join([text, *lines])
    if not isinstance(error, ScannerError | OSError) and places:
        text += f" at {Path(places[-1].filename).name}:{places[-1].lineno}; -vv shows the way there"
    return text
