/** Whether an answer to a question of yes or no is a yes; whatever is neither counts as no. */
export function isYes(text: string): boolean {
  return /^y(es)?$/i.test(text);
}
