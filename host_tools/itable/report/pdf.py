"""A page as PDF, printed by a Chromium that is installed anyway."""

import shutil
import subprocess
import tempfile
from pathlib import Path

from itable.errors import InputError

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_TIMEOUT_S = 120


def write_pdf(page: Path, pdf: Path) -> None:
    """Print an HTML file to a PDF file; raises InputError without a browser, or when it fails."""
    browser = next((path for name in NAMES if (path := shutil.which(name))), None)
    if browser is None:
        raise InputError(
            "a PDF needs Chromium or Chrome, and there is none",
            where=", ".join(NAMES),
            next_step=f"install one, or print {page} from any browser: it fits one A4 sheet",
        )
    with tempfile.TemporaryDirectory() as profile:
        command = [
            browser,
            "--headless",
            "--no-sandbox",  # it reads one file that was just written here, and no other
            "--disable-gpu",
            f"--user-data-dir={profile}",
            "--no-pdf-header-footer",
            f"--print-to-pdf={pdf.absolute()}",
            page.absolute().as_uri(),
        ]
        try:
            done = subprocess.run(command, capture_output=True, timeout=_TIMEOUT_S, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise _failed(browser, str(error)) from error
    if done.returncode or not pdf.is_file():
        raise _failed(browser, done.stderr.decode("utf-8", "replace").strip()[-200:])


def _failed(browser: str, why: str) -> InputError:
    return InputError(
        "the browser did not print the page",
        where=f"{browser}: {why}",
        next_step="open the HTML page and print it from there",
    )
