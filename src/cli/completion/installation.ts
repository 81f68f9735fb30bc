import { shellNames, type ShellName } from "./shell.ts";

interface Installation {
  /** For the shell that runs now. */
  readonly now: string;
  /** For every one that is started from now on. */
  readonly always: string;
}

/*
 * `eval` and not `source <(...)`: the bash of macOS, 3.2, reads nothing from the latter. The folders that bash-completion
 * and zsh read by themselves differ from machine to machine; fish has one that is always there.
 */
const installations: Record<ShellName, (program: string) => Installation> = {
  bash: (program) => ({
    now: `eval "$(${program} completion bash)"`,
    always: `echo 'eval "$(${program} completion bash)"' >> ~/.bashrc`,
  }),
  zsh: (program) => ({
    now: `eval "$(${program} completion zsh)"`,
    always: `echo 'eval "$(${program} completion zsh)"' >> ~/.zshrc`,
  }),
  fish: (program) => ({
    now: `${program} completion fish | source`,
    always: `${program} completion fish > ~/.config/fish/completions/acr-pull.fish`,
  }),
  powershell: (program) => ({
    now: `${program} completion powershell | Out-String | Invoke-Expression`,
    always: `Add-Content $PROFILE '${program} completion powershell | Out-String | Invoke-Expression'`,
  }),
};

/** Lines that tell, for each shell, how its completion is switched on. */
export function installationLines(program: string): readonly string[] {
  return shellNames.flatMap((shell, index) => {
    const { now, always } = installations[shell](program);
    return [
      ...(index > 0 ? [""] : []),
      `${headings[shell]}, for this session and for good:`,
      `  ${now}`,
      `  ${always}`,
    ];
  });
}

const headings: Record<ShellName, string> = {
  bash: "bash",
  zsh: "zsh (compinit has to have run before)",
  fish: "fish",
  powershell: "PowerShell",
};
