# timeout: 300
# -F under mosquitto's names: what is a format, what is wrong with one that is none, and what stands behind @.
. "$(dirname "$0")/drop_in.sh"
for kind in sub rr; do need "mosquitto_$kind"; done
[ "$their_version" = 2.0 ] || skip "the sentences are those of mosquitto 2.0, here is $their_version"
with_broker theirs
mqtt-pub -h "$HOST" -p "$PORT" -q 1 -t kept/one -r -m message

# printed FORMAT...: both print the same, or refuse it in the same words. Their clock goes on between the two.
printed() {
    local format
    for format in "$@"; do
        same sub -p "$PORT" -t kept/one -C 1 -N -F "$format" -W 20
    done
}

# [-|0] digits [. digits] letter.
printed '%' '%-' '%0' '%5' '%05' '%-05' '%.' '%5.' '%.5' '%5.5' '%-5.5' 'ok %' '%l' '%5l' '%05l' '%-5l|' '%-05l|' '%00l' '%005l' \
    '%5%' '%-%' '%.5%' '%%%' '%5q' '%05r' '%.2t' '%-12.2t|' '%12.2t' '%.t|' '%5.t|' '%.0t' '%-05p|' '%3p' '%09p' '%12p' '%.3p' \
    '%5C|' '%05A|' '%-5S|' '%5R|' '%5D|' '%E%F%P' '%Z' '%5Z' '%.5Z' '%é'
# What does not stand in front of a letter is no separator, but a letter that is wrong.
printed '%>' '%0>' '%->' '%5>' '%.5>' '%--5t' '%0-5t' '%5-5t' '%:5t' '%::t' '%+5t' '%#0t' '%@H' '% 5t' '%@@'
# A separator of 2.1 that does.
for format in '%+t' '%#t' '%5-l' '%.2>x' '%.2 x' '%@t' '%:%'; do
    run "$LINKS/mosquitto_sub" -p "$PORT" -t kept/one -C 1 -F "$format"; expect_exit 0
done
# strftime gets whatever stands behind @, and what it does not know prints as it likes.
printed '<@!><@"><@#><@$><@%><@&><@(><@)><@*><@+><@,><@-><@.><@/><@0><@5><@9><@:><@;><@<><@=><@>><@?><@@><@[><@]><@^><@_>' \
    "<@'><@\`><@{><@|><@}><@~><@ ><@\\\\><@é>" \
    '@A@B@C@D@E@F@G@H@I@J@K@L@O@P@Q@U@V@W@Y@Z@a@b@d@e@g@h@i@j@l@m@n@o@p@t@u@v@w@x@y@z'
printed '@' '@@' '@@@' 'x@' '@5t' '@-d' '\' 'x\' '\q' '\\' '\a\e\n\r\t\v' '\0' '\@@' '@\n'
rows <<'E1'
rr -t a -m x -e b -F %--5t
rr -t a -m x -e b -F '@'
rr -p $closed -t a -m x -e b -F '@5'
E1

# Under our name what no strftime knows is a mistake.
for format in '@5' '@-d' '%>' '%--5t' '<@ >'; do
    run mqtt-sub -t a -F "$format"; expect_exit 1
    expect_match "$T/err" "option '-F'"
done
