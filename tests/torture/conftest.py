from tests.process.conftest import run_site

__all__ = ["run_site"]
