"""A real browser for the tests: headless Chromium, a new profile for every page, no connections of its own."""

import shutil
import subprocess
import tempfile
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
)


def find_chromium() -> str | None:
    """Return the path of an installed Chromium, or None."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Browser:
    """Opens local HTML files. Every method raises ``CalledProcessError`` or ``TimeoutExpired`` when Chromium does."""

    def __init__(self, chromium: str, *, seconds: float = 120) -> None:
        self.chromium, self.seconds = chromium, seconds

    def dom(self, page: Path, *flags: str) -> str:
        """Return the document as Chromium understood it, serialised."""
        return self.run(page, "--dump-dom", *flags).stdout.decode("utf-8")

    def screenshot(self, page: Path, image: Path, *, width: int = 1280, height: int = 2000) -> Path:
        """Write a PNG of the top ``height`` pixels of the page in a window ``width`` pixels wide."""
        self.run(page, f"--screenshot={image}", f"--window-size={width},{height}")
        return image

    def pdf(self, page: Path, document: Path) -> Path:
        """Print the page to a PDF, as a reader who prints it would."""
        self.run(page, f"--print-to-pdf={document}", "--no-pdf-header-footer")
        return document

    def log(self, page: Path, *flags: str) -> str:
        """Return what Chromium says while it opens the page: errors of the console, blocked addresses."""
        said = self.run(page, "--dump-dom", "--enable-logging=stderr", "--v=0", *flags).stderr
        return said.decode("utf-8", "replace")

    def run(self, page: Path, *flags: str) -> "subprocess.CompletedProcess[bytes]":
        """Open the page with an empty profile and the given further flags."""
        with tempfile.TemporaryDirectory(prefix="chromium-") as profile:
            command = [self.chromium, *FLAGS, f"--user-data-dir={profile}", *flags, page.resolve().as_uri()]
            return subprocess.run(command, capture_output=True, timeout=self.seconds, check=True)
