import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type GuestContext, GuestFault } from '../../../spi/guest.ts';
import { adminDatabase } from '../names.ts';
import { openTls, overSocket } from '../tls.ts';
import { files } from './config-file.ts';
import { writeCertificate } from './files.ts';
import { withManagement } from './management.ts';

const showTimeoutMs = 5_000;

/** The server reads its certificate anew; open connections go on. https://www.mongodb.com/docs/manual/reference/command/rotateCertificates/ */
export async function rotate(ctx: GuestContext): Promise<void> {
  // A start writes it anyway.
  if (ctx.engine.pid() === null) return;
  await writeCertificate(ctx);
  await withManagement(ctx, (admin) => admin.run(adminDatabase, { rotateCertificates: 1 }));
  const wanted = new X509Certificate(await readFile(ctx.tls.certificate)).fingerprint256;
  const socket = await openTls(overSocket(files(ctx).socket), showTimeoutMs, ctx.signal);
  const shown = socket.getPeerX509Certificate()?.fingerprint256;
  socket.destroy();
  if (shown !== wanted) throw new GuestFault('FAILED', 'the server goes on showing its earlier certificate');
}
