"""What each shell offers for a line, asked of the real shells: bash's function called as bash does, fish by its own query, zsh at a pseudo
terminal, where the keys are pressed."""
import os
import pty
import re
import select
import shutil
import signal
import tempfile
import time


def bash(run, completion, line, behind=""):
    """`run`: runs a program and gives its output. `behind`: the rest of the last word, behind the cursor."""
    words = line.split(" ")
    # bash's own way to cut a line: = and : are words of their own.
    pieces = [piece for word in words for piece in (re.findall(r"[=:]|[^=:]+", word) or [""])]
    pieces[-1] += behind
    script = f"""
source '{completion}/jobpool.bash'
COMP_WORDS=({" ".join("'" + piece + "'" for piece in pieces)})
COMP_CWORD={len(pieces) - 1} COMP_LINE='{line}{behind}' COMP_POINT={len(line)}
function=$(complete -p {words[0]}); function=${{function#*-F }}; function=${{function%% *}}
$function
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    finished = run("bash", "--norc", "-c", script)
    assert finished.returncode == 0 and not finished.stderr, finished.stderr
    return finished.stdout.split("\n")[:-1] if finished.stdout != "\n" else []


def fish(run, completion, line):
    """[(what is offered, what is said of it)]"""
    finished = run("fish", "--no-config", "-c", f"source '{completion}/jobpool.fish'; complete -C $argv[1]", line)
    assert finished.returncode == 0 and not finished.stderr, finished.stderr
    return [tuple((offer + "\t").split("\t")[:2]) for offer in finished.stdout.split("\n")[:-1]]


class Zsh:
    """An interactive zsh. Matches are told where its completion adds them; what TAB has made of the line is told too."""

    PATIENCE = 30
    SETUP = r"""
PS1= PS2= KEYTIMEOUT=1; unsetopt zle_bracketed_paste prompt_sp 2>/dev/null
fpath=({completion} $fpath); autoload -Uz compinit; compinit -D -u
compadd() {{
  if (( ! ${{argv[(I)-[OAD]]}} )); then
    local -a found; builtin compadd -A found "$@"; (( $#found )) && print -rl -- match$'\t'$^found >{answers}
  fi
  builtin compadd "$@"
}}
ask() {{ _main_complete; compstate[list]= ; print -r -- end >{answers} }}; zle -C ask complete-word ask; bindkey '^I' ask
tell() {{ print -r -- "line"$'\t'"$BUFFER" >{answers}; BUFFER= }}; zle -N tell; bindkey '^T' tell
print -r -- ready >{answers}
"""

    def __init__(self, completion, environment):
        self.folder = tempfile.mkdtemp()
        answers = os.path.join(self.folder, "answers")
        os.mkfifo(answers)
        self.answers = os.open(answers, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)  # its own writer, so that it never ends
        self.read, self.seen = "", ""
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.execvpe("zsh", ["zsh", "-f", "-i"], {**environment, "TERM": "vt100", "ZDOTDIR": self.folder})
        setup = os.path.join(self.folder, "setup")
        with open(setup, "w", encoding="utf-8") as file:
            file.write(self.SETUP.format(completion=completion, answers=answers))
        self.press(f"source {setup}\n")
        self.until("ready")

    def close(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.terminal)
        os.close(self.answers)
        shutil.rmtree(self.folder)

    def press(self, keys):
        os.write(self.terminal, keys.encode())

    def until(self, word):
        """The lines up to the one that begins with the word, that one too."""
        deadline = time.monotonic() + self.PATIENCE
        while not (found := re.search(rf"^{word}(\t.*)?\n", self.read, re.M)):
            ready = select.select([self.answers, self.terminal], [], [], max(0, deadline - time.monotonic()))[0]
            assert ready, f"zsh says nothing; on its terminal: {self.seen!r}"
            if self.answers in ready:
                self.read += os.read(self.answers, 65536).decode()
            if self.terminal in ready:  # what it shows; it must not wait for a reader
                self.seen = (self.seen + os.read(self.terminal, 65536).decode(errors="replace").replace("\0", ""))[-2000:]
        lines, self.read = self.read[:found.end()].split("\n")[:-1], self.read[found.end():]
        return lines

    def complete(self, line):
        """What is offered, and what TAB makes of the line."""
        self.press(line + "\t")
        offers = [answer.split("\t", 1)[1] for answer in self.until("end")[:-1]]
        self.press("\x14")
        return offers, self.until("line")[-1].split("\t", 1)[1]
