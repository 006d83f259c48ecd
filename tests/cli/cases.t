# The table of cases has 85 rows: each is a `row` of pub*.t, sub*.t or rr.t, and names the version that shows it.
. "$(dirname "$0")/lib.sh"
sed -nE 's/^ *row ([0-9,-]+) ([0-9.]+|ours) .*/\1/p' "$(dirname "$0")"/*.t | tr ',' '\n' |
    awk -F- '{ for (i = $1; i <= ($2 ? $2 : $1); ++i) print i }' | sort -nu >"$T/rows"
seq 85 | diff - "$T/rows" >"$T/difference" || { cat "$T/difference" >&2; fail 'cases without a row, or too many'; }
