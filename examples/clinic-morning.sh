#!/bin/sh
# A clinic's morning on the virtual table: questions, a programme, a session, pain, pages and tables.
#
# usage: examples/clinic-morning.sh FOLDER [SPEED]
#
# What the morning leaves behind goes to FOLDER. SPEED: times real time, 20 when not given.
# `itable` must be on the PATH, as in: PATH=$PWD/.venv/bin:$PATH examples/clinic-morning.sh /tmp/morning
set -eu
folder=${1:?"name a folder for what the morning leaves behind"}
speed=${2:-20}
mkdir -p "$folder"
cd "$folder"
rm -f clinic.sqlite keys sim.json # a morning of its own, also in a folder of an earlier one
export ITABLE_STORE="$PWD/clinic.sqlite"

say() { # say COMMAND...: shown and run
    printf '\n$'
    for word; do case $word in *' '*) printf ' "%s"' "$word" ;; *) printf ' %s' "$word" ;; esac; done
    echo
    "$@"
}
fails() { # fails CODE COMMAND...: it must end with that exit code
    wanted=$1
    shift
    code=0
    say "$@" || code=$?
    [ "$code" = "$wanted" ] || { echo "it ended with $code, not with $wanted"; exit 1; }
    echo "(exit code $code)"
}
await() { # await SECONDS WHAT COMMAND...: until the command succeeds, as long as the table runs
    ends=$(($(date +%s) + $1))
    what=$2
    shift 2
    until "$@" 2> /dev/null; do
        kill -0 "$table" 2> /dev/null || { echo "the virtual table is gone: $(cat sim.json)"; exit 1; }
        [ "$(date +%s)" -lt "$ends" ] || { echo "waited too long for $what"; exit 1; }
        sleep 1
    done
}
has_port() { grep -q '"port"' sim.json; }
at_home() { itable status --json | grep -q '"state": "HOME"'; }
session_done() { itable log list --table --json | grep -q '"complete": true'; }

mkfifo keys
itable sim --speed "$speed" --json < keys > sim.json &
table=$!
exec 3> keys
trap 'kill $table 2> /dev/null || true; wait $table || true; rm -f keys' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
await 120 "the virtual table" has_port
ITABLE_PORT=$(sed -n 's/.*"port": *"\([^"]*\)".*/\1/p' sim.json)
export ITABLE_PORT
await 120 "its self-test" at_home

# 1. Somebody new: asked, one answer is a yes, so nothing runs until a clinician has approved.
fails 1 itable programme next P-017
itable screen --blank | sed 's/"unanswered"/"no"/; s/asked_by = ""/asked_by = "A. Weber"/' > answers.toml
sed 's/hypertension = "no"/hypertension = "yes"/' answers.toml > one-yes.toml
say itable screen P-017 --answers one-yes.toml
say itable programme new P-017
fails 8 itable programme next P-017
say itable screen P-017 --approve --by "Dr. M. Okafor" --reason "treated, 125/80 today"

# 2. Today's plan, the session, what the patient says: at the pull, and later what was forgotten.
say itable programme next P-017 --out today.toml
say itable plan preview today.toml --out today.svg
printf s >&3
await 300 "the end of the session" session_done
say itable log pull --patient P-017 --pain-before 4
say itable outcome 1 --pain-after 2 --comfort 8 --note "warm hands were a help"

# 3. Once a day is enough; how the week goes; what there is now.
fails 1 itable programme next P-017
say itable programme feedback P-017 good
say itable log list --patient P-017
say itable patients P-017

# 4. What others read: a page about the patient, the session's picture, a table for statistics.
say itable report P-017 --out report.html
say itable log plot 1 --out session.png
say itable export sessions.csv
