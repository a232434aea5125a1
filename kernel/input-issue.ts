/** What is wrong with one field of an input. `path` leads to the field; the message says what it may be. */
export interface InputIssue { path: string[]; message: string }
