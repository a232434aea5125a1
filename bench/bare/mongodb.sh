#!/bin/sh
# As postgresql.sh: certificates, a first start on a socket file that makes the administrator, a replica set of one with TLS
# and a key file, a user, the first connection as that user.
#   mongodb.sh BIN HOME PORT
set -eu
bin=$1 home=$2 port=$3
here=$(cd "$(dirname "$0")" && pwd)
umask 077
cd "$home"
exec 3>&1 >log 2>&1

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=bench-ca -keyout ca.key -out ca.pem
openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=bench -addext subjectAltName=IP:127.0.0.1 -keyout server.key -out server.csr
openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 1 -copy_extensions copy -out server.crt
cat server.crt server.key >server.pem
openssl rand -base64 500 | tr -d '\n' >member.key

admin=$(openssl rand -hex 16)
password=$(openssl rand -hex 16)
mkdir data
"$bin/mongod" --dbpath data --port "$port" --bind_ip "$home/first.sock" --nounixsocket &
first=$!
trap 'kill -KILL $first; wait' EXIT
until [ -S first.sock ]; do kill -0 $first; sleep 0.01; done
printf '{"createUser":"admin","pwd":"%s","roles":["root"],"$db":"admin"}\n{"shutdown":1,"$db":"admin"}\n' "$admin" |
  node "$here/mongodb-commands.ts" "mongodb://$(printf %s "$home/first.sock" | sed 's|/|%2F|g')"
wait $first

"$bin/mongod" --dbpath data --port "$port" --bind_ip 127.0.0.1 --nounixsocket --replSet rs0 --oplogSize 500 --wiredTigerCacheSizeGB 0.375 --keyFile member.key \
  --tlsMode requireTLS --tlsCertificateKeyFile server.pem --tlsCAFile ca.pem --tlsAllowConnectionsWithoutCertificates &
server=$!
trap 'kill -KILL $server; wait' EXIT
printf '{"replSetInitiate":{"_id":"rs0","members":[{"_id":0,"host":"127.0.0.1:%s"}]},"$db":"admin"}\n{"createUser":"app","pwd":"%s","roles":[{"role":"readWrite","db":"shop"}],"$db":"admin"}\n' "$port" "$password" |
  node "$here/mongodb-commands.ts" "mongodb://admin:$admin@127.0.0.1:$port" ca.pem
echo '{"find":"goods","$db":"shop"}' | node "$here/mongodb-commands.ts" "mongodb://app:$password@127.0.0.1:$port" ca.pem
echo connected >&3
read -r _ || true
