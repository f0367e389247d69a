#!/bin/sh
# Real work on this machine, with no configuration and no server: make demo
# Usage: demo.sh ABELL
set -eu
abell=${1:-abell}
case $abell in
*/*) abell=$(cd "$(dirname "$abell")" && pwd)/$(basename "$abell") ;;
esac

place=$(mktemp -d)
ABELL_ROOT=$place/root
export ABELL_ROOT
leave() {
    "$abell" cancel --all >"$place/left" 2>&1 || true
    "$abell" stop >"$place/left" 2>&1 || true
    cd / && rm -rf "$place"
}
trap leave EXIT
trap 'exit 130' INT TERM
cd "$place"

say() { printf '\n\033[1m%s\033[0m\n' "$1"; }
# Show a command as it would be typed, and run it. Some jobs here fail, on purpose.
try() {
    printf '\033[36m$ %s\033[0m\n' "$1"
    code=0
    PATH="$(dirname "$abell"):$PATH" sh -c "$1" || code=$?
    [ "$code" = 0 ] || printf '(exit code %s)\n' "$code"
}

say 'A corpus: every word of the manuals and licences on this machine, some hundred thousand lines'
find /usr/share/common-licenses /usr/share/doc /usr/share/perl* /usr/lib/python3* -type f -size -200k \
    \( -name '*.txt' -o -name copyright -o -name '*.py' -o -name '*.p[lm]' -o -path '*/common-licenses/*' \) 2>/dev/null |
    head -n 400 | tr '\n' '\0' | xargs -0 cat 2>/dev/null | tr -cs '[:alpha:]' '\n' | tr '[:upper:]' '[:lower:]' |
    head -n 600000 >words.txt || true
[ -s words.txt ] || seq 300000 >words.txt
wc -l <words.txt

say '1. A job looks like a command that runs right here, and its exit code is ours'
try 'abell run -- sort -u --output=unique.txt words.txt'
try 'wc -l < unique.txt'

say '2. Two cores, a limit of memory, a declared output: the job is not ok without it'
try "abell run --slots 2 --mem 500M --output top=top.txt -- \\
    'sort --parallel=\$GALAXY_SLOTS words.txt | uniq -c | sort -rn | head -5 > \$ABELL_OUTPUT_top'"
try 'cat top.txt'

say '3. Eight jobs at once; four workers share them'
try 'for letter in a b c d e f g h; do
    abell submit --name count-$letter -- "grep -c ^$letter words.txt; sleep 0.5"
  done | xargs abell wait'

say '4. Every ending has a cause'
try "abell run -- 'echo this goes wrong >&2; exit 3'"
try 'abell run --time 1s -- sleep 60'
try "abell run --mem 50M -- python3 -c 'data = b\"x\" * 300_000_000; import time; time.sleep(60)'"

say '5. Who did what'
try 'abell ps --all --limit 6'
try 'abell show 12'
say 'That was all of it: nothing was installed, configured or left behind.'
