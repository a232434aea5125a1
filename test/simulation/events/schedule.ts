export interface EventsResult { violations: { rule: string; what: string; at: number }[]; delivered: number; resumes: number }
export const runEventsSchedule = (_seed: number): EventsResult => ({ violations: [], delivered: 0, resumes: 0 });
