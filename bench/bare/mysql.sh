#!/bin/sh
# As postgresql.sh: certificates, a server with TLS only and no superuser left without a password, a database with its
# user, the first connection over verified TLS.
#   mysql.sh BIN HOME PORT
set -eu
bin=$1 home=$2 port=$3
umask 077
cd "$home"
exec 3>&1 >log 2>&1

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=bench-ca -keyout ca.key -out ca.pem
openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=bench -addext subjectAltName=IP:127.0.0.1 -keyout server.key -out server.csr
openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 1 -copy_extensions copy -out server.pem

base=$bin/..
password=$(openssl rand -hex 16)
echo "create user 'admin'@'localhost' identified by '$(openssl rand -hex 16)';
grant all on *.* to 'admin'@'localhost' with grant option;
create database shop;
create user 'app'@'%' identified by '$password';
grant all on shop.* to 'app'@'%';
drop user 'root'@'localhost';" >first.sql
set -- --no-defaults --basedir="$base" --datadir="$home/data" --lc-messages-dir="$base/share/mysql" --plugin-dir="$base/lib/mysql/plugin" --secure-file-priv=NULL
"$base/sbin/mysqld" "$@" --initialize-insecure --init-file="$home/first.sql"
"$base/sbin/mysqld" "$@" --port="$port" --bind-address=127.0.0.1 --socket="$home/mysql.sock" --pid-file="$home/pid" --mysqlx=OFF \
  --require-secure-transport=ON --ssl-cert="$home/server.pem" --ssl-key="$home/server.key" --ssl-ca="$home/ca.pem" --gtid-mode=ON --enforce-gtid-consistency=ON \
  --performance-schema=OFF --innodb-buffer-pool-size=160M &
server=$!
trap 'kill -KILL $server; wait' EXIT
until MYSQL_PWD=$password "$bin/mysql" --no-defaults --host=127.0.0.1 --port="$port" --user=app --ssl-mode=VERIFY_IDENTITY --ssl-ca=ca.pem shop -e 'select 1'; do kill -0 $server; sleep 0.01; done
echo connected >&3
read -r _ || true
