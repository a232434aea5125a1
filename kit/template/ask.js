/**
 * Says one line after the other and waits for each answer; the last one is the result.
 *
 * @param {import('node:net').Socket} socket
 * @param {string[][]} lines
 * @param {AbortSignal} signal
 * @returns {Promise<string>}
 */
export function ask(socket, lines, signal) {
  return new Promise((resolve, reject) => {
    let heard = '';
    let said = 0;
    const end = () => socket.destroy(new Error('no answer in time'));
    const say = () => socket.write(`${JSON.stringify(lines[said++])}\n`);
    signal.addEventListener('abort', end, { once: true });
    socket.once('close', () => {
      signal.removeEventListener('abort', end);
      reject(new Error('the engine closed the connection'));
    });
    socket.on('error', reject);
    socket.once('encrypted' in socket ? 'secureConnect' : 'connect', say);
    socket.on('data', (chunk) => {
      heard += chunk;
      if (!heard.endsWith('\n')) return;
      const [word, text] = JSON.parse(heard);
      heard = '';
      if (word === 'OK' && said < lines.length) return void say();
      if (word === 'OK') resolve(text); else reject(new Error(text));
      socket.destroy();
    });
    if (signal.aborted) end();
  });
}
