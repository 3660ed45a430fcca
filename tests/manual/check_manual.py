#!/usr/bin/env python3
"""The manual pages and the shells' completions, held against what the programs say of themselves.

check_manual.py BIN_DIR MAN_DIR COMPLETION_DIR CLASS: runs the tests of one class below.
"""
import os
import re
import subprocess
import sys
import tempfile
import time
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import shells  # pylint: disable=wrong-import-position

BIN, MAN, COMPLETION = sys.argv[1:4]
JOBPOOL = os.path.join(BIN, "jobpool")
PATH = BIN + ":" + os.environ["PATH"]


def output(*words, **more):
    environment = {**os.environ, "PATH": PATH, "JOBPOOL_NO_AUTOSTART": "1", **more.pop("env", {})}
    return subprocess.run(words, capture_output=True, text=True, env=environment, timeout=30, **more)


def verbs(*group):
    """Names and aliases behind 'jobpool GROUP', with the words that are no verbs left out."""
    text = output(JOBPOOL, *group, "--help").stdout.split("\nVerbs:\n")[1]
    names = re.findall(r"^  (\S+?)(?:,.*?)?(?=  |$)", text, re.MULTILINE)
    assert len(names) > 5, text
    return names


def all_verbs():
    for name in verbs():
        yield [name]
        if "VERB" in output(JOBPOOL, name, "--help").stdout.split("\n")[0]:
            for inner in verbs(name):
                yield [name, inner]


def options(text):
    """The names of options in a --help: '  -f, --follow   ...'."""
    found = set()
    for line in text.split("\n"):
        match = re.match(r"  (-\S+?)(?:(?:, |,)(--\S+))?(?: |$)", line)
        if match:
            found.update(name for name in match.groups() if name)
    return found


def plain(roff):
    return roff.replace("\\-", "-").replace("\\fB", "").replace("\\fI", "").replace("\\fR", "")


def page(name):
    with open(os.path.join(MAN, name), encoding="utf-8") as file:
        return file.read()


