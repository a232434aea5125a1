#!/bin/sh
# As postgresql.sh: certificates, a server with TLS, passwords and permissions, its well-known superuser replaced, a
# keyspace and a user, the first connection as that user over verified TLS. Statements go through the stock driver of Node.
#   cassandra.sh BIN HOME PORT
set -eu
bin=$1 home=$2 port=$3
here=$(cd "$(dirname "$0")" && pwd)
libraries=${bin%/usr/lib/jvm/*}/usr/share/cassandra/lib
umask 077
cd "$home"
exec 3>&1 >log 2>&1

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=bench-ca -keyout ca.key -out ca.pem
openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=bench -addext subjectAltName=IP:127.0.0.1 -keyout server.key -out server.csr
openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 1 -copy_extensions copy -out server.pem
cat server.key server.pem >client.pem
cp client.pem peer.pem

cat >cassandra.yaml <<END
cluster_name: bench
partitioner: org.apache.cassandra.dht.Murmur3Partitioner
num_tokens: 16
endpoint_snitch: SimpleSnitch
seed_provider: [{class_name: org.apache.cassandra.locator.SimpleSeedProvider, parameters: [{seeds: '127.0.0.1:$((port + 1))'}]}]
listen_address: 127.0.0.1
rpc_address: 127.0.0.1
storage_port: $((port + 1))
native_transport_port: $port
data_file_directories: [$home/tables]
commitlog_directory: $home/commitlog
saved_caches_directory: $home/saved_caches
hints_directory: $home/hints
cdc_raw_directory: $home/cdc_raw
commitlog_sync: periodic
commitlog_sync_period: 1000ms
authenticator: PasswordAuthenticator
authorizer: CassandraAuthorizer
role_manager: CassandraRoleManager
client_encryption_options: {enabled: true, optional: false, ssl_context_factory: {class_name: org.apache.cassandra.security.PEMBasedSslContextFactory}, keystore: $home/client.pem}
server_encryption_options: {internode_encryption: all, require_client_auth: true, ssl_context_factory: {class_name: org.apache.cassandra.security.PEMBasedSslContextFactory}, keystore: $home/peer.pem, truststore: $home/ca.pem}
END
options=$(node "$here/cassandra-options.ts")
# shellcheck disable=SC2086
"$bin/java" $options -Xms460m -Xmx460m -Xss512k -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dcassandra.storagedir="$home" -Dcassandra.config="file://$home/cassandra.yaml" \
  -Dcassandra.superuser_setup_delay_ms=0 -Dcassandra.skip_wait_for_gossip_to_settle=0 -Dcassandra.ring_delay_ms=100 -Djava.net.preferIPv4Stack=true -Djava.io.tmpdir="$home" -Djdk.attach.allowAttachSelf=true \
  -cp "$libraries/*" org.apache.cassandra.service.CassandraDaemon &
server=$!
trap 'kill -KILL $server; wait' EXIT

node "$here/cassandra-first.ts" "$port" ca.pem
echo connected >&3
read -r _ || true
