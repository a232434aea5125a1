/**
 * Completion for shells. The scripts are thin: they hand the words to `coffer __complete`, which answers a candidate a
 * line, with a tab and a description after it.
 */
export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

const bash = `# coffer completion for bash; put this line into ~/.bashrc:  eval "$(coffer completion bash)"
_coffer_complete() {
  local IFS=$'\\n' line value i count=0 before= words=()
  # bash also breaks words at = and :, as they stand in options and addresses: they are put together again
  for ((i = 1; i <= COMP_CWORD; i++)); do
    value="\${COMP_WORDS[i]}"
    if ((count > 0)) && [[ "$value" == [=:]* || "\${COMP_WORDS[i-1]}" == *[=:] ]]; then
      [[ "$value" == [=:]* ]] && before="\${words[count-1]}$value" || before="\${words[count-1]}"
      words[count-1]+="$value"
    else
      words[count]="$value" before=
      ((count += 1))
    fi
  done
  COMPREPLY=()
  while read -r line; do
    value="\${line%%$'\\t'*}"
    COMPREPLY+=("$(printf '%q' "\${value#"$before"}")")
  done < <("\${COMP_WORDS[0]}" __complete -- "\${words[@]}" 2>/dev/null)
  if [ "\${#COMPREPLY[@]}" -eq 1 ] && [ "\${COMPREPLY[0]}" = ":files" ]; then
    value="\${words[count-1]}"
    compopt -o filenames 2>/dev/null
    COMPREPLY=($(compgen -f -- "\${value#"$before"}"))
  fi
}
complete -F _coffer_complete coffer
`;

const zsh = `#compdef coffer
# coffer completion for zsh; put this line into ~/.zshrc, after compinit:  eval "$(coffer completion zsh)"
_coffer() {
  local -a candidates lines
  local line value description
  lines=("\${(@f)$("\${words[1]}" __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ "\${lines[1]}" == ":files" ]]; then compset -P '--*='; _files; return; fi
  for line in "\${lines[@]}"; do
    value="\${\${line%%$'\\t'*}//:/\\\\:}" description="\${line#*$'\\t'}"
    [[ -n "$line" ]] && candidates+=("$value\${description:+:$description}")
  done
  _describe coffer candidates
}
compdef _coffer coffer
`;

const fish = `# coffer completion for fish; put this line into ~/.config/fish/config.fish:  coffer completion fish | source
function __coffer_complete
    set -l words (commandline -opc)
    set -l candidates ($words[1] __complete -- $words[2..-1] (commandline -ct) 2>/dev/null)
    if test "$candidates" = ":files"
        __fish_complete_path (commandline -ct)
    else
        printf '%s\\n' $candidates
    end
end
complete -c coffer -f -a '(__coffer_complete)'
`;

export const completionScripts: Readonly<Record<Shell, string>> = { bash, zsh, fish };
