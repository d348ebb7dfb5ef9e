"""Chromium, driven as a person would use it: it knows this machine's loopback and nothing else."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep

import pytest
from selenium.webdriver import Chrome, ChromeOptions, ChromeService
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

PICTURES = Path(__file__).parents[2] / "build" / "browser"
PATIENCE = 60.0  # s
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = (
    "--headless",
    "--no-sandbox",  # the pages are ours, and the sandbox refuses root
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)


class Browser:
    """One window with a profile of its own; everything it complains about is kept."""

    def __init__(self, profile: Path, home: str) -> None:
        self.home = home
        self.complaints: list[str] = []
        program, driver = _program(*_BROWSERS), _program("chromedriver")
        options = ChromeOptions()
        options.binary_location = program
        for flag in (*_FLAGS, f"--user-data-dir={profile}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.chrome = Chrome(options, ChromeService(driver))
        self.resize(1280, 900)

    def resize(self, width: int, height: int) -> None:
        """Set the size of what is seen; windows themselves refuse to be as narrow as a telephone."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)

    def open(self, path: str) -> None:
        """Go to an address of the service."""
        self.chrome.get(self.home + path)
        self._listen()

    def click(self, label: str) -> None:
        """Click the first link or button that reads so; the page that it leads to is there afterwards."""
        before = self.chrome.find_element(By.TAG_NAME, "html")
        where = f"//*[self::a or self::button][contains(normalize-space(.), '{label}')]"
        where += f" | //*[local-name()='a'][contains(normalize-space(.), '{label}')]"
        address = self.chrome.current_url
        self.chrome.find_element(By.XPATH, where).click()
        self.eventually(
            lambda: self.chrome.current_url != address or self.chrome.find_element(By.TAG_NAME, "html") != before
        )
        self._listen()

    def search(self, text: str) -> None:
        """Type into the page's field for it, and press Return."""
        self.chrome.find_element(By.NAME, "search").send_keys(text, Keys.ENTER)
        self.eventually(lambda: "search=" in self.chrome.current_url)
        self._listen()

    def reload(self) -> None:
        """Load the page again."""
        self.chrome.refresh()
        self._listen()

    @property
    def text(self) -> str:
        """What a person reads."""
        return self.chrome.find_element(By.TAG_NAME, "body").text

    @property
    def overflow(self) -> int:
        """By how many pixels the page is wider than the window."""
        script = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
        return int(self.chrome.execute_script(script))

    def picture(self, name: str) -> None:
        """Keep what is seen as build/browser/<name>.png."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        self.chrome.save_screenshot(str(PICTURES / f"{name}.png"))

    def eventually(self, what: Callable[[], object]) -> None:
        """Wait until something holds; show the page if it never does."""
        until = monotonic() + PATIENCE
        while not what():
            if monotonic() > until:
                raise AssertionError(f"{self.chrome.current_url}\n{self.text}")
            sleep(0.05)

    def close(self) -> None:
        """End the browser."""
        self._listen()
        self.chrome.quit()

    def _listen(self) -> None:
        self.complaints += [f"{entry['level']} {entry['message']}" for entry in self.chrome.get_log("browser")]


def _program(*names: str) -> str:
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        pytest.skip(f"{names[0]} is not installed (Debian, Ubuntu: apt-get install chromium chromium-driver)")
    return found