class Options(unittest.TestCase):
    def test_each_option_of_each_verb(self):
        text = plain(page("jobpool.1"))
        common = options("\n".join(line for line in text.split(".SH VERBS")[0].replace(".TP\n", "  ").split("\n")))
        self.assertIn("--socket", common)
        sections = {}
        for section in re.split(r"^\.SS ", text, flags=re.MULTILINE)[1:]:
            synopsis = section.split("\n")[0].strip('"')
            sections.setdefault(synopsis, section)
        checked = 0
        for verb in all_verbs():
            told = output(JOBPOOL, *verb, "--help").stdout
            synopsis = told.split("\n")[0].removeprefix("Usage: ")
            self.assertIn(synopsis, sections)
            described = options(sections[synopsis].split("\n.PP\nExample")[0].replace(".TP\n", "  "))
            completed = {line.split("\t")[0] for line in output(JOBPOOL, "__complete", *verb, "-").stdout.split("\n")}
            for option in options(told):
                with self.subTest(verb=verb, option=option):
                    self.assertIn(option, described | common)
                    self.assertIn(option, completed)
                    checked += 1
            for option in described - options(told):
                self.fail(f"{verb}: the manual has {option}, which there is not")
        self.assertGreater(checked, 300)

    def test_the_options_before_the_verb(self):
        told = options(output(JOBPOOL, "--help").stdout.split("\nVerbs:")[0])
        text = plain(page("jobpool.1")).split(".SH VERBS")[0].replace(".TP\n", "  ")
        completed = {line.split("\t")[0] for line in output(JOBPOOL, "__complete", "-").stdout.split("\n")}
        self.assertIn("--version", told)
        self.assertEqual(told, options(text))
        self.assertLessEqual(told, completed)

    def test_each_option_of_the_daemon(self):
        told = options(output(os.path.join(BIN, "jobpoold"), "--help").stdout)
        self.assertIn("--check-config", told)
        section = page("jobpoold.8").split(".SH OPTIONS")[1].split("\n.SH")[0]
        described = set()
        for line in plain(section).split("\n"):
            if re.match(r"\.(BR|BI|B) -", line):
                described.update(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", line))
        self.assertEqual(told, described)
        self.assertEqual(told, set(complete("jobpoold", "-")))


def complete(*words, env=None, behind=""):
    """What bash offers for the last of the words, as it would be after TAB; `behind`: the rest of that word, behind the cursor."""
    return shells.bash(lambda *program: output(*program, env=env or {}), COMPLETION, " ".join(words), behind)


class LiveDaemon(unittest.TestCase):
    """A daemon with a pool, a queue, a job that has ended and one that waits."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.env = {"JOBPOOL_SOCKET": os.path.join(cls.folder.name, "socket")}
        cls.daemon = subprocess.Popen([os.path.join(BIN, "jobpoold"), "-j", "1", "--log-level", "off", "--state-dir",
                                       os.path.join(cls.folder.name, "state"), "--socket", cls.env["JOBPOOL_SOCKET"]])
        cls.addClassCleanup(cls.end_daemon)
        deadline = time.monotonic() + 30
        while cls.jobpool("ping").returncode != 0:
            assert cls.daemon.poll() is None and time.monotonic() < deadline, "jobpoold does not answer"
        assert cls.jobpool("pool", "create", "images", "-j", "0").returncode == 0
        assert cls.jobpool("queue", "create", "mail").returncode == 0
        cls.ended = cls.jobpool("apply-async", "--", "true").stdout.strip()
        cls.waiting = cls.jobpool("apply-async", "--pool", "images", "--", "true").stdout.strip()
        assert cls.jobpool("wait", cls.ended).returncode == 0

    @classmethod
    def end_daemon(cls):  # also where what follows its start has failed
        cls.daemon.terminate()
        assert cls.daemon.wait(30) == 0
        cls.folder.cleanup()

    @classmethod
    def jobpool(cls, *words):
        return output(JOBPOOL, *words, env=cls.env)


class BashCompletion(LiveDaemon):
    def offered(self, *words, **more):
        return complete("jobpool", *words, env=self.env, **more)

    def test_verbs_and_options(self):
        self.assertEqual(self.offered("st"), ["status", "stats"])
        self.assertEqual(self.offered("queue", "ge"), ["get"])
        self.assertEqual(self.offered("logs", "--fo"), ["--follow"])
        self.assertEqual(self.offered("list", "--state", "r"), ["ready", "running"])

    def test_what_lives(self):
        self.assertEqual(self.offered("get", ""), [self.ended, self.waiting])
        self.assertEqual(self.offered("cancel", ""), [self.waiting])
        self.assertEqual(self.offered("remove", ""), [self.ended])
        self.assertEqual(self.offered("apply", "--pool", ""), ["default", "images"])
        self.assertEqual(self.offered("queue", "put", "m"), ["mail"])

    def test_what_bash_cuts(self):
        self.assertEqual(self.offered("apply", "--pool=im"), ["images"])
        self.assertEqual(self.offered("apply", "--pool="), ["default", "images"])
        self.assertEqual(self.offered("apply", "--pool=images", "--after", f"{self.ended},"),
                         [f"{self.ended},{self.ended}", f"{self.ended},{self.waiting}"])

    def test_inside_a_word(self):
        # The bug: bash replaces what is before the cursor, and was given what belongs behind that.
        self.assertEqual(self.offered("st", behind="ale"), ["status", "stats"])
        self.assertEqual(self.offered("queue", "put", "m", behind="x"), ["mail"])
        self.assertEqual(self.offered("apply", "--pool=im", behind="ag"), ["images"])
        self.assertEqual(complete("jobpoold", "--check", behind="ed"), ["--check-config"])

    def test_commands_and_nothing(self):
        self.assertIn("true", self.offered("apply", "--", "tru"))
        self.assertEqual(self.offered("status", ""), [])
        self.assertEqual(complete("jobpool", "get", "", env={"JOBPOOL_SOCKET": os.path.join(self.folder.name, "nobody")}), [])


class Pages(unittest.TestCase):
    def test_no_warning(self):
        names = sorted(name for name in os.listdir(MAN) if re.search(r"\.\d$", name))
        self.assertEqual(len(names), 6)
        for name in names:
            with self.subTest(page=name):
                finished = output("man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", os.path.join(MAN, name),
                                  env={"LC_ALL": "C.UTF-8", "MANROFFSEQ": "", "MANWIDTH": "80"})
                self.assertEqual(finished.stderr, "")
                self.assertEqual(finished.returncode, 0)
                self.assertNotRegex(page(name), "@[A-Z]+@")


class AllShells:
    """What zsh and fish offer alike; offers(): of one line, in any order."""

    def test_verbs_and_options(self):
        self.assertEqual(self.offers("jobpool ca"), {"call", "cancel"})
        self.assertEqual(self.offers("jobpool queue ge"), {"get"})
        self.assertEqual(self.offers("jobpool logs --fo"), {"--follow"})
        self.assertEqual(self.offers("jobpool list --state r"), {"ready", "running"})
        self.assertEqual(self.offers("jobpool 'queue' ge"), {"get"})
        self.assertEqual(self.offers("jobpool status "), set())
        self.assertEqual(self.offers("jobpoold --check"), {"--check-config"})

    def test_what_lives(self):
        self.assertEqual(self.offers("jobpool get "), {self.ended, self.waiting})
        self.assertEqual(self.offers("jobpool cancel "), {self.waiting})
        self.assertEqual(self.offers("jobpool apply --pool "), {"default", "images"})
        self.assertEqual(self.offers("jobpool apply --pool=im"), {"--pool=images"})
        self.assertEqual(self.offers(f"jobpool apply --pool=images --after {self.ended},"),
                         {f"{self.ended},{self.ended}", f"{self.ended},{self.waiting}"})
        self.assertEqual(self.offers("jobpool queue put m"), {"mail"})

    def test_within_quotes(self):
        self.assertEqual(self.offers("jobpool apply --pool 'im"), {"images"})
        self.assertEqual(self.offers('jobpool queue put "m'), {"mail"})

    def test_a_program_below_home(self):
        # The bug: the ~ was left as it was, and fish said that there was no such program.
        os.symlink(os.path.abspath(BIN), os.path.join(self.folder.name, "own"))
        self.assertEqual(self.offers("~/own/jobpool cancel "), {self.waiting})
        self.assertEqual(self.offers("~/own/jobpoold --check"), {"--check-config"})

    def test_files_folders_and_commands(self):
        os.makedirs(os.path.join(self.folder.name, "here", "folder"))
        with open(os.path.join(self.folder.name, "here", "file"), "w", encoding="utf-8"):
            here = os.path.join(self.folder.name, "here")
        self.assertEqual(self.offers(f"jobpool apply --output {here}/fi"), {self.path(here, "file")})
        self.assertEqual(self.offers(f"jobpool apply --cwd {here}/f"), {self.path(here, "folder/")})
        self.assertEqual(self.offers(f"jobpoold --config {here}/fi"), {self.path(here, "file")})
        # The bug: behind --output= no path was found.
        self.assertEqual(self.offers(f"jobpool apply --output={here}/fi"), {self.path(here, "file", "--output=")})
        self.assertEqual(self.offers(f"jobpool apply --cwd={here}/f"), {self.path(here, "folder/", "--cwd=")})
        self.assertIn("true", self.offers("jobpool apply -- tru"))


class FishCompletion(AllShells, LiveDaemon):
    def offers(self, line):
        return {offer for offer, _ in self.told(line)}

    def told(self, line):
        return shells.fish(lambda *program: output(*program, env={**self.env, "HOME": self.folder.name}), COMPLETION, line)

    def path(self, folder, name, before=""):
        return f"{before}{folder}/{name}"

    def test_syntax(self):
        self.assertEqual(output("fish", "--no-execute", os.path.join(COMPLETION, "jobpool.fish")).stderr, "")

    def test_what_is_said_of_them(self):
        self.assertEqual(self.told("jobpool queue put m"), [("mail", "0 items")])


class ZshCompletion(AllShells, LiveDaemon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.zsh = shells.Zsh(COMPLETION, {**cls.env, "PATH": PATH, "HOME": cls.folder.name, "LC_ALL": "C", "JOBPOOL_NO_AUTOSTART": "1"})
        cls.addClassCleanup(cls.zsh.close)

    def offers(self, line):
        return set(self.zsh.complete(line)[0])

    def path(self, folder, name, before=""):  # zsh adds names, to what stands before them
        return name.rstrip("/")

    def test_syntax(self):
        self.assertEqual(output("zsh", "-n", os.path.join(COMPLETION, "_jobpool")).stderr, "")

    def test_what_tab_makes_of_the_line(self):
        for line, made in (("jobpool cance", "jobpool cancel "), ("jobpool sta", "jobpool stat"),
                           ("jobpool apply --pool=im", "jobpool apply --pool=images "), ('jobpool queue put "m', 'jobpool queue put "mail" '),
                           ("jobpool get ", "jobpool get "), ("jobpool status ", "jobpool status ")):
            self.assertEqual(self.zsh.complete(line)[1], made)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], sys.argv[4]])
