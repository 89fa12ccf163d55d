#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# LIMIT: 240
# corralctl over a real server: what each verb prints as text and as JSON, how it ends, and what hostile names, a closed pipe and a
# terminal make of it. 56-debug.sh has `corralctl debug`.
# shellcheck source=tests/lib/testlib.sh
. "$(dirname "$0")/../lib/testlib.sh"
# shellcheck source=tests/golden/stacks.sh
. "$ROOT/tests/golden/stacks.sh"
need gcc jq zstd python3 eu-readelf script

need_file_cores
# shellcheck disable=SC2119
stack_up
export HOME=$WORK/home XDG_CACHE_HOME=$WORK/cache
unset XDG_CONFIG_HOME NO_COLOR PAGER COLUMNS
mkdir -p "$HOME"

# --- Helpers --------------------------------------------------------------------------------------------------------

OUT='' ERR='' RC=''
ctl() { # ARGUMENT...: sets OUT, ERR, RC
    "$BIN/corralctl" "$@" >"$WORK/out" 2>"$WORK/err" </dev/null
    RC=$?
    OUT=$(cat "$WORK/out") ERR=$(cat "$WORK/err")
}
ends() { # STATUS DESCRIPTION
    is "$RC" "$1" "$2" || diag "stdout: ${OUT:0:500} stderr: ${ERR:0:500}"
}
jq_out() { jq -er "$1" <<<"$OUT"; } # FILTER
CRASHERS=$ROOT/build/crashers
make_core "$WORK/nullderef" "$CRASHERS/nullderef"
make_core "$WORK/fpe" "$CRASHERS/fpe"
make_core "$WORK/threads" "$CRASHERS/threads"

# --- Without a server, and wrong usage ------------------------------------------------------------------------------

ctl version
ends 0 'version'
like "$OUT" '^corralctl [0-9]+\.[0-9]+' 'tells it'
ctl --version
like "$OUT" '^corralctl [0-9]' 'so does --version'
ctl version --json
ok 'as JSON, too' jq -e .version <<<"$OUT"
ctl --help
ends 0 '--help'
VERBS=$(sed -n 's/^  \([a-z][a-z]*\( [a-z][a-z]*\)\?\)\( .*\)\?$/\1/p' <<<"$OUT" | sed '/^submit/s/ .*//')
for verb in groups events show bt debug fetch diff tail resolve reopen mute unmute assign label unlabel comment link unlink merge split undo remove \
    reprocess 'token list' 'token add' 'token revoke' 'user list' 'user add' 'user password' audit 'symbols check' 'symbols upload' \
    'symbols missing' submit import status doctor 'client setup' 'client status' completion version; do
    # shellcheck disable=SC2086 # a verb may be two words
    ctl $verb --help
    is "$RC $(head -n 1 <<<"$OUT" | grep -c "^usage: corralctl $verb")" '0 1' "$verb has its own help"
done
diag "verbs: $(wc -l <<<"$VERBS")"
while read -r arguments; do
    # shellcheck disable=SC2086
    ctl $arguments
    ends 2 "wrong usage: $arguments"
    ok 'which is said on stderr alone' test -n "$ERR" -a -z "$OUT"
done <<'EOT'
nonsense
groups --nonsense
groups --limit 0
groups --limit x
groups --sort
show
show 1 2
show not-an-id
resolve x
merge 1
assign 1
comment 1
remove 1
token add read
user role x
audit --limit 0
debug
reprocess
completion tcsh
groups --color sometimes
groups --context nowhere
groups --server
version --json=x
EOT

ctl groups --server http://127.0.0.1:9
ends 6 'no server'
ctl groups --server "$CORRAL_INGEST_URL"
ends 3 'another server'
CORRAL_TOKEN=corral_read_wrong ctl groups
ends 4 'a wrong token'
unlike "$ERR$OUT" 'corral_read_wrong' 'is not printed'

(unset CORRAL_TOKEN; "$BIN/corralctl" client setup --dry-run --json >"$WORK/out" 2>"$WORK/err")
if [ "$(id -u)" = 0 ] && [ -s "$WORK/out" ]; then
    ok 'client setup --json has nothing but JSON on stdout' jq -e .core_pattern "$WORK/out"
fi

# --- Nothing there yet ----------------------------------------------------------------------------------------------

