# Recipes of mqtt-tools(7): a server behind Nginx, which has the certificate and passes on WebSocket.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/recipes.sh"
need openssl nginx
make_certs
mkdir live tmp
cp certs/server.crt live/fullchain.pem
cp certs/server.key live/privkey.pem
export certs=$T/live https ws mqtt
https=$(free_port) ws=$(free_port) mqtt=$(free_port)
in_background nginx
until_true 20 listens "$ws"

# What /etc/nginx/nginx.conf is around the file.
cat >nginx.conf <<END
daemon off;
master_process off;
pid $T/tmp/pid;
events {}
http {
    access_log off;
    client_body_temp_path tmp; proxy_temp_path tmp; fastcgi_temp_path tmp; uwsgi_temp_path tmp; scgi_temp_path tmp;
    include mqtt.conf;
}
END
background proxy "$(lib_find nginx)" -p "$T" -c "$T/nginx.conf" -e stderr
until_true 20 listens "$https"
for version in 311 5; do
    run mqtt-pub -L "wss://localhost:$https/mqtt" --cafile certs/ca.crt -V $version -t "over/$version" -r -q 2 -m "through $version"
    expect_exit 0
    run mqtt-sub -L "wss://localhost:$https/mqtt" --cafile certs/ca.crt -V $version -t 'over/+' -C 1 -W 20 -F '%t %p'
    expect_match "$T/out" '^over/[0-9]+ through [0-9]+$'
    expect_eq 'the same on the port behind it' "$(mqtt-sub -p "$mqtt" -t "over/$version" -C 1 -W 20)" "through $version"
done
run mqtt-pub -L "wss://localhost:$https/elsewhere" --cafile certs/ca.crt -t a -m x
[ "$status" != 0 ] || fail 'Nginx passes on more than /mqtt'
expect_match "$T/err" '404'
