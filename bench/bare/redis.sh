#!/bin/sh
# As postgresql.sh: certificates, a server with TLS only, no default user and persistence, a user, the first connection.
#   redis.sh BIN HOME PORT
set -eu
bin=$1 home=$2 port=$3
umask 077
cd "$home"
exec 3>&1 >log 2>&1

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=bench-ca -keyout ca.key -out ca.pem
openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=bench -addext subjectAltName=IP:127.0.0.1 -keyout server.key -out server.csr
openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 1 -copy_extensions copy -out server.pem

admin=$(openssl rand -hex 16)
password=$(openssl rand -hex 16)
echo "user default off
user admin on #$(printf %s "$admin" | sha256sum | cut -d' ' -f1) ~* &* +@all" >users.acl
"$bin/redis-server" --port 0 --tls-port "$port" --bind 127.0.0.1 --dir "$home" --aclfile "$home/users.acl" --appendonly yes --maxmemory 512mb \
  --unixsocket "$home/redis.sock" --tls-cert-file server.pem --tls-key-file server.key --tls-ca-cert-file ca.pem --tls-auth-clients no &
server=$!
trap 'kill -KILL $server; wait' EXIT
until REDISCLI_AUTH=$admin "$bin/redis-cli" -s "$home/redis.sock" --user admin --no-auth-warning ping 2>&1 | grep -q PONG; do kill -0 $server; sleep 0.01; done

printf 'ACL SETUSER app on >%s ~* &* +@all -@admin\nACL SAVE\n' "$password" | REDISCLI_AUTH=$admin "$bin/redis-cli" -s "$home/redis.sock" --user admin --no-auth-warning
REDISCLI_AUTH=$password "$bin/redis-cli" -h 127.0.0.1 -p "$port" --tls --cacert ca.pem --user app --no-auth-warning ping | grep -q PONG
echo connected >&3
read -r _ || true
