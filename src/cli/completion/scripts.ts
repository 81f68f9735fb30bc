/*
 * Each script passes the words up to the cursor to the hidden command `__complete` and shows what it prints; where that
 * is nothing, the shell completes files. All knowledge of options stays in the program, so a script never goes stale.
 *
 * Written here because no library does it, as of November 2026: tabtab and omelette lack PowerShell, @pnpm/tabtab edits
 * the user's profiles, and @bomb.sh/tab (0.0.x) expands what it offers, so the name of a context could run a command.
 */

// bash splits words at = and : too. Only what follows the last break is replaced, and that is $2.
const bash = `# bash completion of acr-pull; made by: acr-pull completion bash
_acr_pull() {
  local line word="\${COMP_LINE:0:COMP_POINT}"
  local -a words=()
  read -ra words <<< "$word"
  [[ $word == *[[:space:]] ]] && words+=("")
  word="\${words[\${#words[@]}-1]}"
  COMPREPLY=()
  while IFS=$'\\t' read -r line _; do
    COMPREPLY+=("\${line:\${#word}-\${#2}}")
  done < <(command acr-pull __complete bash -- "\${words[@]:1}" 2>/dev/null)
}
complete -o default -F _acr_pull acr-pull kubectl-acr_pull
`;

const zsh = `#compdef acr-pull kubectl-acr_pull
# zsh completion of acr-pull; made by: acr-pull completion zsh
_acr_pull() {
  local line
  local -a described
  for line in "\${(@f)$(command acr-pull __complete zsh -- "\${(@Q)words[2,CURRENT-1]}" "\${(Q)PREFIX}" 2>/dev/null)}"; do
    [[ -n $line ]] && described+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
  done
  if (( $#described )); then
    _describe -V acr-pull described
  else
    compset -P '--*='
    _files
  fi
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
    set -g __acr_pull_candidates (command acr-pull __complete fish -- $words[2..-1] (commandline -ct) 2>/dev/null)
    test (count $__acr_pull_candidates) -gt 0
end
for program in acr-pull kubectl-acr_pull
    complete -c $program -e
    complete -c $program -k -f -n __acr_pull_complete -a '$__acr_pull_candidates'
end
`;

// Windows PowerShell drops an empty argument, so the last word comes behind a mark. Unless it is quoted, PowerShell keeps
// -- for itself where it runs the program by npm's script.
const powershell = `# PowerShell completion of acr-pull; made by: acr-pull completion powershell
Register-ArgumentCompleter -Native -CommandName 'acr-pull', 'kubectl-acr_pull' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $before = @($commandAst.CommandElements | Select-Object -Skip 1 |
        Where-Object { $_.Extent.EndOffset -lt $cursorPosition } | ForEach-Object { $_.Extent.Text })
    acr-pull __complete powershell '--' @before "=$wordToComplete" 2>$null | ForEach-Object {
        $word, $summary = $_ -split "\`t", 2
        if (-not $summary) { $summary = $word }
        [System.Management.Automation.CompletionResult]::new($word, $word, 'ParameterValue', $summary)
    }
}
`;

/** For each shell, the script that switches completion on. */
export const scripts: ReadonlyMap<string, string> = new Map(Object.entries({ bash, zsh, fish, powershell }));
