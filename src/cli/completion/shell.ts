/** The shells that a script is made for, in the order they are listed. */
export const shellNames = ["bash", "zsh", "fish", "powershell"] as const;
export type ShellName = (typeof shellNames)[number];
