"""ask.py PORT MEASURES: ask the service for the species of a flower."""

import sys
from urllib.request import urlopen

from flowers import give

port, measures = sys.argv[1:]
with urlopen(f"http://127.0.0.1:{port}/?measures={measures}", timeout=10) as answer:
    give(species=answer.read().decode())
