#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What the documents say is there: every option and every configuration key has its place in a manual page, with its true default; links,
# paths and make targets that are named exist; the examples of the protocol give what they say.
# shellcheck source=tests/lib/testlib.sh
. "$(dirname "$0")/../lib/testlib.sh"

need mandoc jq

documents() { find . -name '*.md' -not -path './build/*' -not -path './run/*' -not -path '*/node_modules/*' | sort; }

# --- Manual pages ---------------------------------------------------------------------------------------------------

# Whether a page of another package is installed here is not the page's matter.
lint() { # PAGE
    ! mandoc -T lint -W style "$1" 2>&1 | grep -v -e 'referenced manual not found' -e 'mandoc.db' | grep .
}

plain() { mandoc -T ascii -O width=78 "$1" | col -b; } # PAGE

page_of() { echo docs/man/"$1".[1-8]; } # PROGRAM

for page in docs/man/*.[1-9]; do
    ok "${page##*/} has no mistakes" lint "$page"
done

is "$(sed -n 's/^\.Xr \(corral[^ ]*\) \([0-9]\).*/docs\/man\/\1.\2/p' docs/man/*.[1-9] | sort -u | while read -r page; do
    [ -f "$page" ] || echo "$page"; done)" '' 'every page of ours that is referred to exists'

# Long options, and short ones at the start of a line of --help.
options_of() { # PROGRAM
    "$BIN/$1" --help 2>&1 | grep -oE -e '--[a-z][a-z-]+' -e '^ +-[a-zA-Z]\b' | tr -d ' ' | sort -u
}

for program in "$BIN"/corral*; do
    name=${program##*/}
    text=$(plain "$(page_of "$name")")
    is "$(options_of "$name" | while read -r option; do
        grep -qE -e "(^|[^a-z-])$option([^a-z-]|$)" <<<"$text" || echo "$option"; done)" '' \
        "every option of $name --help is in its manual page"
    ok "$name --help names options" test -n "$(options_of "$name")"
done

# --- Configuration keys ---------------------------------------------------------------------------------------------

# "key = default" of the table of struct conf_key in a folder, in its order.
# shellcheck disable=SC2016 # the dollars are perl's
keys_in_source() { # FOLDER
    grep -l 'CONF_TEXT, ' "$1"/*.c | xargs perl -0ne 'while (/(?:KEY\(|\{")(\w+)"?,\s*CONF_\w+,\s*(?:AT\(\w+\),\s*)?(?:"([^"]*)"|NULL)/g) {
        print $1, length($2 // "") ? " = $2" : "", "\n" }'
}

keys_in_page() { # SECTION: the client's has a page of its own
    sed -n "/^\.Ss $1\$/,/^\.El/ s/^\.It Ic //p" docs/man/corral.conf.5 docs/man/corral-client.conf.5 | sed -e 's/ No = Li / = /' -e 's/"//g'
}

keys_in_sample() { # FILE: in force or shown as default
    sed -nE 's/^#?([a-z_]+) = ?(.*)/\1 = \2/p' "$1" | sed 's/ = $//'
}

while read -r name folder; do
    expected=$(keys_in_source "$folder")
    like "$expected" 'log_level = info' "the keys of $name.conf are found in $folder/"
    is "$(keys_in_page "$name.conf")" "$expected" "the manual has the keys of $name.conf and their defaults"
    is "$(keys_in_sample "etc/$name.conf" | cut -d' ' -f1)" "$(cut -d' ' -f1 <<<"$expected")" "etc/$name.conf has all keys"
done <<'EOT'
client client/spool
ingestd ingestd
workerd workerd
dashd dashd
EOT

# --- What documents name --------------------------------------------------------------------------------------------

# A heading's anchor, as the usual renderers make it.
anchors() { # FILE
    sed -n 's/^##* //p' "$1" | tr '[:upper:]' '[:lower:]' | tr -d '`,.(){}/:' | tr ' ' '-'
}

broken_links() { # FILE
    local target file anchor
    grep -oE '\]\([^)]+\)' "$1" | sed -e 's/^](//' -e 's/)$//' | while read -r target; do
        case $target in
        http*) continue ;;
        esac
        file=${target%%#*} anchor=${target#"${target%%#*}"}
        file=$(dirname "$1")/$file
        if [ "${target:0:1}" = '#' ]; then file=$1; fi
        if [ ! -e "$file" ]; then
            echo "$target"
        elif [ -n "$anchor" ] && ! anchors "$file" | grep -qxF -e "${anchor#\#}"; then
            echo "$target (no such heading)"
        fi
    done
}

# A file of ours, by its path or the end of one.
# shellcheck disable=SC2016 # backquotes are what is looked for
missing_paths() { # FILE
    grep -oE '`[a-z][a-zA-Z0-9_./-]*\.(c|h|sh|md|def|sql|mk|html)`' "$1" | tr -d '`' | sort -u | while read -r path; do
        grep -qE "(^|/)${path//./\\.}\$" "$WORK/sources" || echo "$path"
    done
}

# shellcheck disable=SC2016
missing_targets() { # FILE
    grep -oE '`make [a-z][a-z-]*' "$1" | sed 's/.* //' | sort -u | while read -r target; do
        grep -qE "^$target:" Makefile tests/*.mk tests/*/*.mk systemd/*.mk || echo "make $target"
    done
}

find . -type f -not -path './.git/*' -not -path './build/*' -not -path './run/*' -not -path '*/node_modules/*' \
    -printf '%P\n' >"$WORK/sources"
while read -r file; do
    is "$(broken_links "$file"; missing_paths "$file"; missing_targets "$file")" '' "${file#./} names what exists"
done < <(documents)

# --- Examples -------------------------------------------------------------------------------------------------------

# The fenced block after the line with the given mark.
example() { # MARK
    awk -v mark="<!-- $1 -->" '$0 == mark { found = 1; next } found && /^```/ { if (inside) exit; inside = 1; next } inside' docs/protocol.md
}

is "$(example fingerprint-input | "$BIN/corral-workerd" --fingerprint - | jq -S .)" "$(example fingerprint-output | jq -S .)" \
    'the example of --fingerprint in docs/protocol.md'
done_testing
