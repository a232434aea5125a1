#!/bin/sh
# What a create does to the engine, by hand: certificates, a cluster with checksums, a server with TLS and scram, a
# database with its owner, and the first connection as that user over verified TLS. Says "connected", waits for the end
# of its input, and ends what it started.
#   postgresql.sh BIN HOME PORT
set -eu
bin=$1 home=$2 port=$3
umask 077
cd "$home"
exec 3>&1 >log 2>&1

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=bench-ca -keyout ca.key -out ca.pem
openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=bench -addext subjectAltName=IP:127.0.0.1 -keyout server.key -out server.csr
openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 1 -copy_extensions copy -out server.pem

openssl rand -hex 16 >admin-password
"$bin/initdb" -D data -U admin --pwfile=admin-password --auth-local=scram-sha-256 --auth-host=scram-sha-256 --data-checksums --encoding=UTF8 \
  --locale=C.UTF-8 --locale-provider=builtin --builtin-locale=C.UTF-8 --no-instructions
echo 'local all admin scram-sha-256
hostssl all all all scram-sha-256' >data/pg_hba.conf
"$bin/postgres" -D data -c listen_addresses=127.0.0.1 -c port="$port" -c unix_socket_directories="$home" -c shared_buffers=256MB \
  -c ssl=on -c ssl_cert_file="$home/server.pem" -c ssl_key_file="$home/server.key" &
server=$!
trap 'kill -QUIT $server; wait' EXIT
until [ "$(sed -n 8p data/postmaster.pid 2>/dev/null)" = 'ready   ' ]; do kill -0 $server; sleep 0.01; done

password=$(openssl rand -hex 16)
echo "create role app login password '$password'; create database shop owner app;" |
  sed 's/; /;\n/' | PGPASSWORD=$(cat admin-password) "$bin/psql" -X -q -v ON_ERROR_STOP=1 -h "$home" -p "$port" -U admin postgres
PGPASSWORD=$password "$bin/psql" -X -q "host=127.0.0.1 port=$port user=app dbname=shop sslmode=verify-full sslrootcert=$home/ca.pem" -c 'select 1'
echo connected >&3
read -r _ || true
