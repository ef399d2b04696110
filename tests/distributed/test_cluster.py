"""Only a run's own processes can connect to the Dask cluster that it has started."""

from __future__ import annotations

import pytest

from tests.processes import RUN, descendants, programs, wait_for
from tests.sockets import PAGES, answers, listening

pytest.importorskip("distributed", reason="needs nnpipe[dask]")
from distributed.security import Security

pytestmark = pytest.mark.slow


@pytest.fixture
def certificate(tmp_path):
    made = Security.temporary()
    (tmp_path / "own.pem").write_text(made.tls_client_key + made.tls_client_cert)
    return tmp_path / "own.pem"


def test_another_user_gets_nothing_from_any_socket_of_a_run(tmp_path, certificate):
    samples = ("input.samples=400000", "input.features=12", "engine.batch_size=4096")
    with programs(tmp_path, OPENBLAS_NUM_THREADS="1") as start:
        run = start(*RUN, *samples, "architecture.sizes=[16,4]", "engine=dask", "engine.workers=2")
        wait_for(tmp_path / "outputs" / "default" / "v0001" / "results" / "part-00000.json")
        addresses = listening([run.pid, *descendants(run.pid)])
        # The scheduler, two nannies and two workers; the pages of the scheduler and the workers.
        assert len(addresses) == 8
        assert {host for host, _ in addresses} == {"127.0.0.1"}
        for address in addresses:
            heard = answers(address, certificate)
            assert heard.keys() <= {*PAGES}
            for answer in heard.values():
                assert answer.split()[1] == "404"
                assert "dask" not in answer
                assert "127.0.0.1" not in answer