ctl groups
ends 3 'no group matches'
is "$OUT" '' 'and there is no output'
ctl groups --json
is "$RC $OUT" '3 []' 'as JSON an empty array'
ctl show 1
ends 3 'no such group'
ctl show 019a0c5e-0000-7000-8000-000000000001
ends 3 'no such event'
ctl bt 1
ends 3 'nor its stack'

# --- Crashes --------------------------------------------------------------------------------------------------------

ID=''
submit() { # NAME ARGUMENT...: sets ID
    ctl submit "$WORK/$1/core" "${@:2}" --json
    ends 0 "submit $1"
    ID=$(jq_out .id)
}
ctl submit "$WORK/nullderef/core" --host web-1 --version 1.4
ends 0 'submit prints'
like "$OUT" "^$CORRAL_URL/events/[0-9a-f-]{36}\$" 'the address of the event'
FIRST=${OUT##*/}
submit nullderef --host web-2
SECOND=$ID
submit fpe --host web-1
THIRD=$ID
submit threads --host web-1
THREADS=$ID
analysed() { [ "$(sql 'SELECT count(*) FROM crash_events')" = "$1" ]; }
ok 'they are analysed' wait_for 60 analysed 4
group_of() { sql "SELECT 'G-' || group_id FROM crash_events WHERE crash_id = '$1'"; }
G=$(group_of "$FIRST") OTHER=$(group_of "$THIRD")

ctl groups
ends 0 'groups'
is "$(wc -l <<<"$OUT")" 3 'a line each'
is "$(awk -F'\t' -v g="$G" '$1 == g { print $4, $5 }' <<<"$OUT")" '2 2' 'tabs between the values, and no head'
ctl groups --json
is "$(jq_out "map(select(.id == \"$G\"))[0] | \"\(.event_count) \(.host_count) \(.status)\"")" '2 2 new' '--json is one array'
ctl groups --jsonl
is "$(jq -s length <<<"$OUT")" 3 '--jsonl a line each'
ctl groups --csv
ok '--csv is CSV with a head' python3 -c 'import csv, sys
rows = list(csv.DictReader(open(sys.argv[1])))
assert len(rows) == 3 and {r["id"] for r in rows} >= {sys.argv[2]}, rows' "$WORK/out" "$G"
ctl groups --limit 1 --sort -events --json
is "$(jq_out '[.[].id] | join(" ")')" "$G" '--sort and --limit'
ctl groups --limit 3 --json --sort first_seen
is "$(jq_out '[.[].first_seen] | . == sort')" true 'the other way round'
ctl groups --json main.c-is-nowhere
ends 3 'a query that nothing matches'
ctl --json groups --limit=2
is "$(jq_out length)" 2 'options may stand before the verb'
ctl groups --sort nonsense
ends 1 'what the server refuses'

ctl events "$G"
ends 0 'events of a group'
is "$(cut -f2 <<<"$OUT" | sort | xargs)" "$(printf '%s\n' "$FIRST" "$SECOND" | sort | xargs)" 'are its crashes'
ctl events "$G" --json --limit 1
is "$(jq_out length)" 1 'of which --limit takes the newest'

ctl events host:web-1 --json
is "$RC $(jq_out '[.[].id] | join(" ")')" "0 $(sql "SELECT string_agg(crash_id::text, ' ' ORDER BY received_at DESC) FROM crash_events e
    JOIN hosts h ON h.id = e.host_id WHERE h.hostname = 'web-1'")" 'events of a query, the newest first'
ctl events host:nowhere
ends 3 'events of a query that nothing matches'
ctl events --limit 3 --json
is "$RC $(jq_out length)" '0 3' 'events of any kind'
ctl tail --lines 2 --count 2 --json
is "$RC $(jq -rs 'map(.id) | join(" ")' <<<"$OUT")" "0 $(sql "SELECT string_agg(crash_id::text, ' ' ORDER BY received_at) FROM
    (SELECT * FROM crash_events ORDER BY received_at DESC LIMIT 2) e")" 'tail shows the latest'

for what in "$G" "${G#G-}" "$CORRAL_URL/groups/$G" "https://crash.example/corral/groups/$G/merge?into=G-9#x"; do
    ctl show "$what" --json
    is "$RC $(jq_out .id)" "0 $G" "show $what"
done
ctl show "https://crash.example/events/$FIRST?threads=all" --json
is "$RC $(jq_out '"\(.id) \(.host) \(.version)"')" "0 $FIRST web-1 1.4" 'show by the address of an event'
ctl show "$G"
like "$OUT" "$G  SIGSEGV in .*nullderef" 'show a group as text'
like "$OUT" 'web-2 \(1\)' 'with its hosts'
like "$OUT" '#0 +[a-z_]+ at nullderef\.c:[0-9]+' 'its stack'
ctl show "$FIRST"
like "$OUT" 'version +1\.4' 'show an event as text'
like "$OUT" 'core +present' 'with the state of its core'

ctl bt "$FIRST"
ends 0 'bt'
like "$OUT" '#0 +0x[0-9a-f]+ in [a-z_]+ \([^)]*\) at .*nullderef\.c:[0-9]+' 'in the words of gdb'
ctl bt "$THREADS"
is "$(grep -c '^Thread ' <<<"$OUT")" 1 'bt is the crashed thread'
like "$OUT" 'more threads: --all' 'and tells of others'
ctl bt "$THREADS" --all
ok '--all is every thread' test "$(grep -c '^Thread ' <<<"$OUT")" -gt 1
ctl bt "$THREADS" --all --json
ok 'as JSON they are an array' jq -e 'length > 1 and .[0].crashed and (.[0].frames | length > 0)' <<<"$OUT"
ctl diff "$FIRST" "$SECOND"
is "$RC $(grep -c '[<>]' <<<"$OUT")" '0 0' 'diff of the same stack twice'
ctl diff "$FIRST" "$THIRD" --json
is "$(jq_out '[.[].in] | unique | contains(["first", "second"])')" true 'of two'

# --- Fetching -------------------------------------------------------------------------------------------------------

ctl fetch "$FIRST" -o "$WORK/fetched" --json
is "$RC $(jq_out .folder)" "0 $WORK/fetched" 'fetch'
ok 'the core as it was' cmp "$WORK/nullderef/core" "$WORK/fetched/core"
is "$(jq -r .id "$WORK/fetched/event.json")" "$FIRST" 'what is known'
ok 'the files of the process' jq -e 'length > 1 and all(.build_id != null)' "$WORK/fetched/modules.json"
is "$(stat -c %a "$WORK/fetched/core" "$WORK/fetched")" "$(printf '600\n700')" 'for its owner alone'
ctl fetch "$FIRST" -o "$WORK/fetched"
ends 5 'a folder that is there is left alone'
"$BIN/corralctl" fetch "$FIRST" -o - 2>/dev/null | cmp - "$WORK/nullderef/core"
is "$?" 0 'the core alone into a pipe'
terminal() { script -qec "$1" /dev/null | tr -d '\r'; } # COMMAND: as on a terminal
like "$(terminal "$BIN/corralctl fetch $FIRST -o -; echo status \$?")" 'not for a terminal.*status 2' 'never to a terminal'

# --- Deciding -------------------------------------------------------------------------------------------------------

ctl resolve "$G" --json
is "$RC $(jq_out '.[0].result')" '0 done' 'resolve'
ctl reopen "$G" "$OTHER"
is "$RC $(cut -f1,2 <<<"$OUT" | xargs)" "0 $G done $OTHER unchanged" 'reopen, of several: a row each'
ctl resolve G-999
ends 3 'a group that is not there'
group() { api "/groups/$G" | jq -r "$1"; } # FILTER: of the group as the server has it
ctl resolve "$G" G-999 "$OTHER" --in 9.1 --json
is "$RC $(jq_out '[.[].result] | join(" ")')" '3 done not_found done' 'the worst of many is the status, and the others are done'
is "$(group '"\(.status) \(.wakes.from_version)"')" 'resolved 9.1' 'resolve --in'
ctl show "$G"
like "$OUT" 'wakes +with a crash of version 9\.1' 'show tells what wakes it'
ctl reopen "$G" "$OTHER"
ends 0 'reopen'
ctl mute "$G" --until 100/24h
is "$RC $(group '"\(.status) \(.wakes.event_count) \(.wakes.within_hours)"')" '0 muted 100 24' 'mute --until'
ctl show "$G"
like "$OUT" 'wakes +after 100 more crashes within 24 h' 'which show tells, too'
ctl mute "$G" --until sometime
is "$RC $OUT" '1 ' 'mute until what nobody understands'
ctl unmute "$G"
is "$RC $(group '.status')" '0 ongoing' 'unmute'
ctl user add ada developer --json
is "$RC" 0 'user add'
PASSWORD=$(jq_out .password)
ok 'shows a password' test "${#PASSWORD}" -ge 12
ctl assign "$G" "$OTHER" ada
is "$RC $(group '.assignee')" '0 ada' 'assign'
ctl assign "$G" nobody
is "$RC $(group '.assignee')" '0 null' 'to nobody'
ctl assign "$G" mallory
ends 1 'to somebody who is not there'
ctl assign "$G" ada
REVISION=$(group '.revision')
ctl label "$G" parser --if-match "$REVISION"
is "$RC $(group '.labels | join(" ")')" '0 parser' 'label, if nobody has changed it'
ctl unlabel "$G" parser --if-match "$REVISION"
ends 5 'else it is a conflict'
is "$(group '.labels | join(" ")')" parser 'and nothing is changed'
ctl label "$G" "$OTHER" parser --if-match "$REVISION"
ends 2 '--if-match is about one group'
ctl comment "$G" 'Not & here: "é" %'
is "$RC $(group '.activity[0].text')" '0 Not & here: "é" %' 'comment'
printf 'two\nlines' >"$WORK/comment"
"$BIN/corralctl" comment "$G" - <"$WORK/comment" >"$WORK/out"
is "$? $(group '.activity[0].text')" $'0 two\nlines' 'comment from standard input'
head -c 9000 /dev/zero | tr '\0' x | "$BIN/corralctl" comment "$G" - 2>"$WORK/err"
is "$?" 2 'but not a book'
ctl link "$G" 'https://tracker.example/T-1?a=b&c=d'
is "$RC $(group '.links[0]')" '0 https://tracker.example/T-1?a=b&c=d' 'link'
ctl link "$G" ftp://nowhere
ends 1 'not to anything'
ctl show "$G"
like "$OUT" 'assignee +ada' 'show: the assignee'
like "$OUT" 'labels +parser' 'labels'
like "$OUT" 'links +https://tracker' 'links'
like "$OUT" 'Activity.*two' 'and what was said'
ctl unlink "$G" 'https://tracker.example/T-1?a=b&c=d'
is "$RC $(group '.links | length')" '0 0' 'unlink'
ctl unlabel "$G" parser
is "$RC $(group '.labels | length')" '0 0' 'unlabel'
ctl merge "$OTHER" "$G" --wait
ends 0 'merge, and wait for it'
like "$OUT" 'merge +done' 'until it is done'
ctl show "$OTHER" --json
is "$(jq_out .id)" "$G" 'then they are one'
DECISION=$(jq_out '.decisions[0].id')
ctl merge "$OTHER" "$G"
ends 5 'merging what is one is a conflict'
ctl undo "$G" "$DECISION" --wait --json
is "$RC $(jq_out '.[0] | "\(.kind) \(.state)"')" '0 undo done' 'undo'
ctl split "$G" --by signal
ends 5 'there is nothing to split'
ctl reprocess "$G" --wait
ends 0 'reprocess a group'
ctl reprocess "$FIRST" --wait --json
is "$(jq_out '.[0].state')" 'done' 'reprocess by an event'
ctl reprocess --query exe:nowhere-at-all
ends 3 'reprocess what a query does not find'
ctl reprocess --query exe:nullderef --wait --json
is "$RC $(jq_out '.[0] | "\(.state) \(.done)"')" '0 done 2' 'reprocess the events that it finds'
ok 'the worker is away' stack stop workerd
ctl reprocess "$G" --wait --timeout 1
ends 7 '--wait ends'
like "$OUT" 'waiting' 'while the request waits'
ok 'the worker is back' stack start workerd
READ=$("$BIN/corral-dashd" -c "$STACK/conf/dashd.conf" --add-token read test-read 2>/dev/null)
CORRAL_TOKEN=$READ ctl resolve "$G"
ends 4 'a token that may only read'
CORRAL_TOKEN=$READ ctl fetch "$FIRST" -o "$WORK/none"
ends 4 'gets no core'
not_ok 'and no folder is made' test -e "$WORK/none"

# --- Administration -------------------------------------------------------------------------------------------------

ctl token add read ci --days 7 --json
is "$RC" 0 'token add'
CI=$(jq_out .token) CI_ID=$(jq_out .id)
CORRAL_TOKEN=$CI ctl groups
ends 0 'shows a token that is in force'
CORRAL_TOKEN=$CI ctl token list
ends 4 'for what it is for'
ctl token add read ci
ends 5 'two of one name'
ctl token list --json
is "$(jq_out ".[] | select(.id == $CI_ID) | .name")" ci 'token list'
unlike "$OUT" "$CI" 'without the token'
ctl token revoke "$CI_ID"
ends 0 'token revoke'
CORRAL_TOKEN=$CI ctl groups
ends 4 'is revoked'
ctl token revoke 1/../2
ends 3 'no token'
ctl user role ada viewer
ends 0 'user role'
ctl user disable ada
ends 0 'user disable'
ctl user list --json
is "$(jq_out '.[] | select(.name == "ada") | "\(.role) \(.disabled_at != null)"')" 'viewer true' 'user list'
ctl user enable ada
ends 0 'user enable'
ctl user password ada
is "$RC $(test "${#OUT}" -ge 12 && echo long)" '0 long' 'user password'
ok 'which is another' test "$OUT" != "$PASSWORD"
ctl user role nobody-there viewer
ends 5 'nobody there'
ctl audit --actor "$(api /audit | jq -r '.entries[0].actor')" --action user.role --json
is "$(jq_out '[.[] | "\(.action) \(.subject)"] | unique | join(",")')" 'user.role ada' 'audit'
ctl audit --subject "$G" --limit 3 --json
is "$RC $(jq_out length)" '0 3' 'audit --limit'
ctl audit --subject nowhere
ends 3 'audit of what never was'
CORRAL_TOKEN=$READ ctl audit
ends 4 'not for everybody'

# --- Symbols --------------------------------------------------------------------------------------------------------

cp "$CRASHERS/nullderef" "$WORK/whole"
objcopy --only-keep-debug "$WORK/whole" "$WORK/whole.debug"
head -c 5000 "$WORK/whole" >"$WORK/cut"
ctl symbols check "$WORK/whole" "$WORK/whole.debug" --json
is "$RC $(jq_out '[.[] | "\(.kind) \(.usable)"] | join(" ")')" '0 executable true debuginfo true' 'symbols check'
is "$(jq_out '.[0].build_id')" "$(eu-readelf -n "$WORK/whole" | awk '/Build ID:/ { print $3 }')" 'tells the build-id'
ok 'and what is in it' jq -e '.[0].features | contains(["code", "symbols", "debug", "lines", "unwind"])' <<<"$OUT"
is "$(jq_out '.[1].features | contains(["debug"]) and (contains(["code"]) | not)')" true 'of a debug file, too'
ctl symbols check "$WORK/cut" /etc/passwd
ends 8 'what cannot be used'
ctl symbols check "$WORK/nowhere"
ends 1 'what cannot be read'
mkdir -p "$WORK/tree/a/b"
cp "$WORK/whole" "$WORK/tree/a/one"
cp "$WORK/whole" "$WORK/tree/a/b/two"
gcc -Wl,--build-id -x c -o "$WORK/tree/new" - <<<'int main(void) { return 3; }'
echo text >"$WORK/tree/text"
ctl symbols upload "$WORK/tree" --dry-run --json
is "$RC $(jq_out '[.[].state] | sort | join(" ")')" '0 OK PENDING' 'symbols upload: each build-id once, and what is there is not sent'
ctl symbols upload "$WORK/tree" --json
is "$RC $(jq_out '[.[].note] | sort | join(",")')" '0 sent,was there' 'then it is sent'
ctl symbols upload "$WORK/tree" --json
is "$(jq_out '[.[].note] | unique | join(",")')" 'was there' 'once'
ctl symbols upload "$WORK/cut"
ends 1 'what cannot be used is said'
mkdir "$WORK/empty"
ctl symbols upload "$WORK/empty"
ends 3 'nothing to send'
CORRAL_TOKEN=$READ ctl symbols upload "$WORK/tree"
ends 4 'without the right'
ctl symbols missing --json
ok 'symbols missing: what stacks lack' jq -e 'length > 0 and all(.event_count > 0 and (.build_id | test("^[0-9a-f]+$")))' <<<"$OUT"
is "$(jq_out '[.[].event_count] | . == (sort | reverse)')" true 'most events first'
ctl symbols missing --check
ends 8 '--check'

# --- From systemd-coredump ------------------------------------------------------------------------------------------

BOOT=0123456789abcdef0123456789abcdef
mkdir "$WORK/coredump"
zstd -q "$WORK/fpe/core" -o "$WORK/coredump/core.fpe.0.$BOOT.4711.1700000000123456.zst"
cp "$WORK/nullderef/core" "$WORK/coredump/core.null.0.$BOOT.4712.1700000001000000"
echo none >"$WORK/coredump/core.other.0.$BOOT.4713.1700000002000000.lz4"
echo none >"$WORK/coredump/notes.txt"
cat >"$WORK/journal" <<EOT
{"MESSAGE_ID":"fc2e22bc6ee647b6b90729ab34a250b1","COREDUMP_FILENAME":"/elsewhere/core.fpe.0.$BOOT.4711.1700000000123456.zst","COREDUMP_TIMESTAMP":"1700000000123456","COREDUMP_HOSTNAME":"old-1","COREDUMP_UNIT":"till.service","COREDUMP_UID":"0"}
{"MESSAGE_ID":"fc2e22bc6ee647b6b90729ab34a250b1","COREDUMP_TIMESTAMP":"1700000003000000","COREDUMP_COMM":[1,2,3]}
not json
EOT
import() { ctl import --folder "$WORK/coredump" --journal "$WORK/journal" --json "$@"; }
import --dry-run
is "$RC $(jq_out '[.[].state] | sort | join(" ")')" '0 PENDING PENDING SKIPPED' 'import says what there is'
import
is "$RC $(jq_out '[.[] | .note // ""] | map(select(. == "sent")) | length')" '0 2' 'and sends it'
IMPORTED=$(jq_out '.[] | select(.file | test("fpe")) | .id')
imported() { api "/events/$IMPORTED" | jq -e '.state == "complete"'; }
ok 'it is analysed' wait_for 30 imported
is "$(api "/events/$IMPORTED" | jq -r '"\(.host) \(.meta.unit) \(.crashed_at)"')" 'old-1 till.service 2023-11-14T22:13:20.123456Z' \
    'with what the journal knew'
is "$(sql "SELECT received_at::date FROM crash_events WHERE crash_id = '$IMPORTED'")" "$(sql 'SELECT current_date')" \
    'what is older than 400 days stands at the day it came'
import
is "$(jq_out '[.[].note] | map(select(. == "was there")) | length')" 2 'a second time nothing is new'
RECENT=$(($(date +%s) - 90 * 86400))
cp "$WORK/coredump/core.fpe.0.$BOOT.4711.1700000000123456.zst" "$WORK/coredump/core.fpe.0.$BOOT.4719.${RECENT}000000.zst"
import
RECENT_ID=$(jq_out '.[] | select(.file | test("4719")) | .id')
recent() { api "/events/$RECENT_ID" | jq -e '.state == "complete"'; }
ok 'one of 90 days ago' wait_for 30 recent
is "$(sql "SELECT extract(epoch FROM received_at)::bigint FROM crash_events WHERE crash_id = '$RECENT_ID'")" "$RECENT" 'stands where it happened'
rm "$WORK/coredump/core.fpe.0.$BOOT.4719.${RECENT}000000.zst"
import --since 2024-01-01T00:00:00Z
ends 3 '--since'
ctl import --folder "$WORK/nowhere" --journal /dev/null
ends 3 'nothing to import'

# --- The servers, this host -----------------------------------------------------------------------------------------

ctl status
is "$RC $(wc -l <<<"$OUT")" '0 2' 'status'
ctl status --json
is "$(jq_out '[.[] | "\(.name) \(.state)"] | join(" ")')" 'ingestd ready dashd ready' 'as JSON'
ctl status --server http://127.0.0.1:9 --json
is "$RC $(jq_out '.[1].state')" '6 unreachable' 'of one that is away'
ctl doctor --json
ok 'doctor' jq -e 'map(select(.check == "dashd" or .check == "token")) | length == 3 and all(.state == "ok")' <<<"$OUT"
ctl doctor --server http://127.0.0.1:9
ends 8 'which fails without a server'
like "$OUT" 'FAIL.*ctl\.conf' 'and says what to do'

# --- Lists over several pages, and following them -------------------------------------------------------------------

# A dashboard with 450 events, of which one more arrives each time that the first page is asked for.
cat >"$WORK/fake.py" <<'EOT'
import http.server, json, sys, urllib.parse
def event(n):
    return {"id": "019a0c5e-0000-7000-8000-%012x" % n, "group": "G-1", "crashed_at": "2026-11-21T09:10:27.615258Z", "host": "h%d" % n}
class Fake(http.server.BaseHTTPRequestHandler):
    newest = 450
    def do_GET(self):
        url = urllib.parse.urlparse(self.path)
        q = dict(urllib.parse.parse_qsl(url.query))
        print(self.path, file=open(sys.argv[1], "a"))
        if "cursor" not in q:
            Fake.newest += 1
        begin = int(q.get("cursor", Fake.newest))
        end = max(begin - int(q["limit"]), 0)
        answer = {"events": [event(n) for n in range(begin, end, -1)], "next_cursor": str(end) if end else None}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *arguments):
        pass
server = http.server.HTTPServer(("127.0.0.1", 0), Fake)
print(server.server_port, flush=True)
server.serve_forever()
EOT
coproc FAKE { exec python3 "$WORK/fake.py" "$WORK/asked"; }
FAKE_CHILD=$FAKE_PID
read -r PORT <&"${FAKE[0]}"
fake() { ctl "$@" --server "http://127.0.0.1:$PORT"; }
fake events --limit 430 --json
is "$RC $(jq_out '"\(length) \(map(.id) | unique | length)"')" '0 430 430' 'a list goes on over pages'
is "$(sed -n 's/.*limit=\([0-9]*\).*/\1/p' "$WORK/asked" | xargs)" '200 200 30' 'of at most 200'
fake events --limit 100000 --jsonl 'func:a b&c' host:x
is "$RC $(wc -l <<<"$OUT")" '0 452' 'to its end'
ok 'the query is handed through as it is' grep -qF 'q=func%3Aa%20b%26c%20host%3Ax&' "$WORK/asked"
fake tail --lines 2 --count 4 --interval 1
is "$RC $(cut -f5 <<<"$OUT" | xargs)" '0 h452 h453 h454 h455' 'tail: the last ones, then each new one once'
fake tail --lines 1 --count 2 --interval 1 --json
is "$RC $(jq -rs 'map(.host) | join(" ")' <<<"$OUT")" '0 h456 h457' 'as a JSON text a line'
kill "$FAKE_CHILD"

# --- Contexts -------------------------------------------------------------------------------------------------------

CONF=$HOME/.config/corral/ctl.conf
mkdir -p "${CONF%/*}"
(umask 077; echo "$CORRAL_TOKEN" >"$HOME/token")
cat >"$CONF" <<EOT
context = here
[away]
server = http://127.0.0.1:9
[here]
server = $CORRAL_URL
ingest = $CORRAL_INGEST_URL
token_file = ~/token
EOT
(
    unset CORRAL_URL CORRAL_INGEST_URL CORRAL_TOKEN
    "$BIN/corralctl" groups --json >"$WORK/out" 2>"$WORK/err"
)
RC=$? ERR=$(cat "$WORK/err")
is "$RC $(jq length "$WORK/out") $ERR" '0 3 ' 'a context says server and token'
ctl groups --context away
ends 6 'a named one goes before the environment'
ctl groups --context away --server "$CORRAL_URL"
ends 0 'an option before that'
chmod 666 "$CONF"
ctl groups
like "$ERR" 'warning: .*ctl\.conf: others' 'a file that others can change is warned of'
chmod 600 "$CONF"
chmod 644 "$HOME/token"
ctl groups --token-file "$HOME/token"
like "$ERR" 'warning: .*token: others' 'and a token that others can read'
unlike "$ERR$OUT" "$CORRAL_TOKEN" 'without showing it'
echo 'sevrer = x' >>"$CONF"
ctl groups
ends 2 'a mistake in it'
like "$ERR" 'ctl\.conf:8: .*server' 'has its line and the nearest key'
rm "$CONF"

# --- Hostile names --------------------------------------------------------------------------------------------------

HOSTILE=$'\e]0;owned\a\u202egnp.exe \u009b31m "quoted", tab\there'
TITLE="SIGSEGV in std::vector<std::pair<long, std::basic_string<char, std::char_traits<char>, std::allocator<char>>>>::emplace_back_the_end()"
sql "UPDATE hosts SET hostname = E'${HOSTILE//$'\t'/\\t}' WHERE hostname = 'web-1'" || bail 'a hostile host'
sql "UPDATE crash_groups SET title = '$TITLE' WHERE id = ${G#G-}"
control() { LC_ALL=C grep -cP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80\xae' "$1"; } # FILE
for arguments in "events $G" "events $G --csv" "show $FIRST" "show $G" "bt $FIRST"; do
    # shellcheck disable=SC2086
    ctl $arguments
    ends 0 "hostile names: $arguments"
    is "$(control "$WORK/out")" 0 'nothing of it reaches a terminal'
done
ctl events "$G" --csv
is "$(python3 -c 'import csv, sys
print({len(r) for r in csv.reader(open(sys.argv[1]))})' "$WORK/out")" '{7}' 'CSV keeps its columns'
ctl show "$FIRST" --json
is "$(jq_out .host)" "$HOSTILE" 'JSON has it as it is'
terminal "COLUMNS=100 $BIN/corralctl show $FIRST --json --no-pager" >"$WORK/out"
is "$(control "$WORK/out")" 0 'but not on a terminal'
is "$(jq -r .host "$WORK/out")" "$HOSTILE" 'where it is the same JSON'
terminal "COLUMNS=100 $BIN/corralctl groups --no-pager --color never" >"$WORK/out"
is "$(wc -L <"$WORK/out")" 100 'a table is cut to the terminal'
like "$(cat "$WORK/out")" '…[^ ]*emplace_back_the_end\(\)' 'and keeps the end of a C++ name'
like "$(head -n 1 "$WORK/out")" '^GROUP +STATUS' 'under a head'

# --- Pipes and terminals --------------------------------------------------------------------------------------------

colours() { grep -c $'\e\[' <<<"$1"; } # TEXT
ok 'colours on a terminal' test "$(colours "$(terminal "$BIN/corralctl groups --no-pager")")" -gt 0
is "$(colours "$(terminal "NO_COLOR=1 $BIN/corralctl groups --no-pager")")" 0 'not with NO_COLOR'
ctl show "$G" --color=always
ok 'into a pipe when asked for' test "$(colours "$OUT")" -gt 0
like "$(terminal "PAGER='sed s/^/paged:/' $BIN/corralctl show $G")" 'paged:' 'long text goes through the pager'
unlike "$(terminal "PAGER='sed s/^/paged:/' $BIN/corralctl show $G --no-pager")" 'paged:' 'but not with --no-pager'
"$BIN/corralctl" bt "$THREADS" --all 2>"$WORK/err" | head -n 1 >/dev/null
is "${PIPESTATUS[0]} $(cat "$WORK/err")" "$([ "${PIPESTATUS[0]}" = 0 ] && echo 0 || echo 141) " 'a pipe that is closed early is no noise'
"$BIN/corralctl" groups >/dev/full 2>"$WORK/err"
is "$?" 1 'a full disk is an error'

# --- Removing -------------------------------------------------------------------------------------------------------

ctl remove "$OTHER" "$G" --yes --wait --json
is "$RC $(jq_out '[.[].state] | join(" ")')" '0 done done' 'remove'
ctl show "$G"
ends 3 'is gone'
is "$(sql "SELECT count(*) FROM crash_events WHERE group_id IN (${G#G-}, ${OTHER#G-})")" 0 'with its crashes'

# --- Completion -----------------------------------------------------------------------------------------------------

for shell in bash zsh fish; do
    ctl completion $shell
    ends 0 "completion $shell"
done
"$BIN/corralctl" completion bash >"$WORK/completion.bash"
complete_words() { # WORD...: what bash offers for the last one
    bash -c 'set -eu; . "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _corralctl; printf "%s\n" "${COMPREPLY[@]}"' - \
        "$WORK/completion.bash" "$@"
}
is "$(complete_words corralctl gro)" groups 'bash completes a verb'
is "$(complete_words corralctl symbols up)" upload 'its second word'
is "$(complete_words corralctl groups --so)" --sort 'an option of a verb'
is "$(complete_words corralctl symbols upload --dr)" --dry-run 'of one of two words'
is "$(complete_words corralctl show G-1 --js | xargs)" '--json --jsonl' 'and one of all'
done_testing
