// Runs as one instance's user and tries everything on what belongs to others. Reads its orders as JSON from standard
// input, prints what succeeded as a JSON list. Needs nothing but Node, so that any user can run it from standard input's
// sibling argument (`node -e`).
const { accessSync, closeSync, constants, openSync, readdirSync, readFileSync } = process.getBuiltinModule('node:fs');
const { connect } = process.getBuiltinModule('node:net');

const orders = JSON.parse(readFileSync(0, 'utf8'));
const done = [];
const attempt = (what, deed) => { try { deed(); done.push(what); } catch { /* refused, as it should be */ } };
const opened = (path, flags) => closeSync(openSync(path, flags));

for (const path of orders.files) {
  attempt(`read ${path}`, () => opened(path, constants.O_RDONLY));
  attempt(`write ${path}`, () => opened(path, constants.O_WRONLY));
}
for (const path of orders.folders) {
  attempt(`list ${path}`, () => readdirSync(path));
  attempt(`write into ${path}`, () => accessSync(path, constants.W_OK));
}
for (const pid of orders.pids) {
  attempt(`signal ${pid}`, () => process.kill(pid, 0));
  // What ptrace may attach to is what may open these.
  for (const file of ['mem', 'environ', 'maps']) attempt(`look into ${pid}/${file}`, () => { if (readFileSync(`/proc/${pid}/${file}`).length === 0) throw new Error('empty'); });
}
const connected = (path) => new Promise((resolve) => {
  const socket = connect(path);
  socket.once('connect', () => { socket.destroy(); resolve(true); });
  socket.once('error', () => resolve(false));
});
for (const path of orders.sockets) if (await connected(path)) done.push(`connect to ${path}`);
process.stdout.write(JSON.stringify(done));
