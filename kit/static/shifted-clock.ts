/** The clock of `RealDate`, so far ahead whichever way it is read. */
export function shiftedDate(RealDate: DateConstructor, aheadMs: number): DateConstructor {
  const now = (): number => RealDate.now() + aheadMs;
  const Shifted = new Proxy(RealDate, {
    construct: (target, args, newTarget) => Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget) as Date,
    apply: () => new RealDate(now()).toString(),
    get: (target, key, receiver) => (key === 'now' ? now : (Reflect.get(target, key, receiver) as unknown)),
  });
  return Shifted;
}
