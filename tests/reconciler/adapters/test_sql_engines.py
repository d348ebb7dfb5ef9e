"""Connections to a file are made ready beside others who make it at the same time."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from reconciler.adapters.sql.engines import address_of, engine_of

FILES = 80  # without patience one in twelve meets somebody at the wrong moment
AT_ONCE = 3


def test_who_makes_the_same_new_file_is_waited_for(tmp_path):
    ready = Barrier(AT_ONCE)

    def opened(path):
        engine = engine_of(address_of(str(path)), autocommit=True, connections=1)
        ready.wait(60)
        with engine.connect() as connection:
            mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar()
        engine.dispose()
        return mode

    with ThreadPoolExecutor(AT_ONCE) as several:
        for number in range(FILES):
            modes = several.map(opened, [tmp_path / f"{number}.db"] * AT_ONCE)
            assert list(modes) == ["wal"] * AT_ONCE
