import pytest

from tests.running import RunningSite


@pytest.fixture
def run_site(tmp_path):
    """Start sites that end with the test: `run_site("--workers", "2", threads={"walk": "…ini…"})`."""
    running = []

    def run(*arguments, threads=None, environment=None, at=None):
        folder = tmp_path / "threads"
        for name, ini in (threads or {}).items():
            (folder / name).mkdir(parents=True, exist_ok=True)
            (folder / name / ".ini").write_text(ini)
        site = RunningSite(folder, *arguments, environment=environment, at=at)
        running.append(site)
        site.started_in = site.start()
        return site

    yield run
    for site in running:
        if site.process and site.process.poll() is None:
            site.stop()
