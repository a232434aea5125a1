#!/bin/sh
# An upgrade by hand, as well as it goes: the new cluster is made beforehand, then stop, pg_upgrade, start, first answer.
# Says "interrupted MS" when the new server answers, waits for the end of its input, and ends what it started.
#   upgrade-postgresql.sh OLD-BIN NEW-BIN HOME PORT SCALE MODE     MODE: copy, link
set -eu
old=$1 new=$2 home=$3 port=$4 scale=$5 mode=$6
umask 077
cd "$home"
exec 3>&1 >log 2>&1

cluster() { "$1/initdb" -D "$2" -U admin --auth=trust --data-checksums --encoding=UTF8 --locale=C.UTF-8 --no-instructions; }
start() {
  "$1/postgres" -D "$2" -c listen_addresses= -c port="$port" -c unix_socket_directories="$home" -c shared_buffers=256MB &
  server=$!
  until "$new/psql" -X -q -h "$home" -p "$port" -U admin postgres -c 'select 1'; do kill -0 $server; sleep 0.01; done
}
server=
trap 'kill -QUIT $server; wait' EXIT

cluster "$old" data
cluster "$new" next
start "$old" data
"$new/createdb" -h "$home" -p "$port" -U admin shop
"$old/pgbench" -i -q -s "$scale" -h "$home" -p "$port" -U admin shop
# A column option that late builds of 15 and 17 give by themselves: 18 does not know it, and pg_upgrade would end there.
PGOPTIONS='-c allow_system_table_mods=on' "$new/psql" -X -q -h "$home" -p "$port" -U admin shop \
  -c "update pg_attribute set attoptions = null where attoptions::text like '%pg_attver%'" -c checkpoint

since=$(date +%s%3N)
kill -INT $server
wait $server || true
"$new/pg_upgrade" "--$mode" -b "$old" -B "$new" -d data -D next -U admin -p "$port" -P "$port" --socketdir "$home"
start "$new" next
echo "interrupted $(($(date +%s%3N) - since))" >&3
read -r _ || true
