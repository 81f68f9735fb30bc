import type { ShellName } from "./shell.ts";

/*
 * One small script for each shell: it passes the command line to the hidden command `__complete` and shows the result.
 * All knowledge of commands and options stays in the program, so a script never goes stale. Errors are not shown at a
 * prompt.
 *
 * Written here because no library does it, as of November 2026. tabtab and omelette do not support PowerShell, and
 * @pnpm/tabtab asks questions to edit the user's profiles. @bomb.sh/tab, the most active one, is at 0.0.x. It takes
 * choices from commander, which has none here, because the definitions of options have them. Its script for bash needs
 * bash-completion, and expands both the typed line and the words that it offers, so the name of a context could run a
 * command.
 */

const bash = `# bash completion of acr-pull; made by: acr-pull completion bash
_acr_pull() {
  local line at
  local -a lines=()
  while IFS= read -r line; do
    lines+=("$line")
  done < <(command acr-pull __complete bash -- "\${COMP_LINE:0:COMP_POINT}" "$2" 2>/dev/null)
  ((\${#lines[@]})) || lines=(nothing)
  COMPREPLY=("\${lines[@]:1}")
  case "\${lines[0]}" in
    files) ;;
    command)
      for ((at = 1; at < COMP_CWORD; at++)); do
        [[ \${COMP_WORDS[at]} == -- ]] && break
      done
      if declare -F _comp_command_offset >/dev/null; then
        _comp_command_offset $((at + 1))
      elif declare -F _command_offset >/dev/null; then
        _command_offset $((at + 1))
      elif ((COMP_CWORD == at + 1)); then
        while IFS= read -r line; do
          COMPREPLY+=("$line")
        done < <(compgen -c -- "$2")
      fi
      ;;
    # bash before 4 has no compopt, and offers files where there is nothing to offer.
    *) compopt +o default 2>/dev/null ;;
  esac
}
complete -o default -F _acr_pull acr-pull kubectl-acr_pull
`;

const zsh = `#compdef acr-pull kubectl-acr_pull
# zsh completion of acr-pull; made by: acr-pull completion zsh
_acr_pull() {
  local line word
  local -a lines described
  lines=("\${(@f)$(command acr-pull __complete zsh -- "\${(@Q)words[2,CURRENT-1]}" "\${(Q)PREFIX}" 2>/dev/null)}")
  case $lines[1] in
    files)
      compset -P '--*='
      _files
      ;;
    command)
      local at=\${words[(i)--]}
      words=("\${(@)words[at+1,-1]}")
      ((CURRENT -= at))
      _normal
      ;;
    *)
      for line in "\${(@)lines[2,-1]}"; do
        [[ -n $line ]] || continue
        word=\${\${line%%$'\\t'*}//\\\\/\\\\\\\\}
        word=\${word//:/\\\\:}
        if [[ $line == *$'\\t'* ]]; then
          described+=("$word:\${line#*$'\\t'}")
        else
          described+=("$word")
        fi
      done
      _describe -V acr-pull described
      ;;
  esac
}
# A file of fpath is the function's body when it is read; otherwise this text was given to eval or source.
if [[ $funcstack[1] == _acr_pull || $funcstack[1] == _acr-pull ]]; then
  _acr_pull "$@"
else
  compdef _acr_pull acr-pull kubectl-acr_pull
fi
`;

const fish = `# fish completion of acr-pull; made by: acr-pull completion fish
function __acr_pull_complete
    set -l words (commandline -opc)
    set -g __acr_pull_candidates
    set -l lines (command acr-pull __complete fish -- $words[2..-1] (commandline -ct) 2>/dev/null)
    switch "$lines[1]"
        case files
            # Without an answer of ours fish completes files, as it does for any command.
            return 1
        case command
            set -l at (contains -i -- -- $words)
            set -l rest (string escape -- $words[(math $at + 1)..-1]) (commandline -ct)
            set -g __acr_pull_candidates (complete -C (string join ' ' -- $rest))
        case '*'
            set -g __acr_pull_candidates $lines[2..-1]
    end
    return 0
end
complete -c acr-pull -e
complete -c acr-pull -k -f -n __acr_pull_complete -a '$__acr_pull_candidates'
complete -c kubectl-acr_pull -e
complete -c kubectl-acr_pull -k -f -n __acr_pull_complete -a '$__acr_pull_candidates'
`;

const powershell = `# PowerShell completion of acr-pull; made by: acr-pull completion powershell
Register-ArgumentCompleter -Native -CommandName 'acr-pull', 'kubectl-acr_pull' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $before = @($commandAst.CommandElements |
        Select-Object -Skip 1 |
        Where-Object { $_.Extent.EndOffset -lt $cursorPosition } |
        ForEach-Object {
            if ($_ -is [System.Management.Automation.Language.StringConstantExpressionAst]) { $_.Value }
            else { $_.Extent.Text }
        })
    # Unless it is quoted, PowerShell keeps -- for itself where it runs the program by npm's script.
    $lines = @(acr-pull __complete powershell '--' @before "=$wordToComplete" 2>$null)
    # Without an answer of ours PowerShell completes files, as it does for any command.
    if ($lines.Count -eq 0 -or $lines[0] -ne 'nothing') { return }
    if ($lines.Count -eq 1) { return '' }
    $lines | Select-Object -Skip 1 | ForEach-Object {
        $inserted, $shown, $summary = $_ -split "\`t", 3
        [System.Management.Automation.CompletionResult]::new($inserted, $shown, 'ParameterValue', $summary)
    }
}
`;

/** For each shell, the script that switches completion on. */
export const scripts: Readonly<Record<ShellName, string>> = { bash, zsh, fish, powershell };
