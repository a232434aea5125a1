import type { InputIssue } from '../../kernel/errors.ts';

/** Names of projects, instances and tokens: usable as a DNS label, so that they can become host names. */
const label = /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/;
// eslint-disable-next-line no-control-regex
const controlCharacter = /[\u0000-\u001f\u007f]/;
const tagKey = /^[A-Za-z0-9]([A-Za-z0-9._/-]{0,61}[A-Za-z0-9])?$/;
export const maxTags = 50;

export const nameIssues = (path: string[], name: string): InputIssue[] =>
  label.test(name) ? [] : [{ path, message: 'must be 1 to 63 lower-case letters, digits and dashes, begin with a letter and not end with a dash' }];

export function tagIssues(path: string[], tags: readonly { key: string; value: string }[]): InputIssue[] {
  const issues: InputIssue[] = [];
  if (tags.length > maxTags) issues.push({ path, message: `at most ${maxTags} tags` });
  const seen = new Set<string>();
  tags.slice(0, maxTags).forEach((tag, i) => {
    if (!tagKey.test(tag.key)) issues.push({ path: [...path, String(i), 'key'], message: 'must be 1 to 63 letters, digits, and . _ / - inside' });
    if (tag.value.length > 255) issues.push({ path: [...path, String(i), 'value'], message: 'at most 255 characters' });
    if (controlCharacter.test(tag.value) || !tag.value.isWellFormed()) issues.push({ path: [...path, String(i), 'value'], message: 'must not contain control characters or halves of characters' });
    if (seen.has(tag.key)) issues.push({ path: [...path, String(i), 'key'], message: `"${tag.key}" is given twice` });
    seen.add(tag.key);
  });
  return issues;
}

const days = ['MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY', 'SUNDAY'];
export function maintenanceIssues(path: string[], window: { day: string; start: string; durationMinutes: number }): InputIssue[] {
  const issues: InputIssue[] = [];
  if (!days.includes(window.day)) issues.push({ path: [...path, 'day'], message: `must be one of ${days.join(', ')}` });
  if (!/^([01]\d|2[0-3]):[0-5]\d$/.test(window.start)) issues.push({ path: [...path, 'start'], message: 'must be HH:MM in UTC' });
  if (!Number.isInteger(window.durationMinutes) || window.durationMinutes < 30 || window.durationMinutes > 1440) issues.push({ path: [...path, 'durationMinutes'], message: 'must be 30 to 1440' });
  return issues;
}

/** A password people may choose: long enough, printable, nothing a URI or a config line chokes on silently. */
export function passwordIssues(path: string[], password: string): InputIssue[] {
  if (password.length < 12) return [{ path, message: 'at least 12 characters; leave it out to have one generated' }];
  if (password.length > 128) return [{ path, message: 'at most 128 characters' }];
  return controlCharacter.test(password) || !password.isWellFormed() ? [{ path, message: 'must not contain control characters or halves of characters' }] : [];
}
