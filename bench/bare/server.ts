/** A bare HTTP server with constant answers: what Node can do at best. `node server.ts PORT FILE`; FILE holds the answer. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

const [port, file] = process.argv.slice(2);
const body = readFileSync(file!);
const headers = ['content-type', 'application/json; charset=utf-8', 'content-length', String(body.length)];
createServer((req, res) => {
  req.resume();
  req.on('end', () => {
    res.writeHead(200, headers);
    res.end(body);
  });
}).listen(Number(port), '127.0.0.1', () => process.stdout.write('ready\n'));
