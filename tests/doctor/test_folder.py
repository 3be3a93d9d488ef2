"""The folder of a site and the machine that it is on, right and broken in many ways, as the doctor sees them."""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

import pytest

from mozchat import __version__
from mozchat.doctor.trial import remove_left_over
from mozchat.services.site import Site
from tests.coturn import Coturn
from tests.doctor.conftest import CALLS, INI
from tests.running import RunningSite

pytestmark = pytest.mark.process

ROOT = Path(__file__).parent.parent.parent
NOBODY = pwd.getpwnam("nobody")

AN_HOUR_BEHIND = """
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t clock, struct timespec *now) {
    int failed = syscall(SYS_clock_gettime, clock, now);
    if (!failed && clock == CLOCK_REALTIME) now->tv_sec -= 3600;
    return failed;
}
"""


@pytest.fixture
def small_disk(folder):
    """A disk of its own of 1 MB for the site's folder."""
    ini = (folder / "walk" / ".ini").read_text()
    how = ["mount", "-t", "tmpfs", "-o", "size=1m,mode=755", "tmpfs", folder]
    made = subprocess.run(how, capture_output=True, text=True)
    if made.returncode:
        pytest.fail(f"this test mounts a small disk, for which it must be run as root: {made.stderr}")
    (folder / "walk").mkdir()
    (folder / "walk" / ".ini").write_text(ini)
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


@pytest.fixture
def preloaded(tmp_path):
    """The environment of a process in which a function of libc is another one, written in C."""

    def build(source):
        code, library = tmp_path / "preloaded.c", tmp_path / "preloaded.so"
        code.write_text(source)
        compiler = shutil.which("cc")
        assert compiler, "cc is missing: apt-get install gcc libc6-dev (or `make test` as root)"
        subprocess.run([compiler, "-shared", "-fPIC", "-o", library, code], check=True)
        return {"LD_PRELOAD": str(library)}

    return build


def test_a_right_folder_is_right_and_stays_as_it_was(examine, folder):
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    report = examine(folder)

    assert report.abouts("error") | report.abouts("warning") == set()
    assert report.code == 0
    assert report.abouts("right") >= {
        "Python",
        "Packages",
        "Threads folder",
        "Disk",
        "Clock",
        "Locks",
        "Threads",
        "STUN",
    }
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def test_without_a_public_url_it_says_what_is_left_out_and_how_to_have_it(examine, folder):
    said = examine(folder).text("Left out")

    assert "Long polls" in said
    assert "MOZCHAT_PUBLIC_URL" in said


def test_a_folder_that_is_not_there(examine, tmp_path):
    report = examine(tmp_path / "nowhere")

    assert report.abouts("error") == {"Threads folder"}
    assert "MOZCHAT_THREADS" in report.text("Threads folder")


def test_a_disk_that_is_mounted_read_only(examine, small_disk):
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    report = examine(small_disk, environment={"MOZCHAT_MIN_FREE_BYTES": "0"})

    assert "Threads folder" in report.abouts("error")
    assert "Read-only file system" in report.text("Threads folder")


def test_as_root_it_looks_with_the_eyes_of_the_folders_owner(examine, turn):
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place, "threads")
        (folder / "walk").mkdir(parents=True)
        (folder / "walk" / ".ini").write_text(INI + CALLS.format(turn.port))
        Path(place).chmod(0o755)
        for path in (folder, *folder.rglob("*")):
            os.chown(path, NOBODY.pw_uid, NOBODY.pw_gid)
        (folder / "walk" / "media").mkdir(mode=0o700)  # as root, as happens
        report = examine(folder)

        assert report.abouts("error") == {"walk"}
        assert "media is not writable" in report.text("walk")
        assert "is writable for nobody" in report.text("Threads folder")
        assert report.abouts("right") >= {"Locks", "STUN"}

        folder.chmod(0o555)
        report = examine(folder)

        assert "is not writable for nobody: Permission denied" in report.text("Threads folder")


