#!/bin/sh
# A clinic's morning on the virtual table: questions, a programme, a session, pain, the report.
#
# usage: examples/clinic-morning.sh FOLDER     what the morning leaves behind goes there
#
# `itable` must be on the PATH, as in: PATH=.venv/bin:$PATH examples/clinic-morning.sh /tmp/morning
set -eu
folder=${1:?"name a folder for what the morning leaves behind"}
mkdir -p "$folder"
cd "$folder"
export ITABLE_STORE="$PWD/clinic.sqlite"

say() { printf '\n$ %s\n' "$*"; "$@"; }
fails() { # fails CODE COMMAND...: it must end with that exit code
    wanted=$1
    shift
    printf '\n$ %s\n' "$*"
    code=0
    "$@" || code=$?
    [ "$code" = "$wanted" ] || { echo "it ended with $code, not with $wanted"; exit 1; }
    echo "(exit code $code)"
}

rm -f keys sim.json
mkfifo keys
itable sim --speed 20 --json < keys > sim.json &
table=$!
exec 3> keys
trap 'kill $table 2> /dev/null; rm -f keys' EXIT
trap 'exit 1' INT TERM
until grep -q '"port"' sim.json; do sleep 0.2; done
ITABLE_PORT=$(sed -n 's/.*"port": *"\([^"]*\)".*/\1/p' sim.json)
export ITABLE_PORT
await() { until itable status --json | grep -q "\"state\": \"$1\""; do sleep 0.2; done; }
await HOME

# 1. Somebody new: asked, one answer is a yes, so nothing runs until a clinician has approved.
fails 1 itable programme next P-017
itable screen --blank | sed 's/"unanswered"/"no"/; s/asked_by = ""/asked_by = "A. Weber"/' > answers.toml
sed 's/hypertension = "no"/hypertension = "yes"/' answers.toml > one-yes.toml
say itable screen P-017 --answers one-yes.toml
say itable programme new P-017
fails 8 itable programme next P-017
say itable screen P-017 --approve --by "Dr. M. Okafor" --reason "treated, 125/80 today"

# 2. Today's plan, the session, what the patient says.
say itable programme next P-017
printf s >&3
await MOVING
await HOME
say itable log pull --patient P-017 --pain-before 4 --pain-after 2 --comfort 8

# 3. Once a day is enough; what there is now; the page.
fails 1 itable programme next P-017
say itable programme show P-017
say itable patients P-017
say itable report P-017 --out report.html
