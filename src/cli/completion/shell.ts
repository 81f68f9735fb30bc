/** The shells that have a script, in the order in which they are listed. */
export const shellNames = ["bash", "zsh", "fish", "powershell"] as const;
export type ShellName = (typeof shellNames)[number];