def test_a_site_that_runs_as_another_user_than_the_folders_owner(examine, turn):
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place, "threads")
        (folder / "walk").mkdir(parents=True)
        (folder / "walk" / ".ini").write_text(INI + CALLS.format(turn.port))
        Path(place).chmod(0o755)
        site = RunningSite(folder)
        site.start()
        os.chown(folder, NOBODY.pw_uid, NOBODY.pw_gid)
        try:
            report = examine(folder, "--url", site.url)
        finally:
            site.stop()

    assert "The site runs as root, and this is nobody" in report.text("User")
    assert "rm -r" in report.text("Leaving")
    assert report.abouts("error") == {"walk", "Leaving"}


def test_a_secret_that_everybody_can_read(examine, folder):
    secret = folder / ".secret"
    secret.write_text("s" * 43 + "\n")
    secret.chmod(0o644)
    report = examine(folder)

    assert report.abouts("error") == {"Secret key"}
    assert f"chmod 600 {secret}" in report.text("Secret key")


def test_an_env_file_with_a_secret_that_everybody_can_read(examine, folder):
    env = folder.parent / ".env"
    env.write_text(f"MOZCHAT_SECRET_KEY={'k' * 40}\n")
    env.chmod(0o644)
    assert examine(folder).abouts("error") == {".env"}


def test_a_bad_ini_is_named_with_its_line(examine, folder):
    (folder / "walk" / ".ini").write_text("[client]\ntitle=x\nmaxClipSizeSec=abc\n")
    report = examine(folder)

    assert report.abouts("error") == {"walk"}
    assert "walk/.ini" in report.text("walk")
    assert "maxClipSizeSec" in report.text("walk")


def test_a_disk_that_is_nearly_full(examine, small_disk):
    report = examine(small_disk)
    assert report.abouts("error") == {"Disk"}
    assert "no clip is accepted" in report.text("Disk")


def test_locks_that_do_not_lock(examine, folder, preloaded):
    report = examine(folder, environment=preloaded("int flock(int f, int o) { return 0; }"))

    assert report.abouts("error") == {"Locks"}
    assert "Locks do not lock" in report.text("Locks")


def test_a_file_system_without_locks_has_lock_files(examine, folder, preloaded):
    source = "#include <errno.h>\nint flock(int f, int o) { errno = EOPNOTSUPP; return -1; }"
    report = examine(folder, environment=preloaded(source))

    assert report.abouts("error") == set()
    assert "lock files take their place" in report.text("Locks")


def test_a_path_that_is_too_long_for_sockets(examine, folder, tmp_path):
    long = tmp_path / ("long" * 25) / "threads"
    shutil.copytree(folder, long)

    assert examine(long).abouts("warning") == {"Wake-up sockets"}


def test_a_package_that_is_too_old(examine, folder, tmp_path):
    for name, version in (("Flask", "2.3.3"), ("click", "8.1.0")):
        info = tmp_path / "old" / f"{name.lower()}-{version}.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    report = examine(folder, environment={"PYTHONPATH": str(tmp_path / "old")})

    assert report.abouts("error") == {"Packages"}
    assert "flask 2.3.3 (3.1.3 or later is needed)" in report.text("Packages")
    assert "click" not in report.text("Packages")


def test_a_clock_that_is_wrong(examine, folder, run_site, preloaded):
    site = run_site()
    report = examine(folder, "--url", site.url, environment=preloaded(AN_HOUR_BEHIND))

    assert report.abouts("error") == {"Clock"}
    assert "clock of the files is 60 min ahead of" in report.text("Clock", "The site's folder")
    assert "s ahead of this machine's" in report.text("Clock", "Through the public URL")


