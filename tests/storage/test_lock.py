"""The lock of a thread, between OS threads and between processes."""

import errno
import multiprocessing
import shutil
import threading

import pytest
from filelock import FileLock

from mozchat.domain.errors import Unavailable
from mozchat.storage import lock as lock_module
from mozchat.storage.lock import ThreadLock

SPAWN = multiprocessing.get_context("spawn")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run" / "walk.lock"


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(lock_module, "TIMEOUT", 0.01)


@pytest.fixture
def no_flock(monkeypatch):
    def flock(handle, operation):
        raise OSError(errno.ENOLCK, "no locks available")

    monkeypatch.setattr(lock_module.fcntl, "flock", flock)


def is_free(path):
    """Whether another one, as in another process, can take the lock."""
    try:
        with ThreadLock(path).held():
            return True
    except Unavailable:
        return False


def test_one_holds_it_and_others_wait_in_vain(path, impatient):
    with ThreadLock(path).held():
        assert not is_free(path)
    assert is_free(path)


def test_it_is_given_back_after_a_fault(path, impatient):
    with pytest.raises(ValueError), ThreadLock(path).held():
        raise ValueError
    assert is_free(path)


def test_other_programs_can_take_the_same_lock(path, impatient):
    with ThreadLock(path).held():
        pass
    with FileLock(path):
        assert not is_free(path)


def test_a_run_folder_that_was_emptied_is_made_again(path, impatient):
    lock = ThreadLock(path)
    with lock.held():
        pass
    shutil.rmtree(path.parent)
    with lock.held():
        assert not is_free(path)


def test_a_lock_whose_file_was_removed_meanwhile_is_not_the_lock(path, monkeypatch):
    """Whoever has opened the file just before it was removed would be alone with a file that nobody else sees."""
    flock = lock_module.fcntl.flock
    removed = []

    def remove_first(handle, operation):
        if not removed:
            removed.append(path.unlink())
        flock(handle, operation)

    monkeypatch.setattr(lock_module.fcntl, "flock", remove_first)
    with ThreadLock(path).held():
        monkeypatch.setattr(lock_module, "TIMEOUT", 0.01)
        assert not is_free(path)


def test_where_there_is_no_flock_a_lock_file_does(path, no_flock, impatient):
    with ThreadLock(path).held():
        assert not is_free(path)
    assert is_free(path)


def count_up(lock_path, file, rounds):
    lock = ThreadLock(lock_path)

    def count():
        for _ in range(rounds):
            with lock.held():
                file.write_text(str(int(file.read_text()) + 1))

    threads = [threading.Thread(target=count) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_nothing_is_lost_between_processes_and_their_threads(path, tmp_path):
    file = tmp_path / "number"
    file.write_text("0")
    processes = [SPAWN.Process(target=count_up, args=(path, file, 100)) for _ in range(2)]
    for process in processes:
        process.start()
    count_up(path, file, 100)
    for process in processes:
        process.join(60)
        assert process.exitcode == 0

    assert file.read_text() == "900"
