/**
 * One schedule of the event log: writers that commit late, out of order or not at all, readers that start, stop and
 * look at odd moments, subscribers that are cut off and resume elsewhere, a pruner, a store that crashes. In the end everybody knows exactly
 * what was committed, each thing once and in order.
 */
import { createClock } from '../clock.ts';
import { createRandom } from '../random.ts';
import { createModelGateway, type ModelGateway } from './gateway.ts';
import { createModelLog } from './log.ts';
import { createModelSubscriber } from './subscriber.ts';

export interface EventsResult { violations: { rule: string; what: string; at: number }[]; delivered: number; resumes: number; resets: number }

const TROUBLE_MS = 1_500;
const CALM_MS = 1_000;

export function runEventsSchedule(seed: number): EventsResult {
  const random = createRandom(seed ^ 0x5eed);
  const clock = createClock(200_000);
  const log = createModelLog(clock);
  const violations: EventsResult['violations'] = [];
  const broken = (rule: string, what: string): void => { violations.push({ rule, what, at: clock.now() }); };
  const world = { clock, random, log, broken };
  const subjects = ['a', 'b'];
  const gateways: ModelGateway[] = [createModelGateway(world), createModelGateway(world)];
  const subscribers = Array.from({ length: 4 }, (_, i) => ({ subject: subjects[i % 2]!, it: createModelSubscriber(world, subjects[i % 2]!) }));

  function write(): void {
    const tx = log.begin();
    tx.append(random.pick(subjects));
    for (let more = random.int(0, 3); more > 0; more--) clock.after(random.int(0, 20), () => { if (isOpen) tx.append(random.pick(subjects)); });
    let isOpen = true;
    clock.after(random.chance(0.15) ? random.int(50, 400) : random.int(0, 15), () => {
      isOpen = false;
      if (random.chance(0.1)) tx.abort();
      else tx.commit();
    });
  }
  function restart(): void {
    const i = random.int(0, gateways.length);
    gateways[i]!.down();
    gateways[i] = createModelGateway(world);
  }
  for (let i = random.int(10, 60); i > 0; i--) clock.at(random.int(0, TROUBLE_MS), write);
  for (const { it } of subscribers) {
    clock.at(random.int(0, TROUBLE_MS / 2), () => it.connect(random.pick(gateways)));
    for (let i = random.int(0, 8); i > 0; i--) clock.at(random.int(0, TROUBLE_MS), () => it.cut());
    for (let i = random.int(0, 8); i > 0; i--) clock.at(random.int(0, TROUBLE_MS), () => it.connect(random.pick(gateways)));
  }
  for (let i = random.int(0, 4); i > 0; i--) clock.at(random.int(0, TROUBLE_MS), restart);
  if (random.chance(0.3)) clock.at(random.int(0, TROUBLE_MS), () => log.prune(random));
  if (random.chance(0.4)) clock.at(random.int(0, TROUBLE_MS), () => log.crash(random));
  try {
    clock.runUntil(TROUBLE_MS + CALM_MS);
    // Whoever is cut off comes back once more.
    for (const { it } of subscribers) clock.after(random.int(0, 50), () => it.connect(random.pick(gateways)));
    clock.runUntil(TROUBLE_MS + 2 * CALM_MS);
    for (const { it } of subscribers) clock.after(random.int(0, 50), () => it.connect(random.pick(gateways)));
    clock.runUntil(TROUBLE_MS + 3 * CALM_MS);
  } catch (error) {
    broken('the simulation comes to an end', (error as Error).message);
  }
  const present = log.snapshot();
  for (const { subject, it } of subscribers) {
    const wanted = log.visible(present, subject);
    const missing = [...wanted].filter((id) => !it.known().has(id));
    const invented = [...it.known()].filter((id) => !wanted.has(id));
    if (missing.length > 0) broken('no event is lost', `${subject}: ${missing.join(', ')}`);
    if (invented.length > 0) broken('nothing is told that did not happen', `${subject}: ${invented.join(', ')}`);
  }
  const sum = (of: (s: (typeof subscribers)[number]['it']) => number): number => subscribers.reduce((n, s) => n + of(s.it), 0);
  return { violations, delivered: sum((s) => s.delivered), resumes: sum((s) => s.resumes), resets: sum((s) => s.resets) };
}