def test_a_site_that_runs_another_version(examine, folder, tmp_path):
    old = tmp_path / "old"
    for name in ("mozchat", "static", "threads"):
        shutil.copytree(ROOT / name, old / name, ignore=shutil.ignore_patterns("__pycache__", ".run"))
    (old / "mozchat" / "__init__.py").write_text('"""Old."""\n\n__version__ = "0.0.9"\n')
    site = RunningSite(folder, environment={"PYTHONPATH": str(old)})
    site.cwd = old
    site.start()
    try:
        report = examine(folder, "--url", site.url)
    finally:
        site.stop()

    assert report.abouts("error") == {"Reached"}
    assert f"runs mozchat 0.0.9, and this is {__version__}" in report.text("Reached")
    assert "News" in report.abouts("right")


def test_turn_servers_right_silent_and_with_another_secret(examine, folder, turn, tmp_path):
    for name, secret in (("walk", turn.secret), ("cave", "another")):
        (folder / name).mkdir(exist_ok=True)
        (folder / name / ".ini").write_text(INI + turn.ini.replace(turn.secret, secret))
    report = examine(folder)

    assert (
        f"turn:127.0.0.1:{turn.port}?transport=udp refuses the password made with turnSecret (cave)"
        in report.text("TURN")
    )
    assert f"turn:127.0.0.1:{turn.port}?transport=udp gives a relay (walk)" in report.text("TURN")
    assert report.abouts("error") == {"TURN"}

    shutil.rmtree(folder / "cave")
    (folder / "walk" / ".ini").write_text(INI + turn.ini.replace("udp", "tcp"))
    assert "?transport=tcp gives a relay" in examine(folder).text("TURN")

    stopped = Coturn(tmp_path)
    (folder / "walk" / ".ini").write_text(INI + stopped.ini)
    assert "nobody listens there" in examine(folder).text("TURN")


def test_a_trial_that_is_broken_off_leaves_nothing(folder, run_site, tmp_path):
    site = run_site()
    (folder / "walk" / ".ini").write_text(INI.replace("longPollPeriodS=1", "longPollPeriodS=60"))
    doctor = subprocess.Popen(
        [sys.executable, "-m", "mozchat", "--threads", folder, "doctor", "--url", site.url],
        stdout=subprocess.DEVNULL,
        cwd=tmp_path,
    )
    until = time.monotonic() + 20
    while not list(folder.glob("doctor-*")):
        assert time.monotonic() < until
        assert doctor.poll() is None
        time.sleep(0.01)
    doctor.send_signal(signal.SIGTERM)

    assert doctor.wait(20) == 128 + signal.SIGTERM
    assert [path.name for path in folder.iterdir() if path.name != ".run"] == ["walk"]


def test_what_a_killed_doctor_left_is_removed_when_it_is_old(folder):
    left, bare, others = (folder / f"doctor-{letter * 16}" for letter in "abc")
    for path in (left, bare, others):
        path.mkdir()
    (left / ".ini").write_text("; Made by mozchat doctor, which removes it again.\n[common]\n")
    (others / ".ini").write_text("[common]\n")
    with closing(Site(folder)) as site:
        remove_left_over(site)
        assert left.exists(), "it may be of a doctor who is at work"

        for path in (left, bare, others):
            os.utime(path, (1, 1))
        remove_left_over(site)

    assert sorted(path.name for path in folder.iterdir()) == [others.name, "walk"]


def test_the_page_is_plain_where_it_goes_to_a_file(run_doctor, folder):
    (folder / "walk" / ".ini").write_text("[client]\nmaxClipSizeSec=abc\n")
    done = run_doctor(folder, environment={"PYTHONIOENCODING": "ascii"})

    assert done.returncode == 1
    assert "  x walk " in done.stdout
    assert "-> mozchat check walk" in done.stdout
    assert done.stdout.isascii()
    assert "\x1b" not in done.stdout
    assert done.stdout.splitlines()[-1].startswith("1 error, ")


def test_a_public_url_that_is_none_is_refused(run_doctor, folder):
    done = run_doctor(folder, "--url", "forum.example")

    assert done.returncode == 1
    assert "https://example.org/forum was expected" in done.stderr
