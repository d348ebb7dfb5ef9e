"""What a service stands on is looked at, and only what is surely gone is told to be."""

from dataclasses import replace

import pytest

from console.config import Config
from console.data_lock import lock
from console.ground import Ground
from reconciler.errors import Stalled


@pytest.fixture
def config(tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    lock(data).close()
    (data / "headgate.db").write_text("rows")
    return Config(data_dir=data)


def test_ground_that_is_written_to_is_the_same(config):
    ground = Ground(config)
    (config.data_dir / "headgate.db").write_text("more rows")
    lock(config.data_dir).close()

    ground.check()


def test_a_file_that_takes_the_place_of_the_database_is_told(config):
    ground = Ground(config)
    copy = config.data_dir / "copy"
    copy.write_text("rows")
    copy.rename(config.data_dir / "headgate.db")

    with pytest.raises(Stalled, match=r"The database .*headgate\.db was replaced under the service"):
        ground.check()


def test_with_a_database_on_a_server_the_data_directory_is_looked_at(config):
    ground = Ground(replace(config, database="postgresql://headgate@db.example.org/headgate"))
    (config.data_dir / "headgate.db").unlink()
    ground.check()
    config.data_dir.rename(config.data_dir.with_name("elsewhere"))

    with pytest.raises(Stalled, match=r"The data directory .* was moved or removed under the service"):
        ground.check()


def test_ground_that_cannot_be_looked_at_may_still_be_there(config):
    ground = Ground(config)
    config.data_dir.rename(config.data_dir.with_name("elsewhere"))
    loop = config.data_dir
    loop.symlink_to(loop)  # a look ends in an error, as on a network file system that is away

    ground.check()
